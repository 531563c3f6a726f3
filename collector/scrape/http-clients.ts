import type { Dispatcher } from 'undici'
import type { HttpClientConfig } from '../config/scrape-config.ts'
import { HttpClient } from '../http-client.ts'

/** How long a connection may take to be made at most, so that a black hole is told from a slow answer. */
const maxConnectMs = 5000

/** Longer than any interval: what was not asked for meanwhile is settings of before. */
const maxUnusedMs = 25 * 3_600_000

/** One HttpClient per set of settings, so that targets of a job share connections and certificates. */
export class HttpClients {
  readonly #clients = new Map<string, { readonly client: HttpClient; usedAtMs: number }>()
  /** Certificates may be in them, so each is made a text only once. */
  readonly #keys = new WeakMap<HttpClientConfig, string>()

  /** Rejects with an Error that names the file that cannot be read. */
  prepare(
    config: HttpClientConfig,
    { timeoutMs }: { readonly timeoutMs: number },
  ): Promise<{ readonly dispatcher: Dispatcher; readonly headers: Readonly<Record<string, string>> }> {
    // Well before the scrape's own end, or a short scrape_timeout would call every black hole slow.
    const connectMs = Math.min(maxConnectMs, Math.ceil(timeoutMs / 2))
    const key = `${connectMs} ${this.#keyOf(config)}`
    const nowMs = performance.now()
    let known = this.#clients.get(key)
    if (known === undefined) {
      this.#closeUnused(nowMs)
      const client = new HttpClient(config, { agent: { connect: { timeout: connectMs }, connections: 8 } })
      known = { client, usedAtMs: nowMs }
      this.#clients.set(key, known)
    }
    known.usedAtMs = nowMs
    return known.client.prepare()
  }

  async close(): Promise<void> {
    await Promise.all([...this.#clients.values()].map(({ client }) => client.close()))
    this.#clients.clear()
  }

  #keyOf(config: HttpClientConfig): string {
    let key = this.#keys.get(config)
    if (key === undefined) {
      key = JSON.stringify(config)
      this.#keys.set(config, key)
    }
    return key
  }

  #closeUnused(nowMs: number): void {
    for (const [key, { client, usedAtMs }] of this.#clients) {
      if (nowMs - usedAtMs < maxUnusedMs) continue
      this.#clients.delete(key)
      void client.close()
    }
  }
}
