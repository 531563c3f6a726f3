/** One line on a terminal that is written over as work goes on; nothing where stderr is none. */
export class ProgressLine {
  readonly #stream: NodeJS.WriteStream
  #shownMs = 0
  #isShown = false

  constructor(stream: NodeJS.WriteStream = process.stderr) {
    this.#stream = stream
  }

  /** At most ten times a second; `text` is asked for only where it is shown. */
  show(text: () => string): void {
    if (!this.#stream.isTTY || performance.now() - this.#shownMs < 100) return
    this.#shownMs = performance.now()
    this.#isShown = true
    this.#stream.write(`\r\u001b[K${text().slice(0, Math.max(20, (this.#stream.columns ?? 80) - 1))}`)
  }

  /** Takes it away, so that what is written next begins a line. */
  clear(): void {
    if (this.#isShown) this.#stream.write('\r\u001b[K')
    this.#isShown = false
  }
}
