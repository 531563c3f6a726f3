/** Growing lists of byte ranges. */
export class ByteRanges {
  count = 0
  start = new Uint32Array(256)
  stop = new Uint32Array(256)

  push(start: number, stop: number): void {
    if (this.count === this.start.length) {
      const starts = new Uint32Array(this.count * 2)
      const stops = new Uint32Array(this.count * 2)
      starts.set(this.start)
      stops.set(this.stop)
      this.start = starts
      this.stop = stops
    }
    this.start[this.count] = start
    this.stop[this.count++] = stop
  }
}
