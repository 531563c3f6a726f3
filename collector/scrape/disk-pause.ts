/**
 * A full disk stops all scraping: what would be fetched could not be kept. After a while a scrape is let through
 * to see whether there is room again.
 */
export class DiskPause {
  readonly #lengthMs: number
  #untilMs = 0
  #reason = ''

  constructor(options: { readonly lengthMs?: number } = {}) {
    this.#lengthMs = options.lengthMs ?? 10_000
  }

  get reason(): string {
    return this.#reason
  }

  begin(nowMs: number, reason: string): void {
    this.#untilMs = nowMs + this.#lengthMs
    this.#reason = reason
  }

  isOn(nowMs: number): boolean {
    return nowMs < this.#untilMs
  }
}
