import { setTimeout as sleep } from 'node:timers/promises'
import { type KubeClient, KubeError } from '../../lib/kube/kube-client.ts'
import type { Change } from '../../lib/kube/list-watch.ts'
import type { Logger } from '../../lib/log.ts'
import type { NamespaceView } from '../targets/pod-view.ts'
import { projectNamespace, type RawNamespace } from '../targets/project-namespace.ts'

export interface NamespacePollOptions {
  readonly client: KubeClient
  readonly names: readonly string[]
  /** Must not throw. */
  readonly onChange: (change: Change<NamespaceView>) => void
  readonly logger: Logger
  /** Between two looks at one of them; 2 s, and more where they are very many. */
  readonly pollMs?: number
}

/**
 * Follows a few namespaces by asking for each: a Role may give its own namespace, but neither a list nor a watch of any.
 * So vetoes count in an operator without cluster-wide rights too. Where not even that is given, nothing is known of it.
 */
export class NamespacePoll {
  readonly kind = 'namespaces'
  readonly #options: NamespacePollOptions
  readonly #known = new Map<string, NamespaceView>()
  readonly #answered = new Set<string>()
  readonly #forbidden = new Set<string>()
  #problem: string | undefined

  constructor(options: NamespacePollOptions) {
    this.#options = options
  }

  /** Whether there was an answer about each: what is decided before could miss a veto. */
  get isSynced(): boolean {
    return this.#options.names.every((name) => this.#answered.has(name))
  }

  /** Why one of them was not answered last. */
  get problem(): string | undefined {
    return this.#problem
  }

  /** Each look is a request of its own: none keeps another from coming. */
  isStuck(): boolean {
    return false
  }

  async run({ signal }: { readonly signal: AbortSignal }): Promise<void> {
    await Promise.all(this.#options.names.map((name) => this.#follow(name, signal)))
  }

  async #follow(name: string, signal: AbortSignal): Promise<void> {
    const { names, pollMs = Math.max(2000, names.length * 50) } = this.#options
    while (!signal.aborted) {
      await this.#look(name, signal)
      const waitMs = this.#forbidden.has(name) ? Math.max(pollMs, forbiddenPollMs) : pollMs
      await sleep(waitMs * (0.8 + 0.4 * Math.random()), undefined, { signal }).catch(() => {})
    }
  }

  async #look(name: string, signal: AbortSignal): Promise<void> {
    const { client, logger } = this.#options
    const path = `/api/v1/namespaces/${name}`
    try {
      const object = await client.request<RawNamespace>({ path, signal, timeoutMs: 10_000 })
      this.#problem = undefined
      this.#forbidden.delete(name)
      this.#set(name, projectNamespace(object))
      this.#answered.add(name)
    } catch (error) {
      if (signal.aborted) return
      this.#problem = message(error)
      const code = error instanceof KubeError ? error.code : undefined
      if (code === 'NOT_FOUND') this.#set(name, undefined)
      // Anything else says nothing of the namespace: what was known of it holds.
      if (code === 'NOT_FOUND' || code === 'FORBIDDEN') this.#answered.add(name)
      if (code !== 'FORBIDDEN') return
      if (!this.#forbidden.has(name)) {
        const hint = 'a Role in it that gives get of namespaces lets conprof see them'
        logger.warn(`annotations and vetoes of namespace "${name}" are not seen: ${message(error)}; ${hint}`)
      }
      this.#forbidden.add(name)
    }
  }

  #set(name: string, after: NamespaceView | undefined): void {
    const before = this.#known.get(name)
    if (JSON.stringify(before) === JSON.stringify(after)) return
    if (after === undefined) this.#known.delete(name)
    else this.#known.set(name, after)
    this.#options.onChange({ key: name, before, after })
  }
}

/** A right that was missing is given by a person. */
const forbiddenPollMs = 60_000

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
