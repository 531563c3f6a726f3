import { readFileSync } from 'node:fs'

/** Of a process, in MiB: `VmRSS` as the kernel says it now, and the most that a caller saw. */
export class ResidentMemory {
  readonly #pid: number
  readonly #timer: NodeJS.Timeout
  peakMb = 0

  constructor(pid: number) {
    this.#pid = pid
    this.#timer = setInterval(() => this.nowMb(), 100)
  }

  nowMb(): number {
    const status = readFileSync(`/proc/${this.#pid}/status`, 'utf8')
    const mb = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024
    this.peakMb = Math.max(this.peakMb, mb)
    return mb
  }

  stop(): void {
    clearInterval(this.#timer)
  }
}
