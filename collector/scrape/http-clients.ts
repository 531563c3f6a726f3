import type { Dispatcher } from 'undici'
import type { HttpClientConfig } from '../config/scrape-config.ts'
import { HttpClient } from '../http-client.ts'

/** How long a connection may take to be made at most, so that a black hole is told from a slow answer. */
const maxConnectMs = 5000

/** One HttpClient per set of settings, so that targets of a job share connections and certificates. */
export class HttpClients {
  readonly #clients = new Map<string, HttpClient>()

  /** Rejects with an Error that names the file that cannot be read. */
  prepare(
    config: HttpClientConfig,
    { timeoutMs }: { readonly timeoutMs: number },
  ): Promise<{ readonly dispatcher: Dispatcher; readonly headers: Readonly<Record<string, string>> }> {
    // Well before the scrape's own end, or a short scrape_timeout would call every black hole slow.
    const connectMs = Math.min(maxConnectMs, Math.ceil(timeoutMs / 2))
    const key = JSON.stringify([config, connectMs])
    let client = this.#clients.get(key)
    if (client === undefined) {
      client = new HttpClient(config, { agent: { connect: { timeout: connectMs }, connections: 8 } })
      this.#clients.set(key, client)
    }
    return client.prepare()
  }

  async close(): Promise<void> {
    await Promise.all([...this.#clients.values()].map((client) => client.close()))
    this.#clients.clear()
  }
}
