import { setTimeout as sleep } from 'node:timers/promises'
import { request } from 'undici'
import type { Logger } from '../../lib/log.ts'
import type { HttpSdConfig } from '../config/scrape-config.ts'
import { HttpClient } from '../http-client.ts'
import type { DiscoveryMetrics } from './discovery-metrics.ts'
import { KnownGroups, type OnGroups } from './known-groups.ts'
import { parseTargetGroups } from './parse-target-groups.ts'

/** Targets from a server that answers JSON. While it does not, its last answer stays. */
export class HttpDiscovery {
  readonly #config: HttpSdConfig
  readonly #logger: Logger
  readonly #metrics: DiscoveryMetrics
  readonly #known: KnownGroups

  constructor(
    config: HttpSdConfig,
    options: { readonly logger: Logger; readonly metrics: DiscoveryMetrics; readonly onGroups: OnGroups },
  ) {
    this.#config = config
    this.#logger = options.logger
    this.#metrics = options.metrics
    this.#known = new KnownGroups(options.onGroups)
  }

  async run({ signal }: { readonly signal: AbortSignal }): Promise<void> {
    const client = new HttpClient(this.#config.http)
    const { url, refreshIntervalMs } = this.#config
    while (!signal.aborted) {
      this.#metrics.refreshes.inc({ mechanism })
      try {
        const text = await this.#fetch(client, signal)
        const metaLabels = { __meta_url: url }
        this.#known.set(url, parseTargetGroups(text, { name: url, metaLabels }))
        this.#known.deliver()
      } catch (error) {
        if (signal.aborted) break
        this.#metrics.failures.inc({ mechanism })
        this.#logger.warn({ url, err: error }, 'targets of a url stay as they were: it does not answer well')
      }
      await sleep(refreshIntervalMs, undefined, { signal }).catch(() => {})
    }
    await client.close()
  }

  async #fetch(client: HttpClient, signal: AbortSignal): Promise<string> {
    const { url, refreshIntervalMs } = this.#config
    const { dispatcher, headers } = await client.prepare()
    const { statusCode, body } = await request(url, {
      dispatcher,
      headers: {
        ...headers,
        accept: 'application/json',
        'user-agent': 'conprof',
        'x-prometheus-refresh-interval-seconds': String(refreshIntervalMs / 1000),
      },
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    })
    if (statusCode !== 200) {
      await body.dump()
      throw new Error(`read targets of ${JSON.stringify(url)}: status is ${statusCode}, want 200`)
    }
    const chunks: Uint8Array[] = []
    let sizeBytes = 0
    for await (const chunk of body as AsyncIterable<Uint8Array>) {
      sizeBytes += chunk.length
      if (sizeBytes > maxSizeBytes) {
        throw new Error(`read targets of ${JSON.stringify(url)}: more than ${maxSizeBytes / 2 ** 20} MiB`)
      }
      chunks.push(chunk)
    }
    return Buffer.concat(chunks).toString('utf8')
  }
}

const mechanism = 'http'
const timeoutMs = 30_000
const maxSizeBytes = 64 * 2 ** 20
