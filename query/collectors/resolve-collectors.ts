import { lookup, Resolver } from 'node:dns/promises'
import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { Counter, type Registry } from 'prom-client'
import { parseResolvConf, searchNames } from '../../lib/dns/search-names.ts'
import type { Logger } from '../../lib/log.ts'
import type { CollectorsFlag } from './collectors-flag.ts'

export interface CollectorResolverOptions {
  readonly flags: readonly CollectorsFlag[]
  readonly log: Logger
  readonly registry: Registry
  /** `address:port` of name servers; those of resolv.conf without it. */
  readonly servers?: readonly string[]
  /** Between look-ups; 10 s without it. */
  readonly refreshMs?: number
  /** How long an address that its name no longer gives is still asked; 2 minutes without it. */
  readonly keepGoneMs?: number
  /** Called with `addresses` whenever they change, for those of URLs from the constructor. */
  readonly onChange?: (addresses: readonly string[]) => void
}

/**
 * Follows where the collectors are. A name that cannot be looked up keeps its last answer; an address that is gone
 * from an answer is asked a while longer, since a collector that restarts is out of DNS for a moment and what it
 * holds would be missing without a word.
 */
export class CollectorResolver {
  readonly #options: CollectorResolverOptions
  readonly #resolver: Resolver
  readonly #states: readonly State[]
  readonly #failures: Counter<'name'>
  #addresses: readonly string[] = []
  #hurry = new AbortController()

  constructor(options: CollectorResolverOptions) {
    this.#options = options
    this.#resolver = new Resolver({ timeout: 2000, tries: 2 })
    if (options.servers !== undefined) this.#resolver.setServers(options.servers)
    this.#states = options.flags.map((flag) => ({
      flag,
      isAnswered: flag.kind === 'url',
      problem: flag.kind === 'url' ? undefined : 'it was not looked up yet',
      seenMs: new Map(flag.kind === 'url' ? [[flag.url, Number.POSITIVE_INFINITY]] : []),
    }))
    this.#failures = new Counter({
      name: 'conprof_query_collector_lookup_failures_total',
      help: 'Look-ups of --collectors that failed; the last good answer goes on.',
      labelNames: ['name'],
      registers: [options.registry],
    })
    for (const { flag } of this.#states) if (flag.kind !== 'url') this.#failures.inc({ name: flag.text }, 0)
    this.#collect()
  }

  /** URLs without a slash at the end, each once, in the order of their names. */
  get addresses(): readonly string[] {
    return this.#addresses
  }

  /** Names for which there is no collector, and why. */
  get unresolved(): readonly { readonly name: string; readonly problem: string }[] {
    return this.#states.flatMap(({ flag, problem, seenMs }) =>
      seenMs.size === 0 ? [{ name: flag.text, problem: problem ?? 'there is none' }] : [],
    )
  }

  /** For readiness: undefined once every name got an answer, if only that there is none. */
  get missing(): string | undefined {
    const waiting = this.#states.find(({ isAnswered }) => !isAnswered)
    return waiting && `look up ${waiting.flag.text}: ${waiting.problem}`
  }

  /** Looks the names up soon, rather than when it is time: an address does not answer any more. */
  hurry(): void {
    this.#hurry.abort()
  }

  async run({ signal }: { readonly signal: AbortSignal }): Promise<void> {
    const cancel = () => this.#resolver.cancel()
    signal.addEventListener('abort', cancel, { once: true })
    const { refreshMs = 10_000 } = this.#options
    while (!signal.aborted) {
      await Promise.all(this.#states.map((state) => this.#refresh(state, signal)))
      if (signal.aborted) return
      this.#collect()
      // A failure is tried again sooner, but never in a tight loop.
      const waitMs = this.missing === undefined ? refreshMs : Math.min(refreshMs, 2000)
      this.#hurry = new AbortController()
      await sleep(Math.min(1000, waitMs), undefined, { signal }).catch(() => {})
      const early = AbortSignal.any([signal, this.#hurry.signal])
      await sleep(Math.max(0, waitMs - 1000), undefined, { signal: early }).catch(() => {})
    }
  }

  async #refresh(state: State, signal: AbortSignal): Promise<void> {
    const { flag, seenMs } = state
    if (flag.kind === 'url') return
    const nowMs = performance.now()
    try {
      const found = flag.kind === 'srv' ? await this.#bySrv(flag) : await byAddress(flag)
      for (const url of found) seenMs.set(url, nowMs)
      const { keepGoneMs = 2 * 60_000 } = this.#options
      const hosts = new Set(found.map((url) => new URL(url).hostname))
      for (const [url, atMs] of seenMs) {
        // The same host under another port is the same collector, moved.
        const isMoved = atMs < nowMs && hosts.has(new URL(url).hostname)
        if (isMoved || nowMs - atMs > keepGoneMs) seenMs.delete(url)
      }
      state.isAnswered = true
      state.problem = undefined
    } catch (error) {
      if (signal.aborted) return
      this.#failures.inc({ name: flag.text })
      const { code, message } = error as NodeJS.ErrnoException
      // That a name is not there is an answer too: a service without a ready collector has none.
      if (code === 'ENOTFOUND' || code === 'ENODATA') state.isAnswered = true
      const problem = code ?? message
      if (problem !== state.problem) this.#options.log.warn(`look up ${flag.text}: ${problem}`)
      state.problem = problem
    }
  }

  async #bySrv(flag: CollectorsFlag & { readonly kind: 'srv' }): Promise<string[]> {
    let problem: unknown
    for (const name of searchNames(flag.name, await readResolvConf())) {
      try {
        const records = await this.#resolver.resolveSrv(name)
        return records.map(({ name: host, port }) => `${flag.scheme}://${host.replace(/\.$/, '')}:${port}`)
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException
        if (code !== 'ENOTFOUND' && code !== 'ENODATA') throw error
        problem = error
      }
    }
    throw problem
  }

  #collect(): void {
    const urls = new Set(this.#states.flatMap(({ seenMs }) => [...seenMs.keys()]))
    const addresses = [...urls].sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))
    if (addresses.join(' ') === this.#addresses.join(' ')) return
    this.#addresses = addresses
    this.#options.onChange?.(addresses)
  }
}

interface State {
  readonly flag: CollectorsFlag
  isAnswered: boolean
  /** Why the last look-up failed; undefined where it did not. */
  problem: string | undefined
  /** Monotonic ms at which a look-up last gave each URL. */
  readonly seenMs: Map<string, number>
}

async function byAddress({
  host,
  port,
}: {
  readonly host: string
  readonly port: number
}): Promise<string[]> {
  const found = await lookup(host, { all: true })
  return found.map(({ address, family }) => `http://${family === 6 ? `[${address}]` : address}:${port}`)
}

/** Read again each time: a few lines, and some systems rewrite it. */
async function readResolvConf() {
  return parseResolvConf(await readFile('/etc/resolv.conf', 'utf8').catch(() => ''))
}
