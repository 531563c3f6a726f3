import { Counter, Gauge, type Registry } from 'prom-client'
import { type KubeClient, KubeError } from '../../lib/kube/kube-client.ts'
import type { Logger } from '../../lib/log.ts'
import type { CredentialSource } from '../targets/decision.ts'
import {
  type CredentialsProblem,
  forbidden,
  isSameAnswer,
  notFound,
  problemOfKey,
  readSecret,
  type SecretAnswer,
  type SecretName,
} from './secret-answer.ts'

export interface TargetSecretsOptions {
  readonly client: KubeClient
  /** The operator's own, which a message tells an administrator to bind. */
  readonly serviceAccount: SecretName
  /** Something about this Secret is other than before: its values, or whether it may be used. Must not throw. */
  readonly onChange: (secret: SecretName) => void
  readonly logger: Logger
  readonly registry: Registry
  /** For tests. */
  readonly timing?: Partial<TargetSecretsTiming>
}

export interface TargetSecretsTiming {
  /** Between two reads of one Secret, give or take a fifth. */
  readonly pollMs: number
  /** A Secret that was there is taken for gone, or forbidden, once it is so again after this long. */
  readonly confirmMs: number
}

/**
 * Follows the Secrets that accepted ProfileTargets name. Each is read by its name alone: a right to list or to watch
 * would be one to read all the others. While the API server is away, everything stays as it was last.
 */
export class TargetSecrets {
  readonly #options: TargetSecretsOptions
  readonly #timing: TargetSecretsTiming
  readonly #followed = new Map<string, Followed>()
  readonly #metrics: ReturnType<typeof createMetrics>
  #wake: () => void = () => {}
  /** Said once, not for each of them every few seconds. */
  #hasFailed = false

  constructor(options: TargetSecretsOptions) {
    this.#options = options
    this.#timing = { pollMs: 15_000, confirmMs: 3000, ...options.timing }
    this.#metrics = createMetrics(options.registry)
  }

  /** From now on these: what is new is read at once, what nobody names any more is forgotten. */
  follow(sources: Iterable<CredentialSource>): void {
    const wanted = new Map<string, { readonly secret: SecretName; readonly keys: Set<string> }>()
    for (const { namespace, ref } of sources) {
      const id = `${namespace}/${ref.name}`
      const { keys } = wanted.get(id) ?? { keys: new Set<string>() }
      keys.add(ref.key)
      wanted.set(id, { secret: { namespace, name: ref.name }, keys })
    }
    for (const id of this.#followed.keys()) if (!wanted.has(id)) this.#followed.delete(id)
    for (const [id, { secret, keys }] of wanted) {
      const followed = this.#followed.get(id)
      if (followed === undefined) {
        this.#followed.set(id, {
          secret,
          keys,
          answer: undefined,
          isReading: false,
          dueMs: 0,
          isInDoubt: false,
        })
        continue
      }
      // What is being read was read without the new key.
      if ([...keys].some((key) => !followed.keys.has(key))) followed.dueMs = 0
      followed.keys = keys
    }
    this.#wake()
  }

  /** In base64; undefined where `problemOf` says why. */
  valueOf({ namespace, ref }: CredentialSource): string | undefined {
    const answer = this.#followed.get(`${namespace}/${ref.name}`)?.answer
    return answer?.kind === 'readable' ? answer.values.get(ref.key) : undefined
  }

  /** What keeps the first of these that cannot be used from being used; undefined where all can. */
  problemOf(sources: Iterable<CredentialSource>): CredentialsProblem | undefined {
    for (const { namespace, ref } of sources) {
      const secret = { namespace, name: ref.name }
      const answer = this.#followed.get(`${namespace}/${ref.name}`)?.answer
      const found = problemOfKey(answer, secret, ref.key)
      if (found !== undefined) return found
    }
    return undefined
  }

  async run({ signal }: { readonly signal: AbortSignal }): Promise<void> {
    const reading = new Set<Promise<void>>()
    while (!signal.aborted) {
      const woken = new Promise<void>((resolve) => {
        this.#wake = resolve
      })
      const nowMs = performance.now()
      for (const followed of this.#followed.values()) {
        if (reading.size >= maxConcurrent) break
        if (followed.isReading || followed.dueMs > nowMs) continue
        const read = this.#read(followed, signal).finally(() => {
          reading.delete(read)
          this.#wake()
        })
        reading.add(read)
      }
      this.#countProblems()
      const timer = setTimeout(() => this.#wake(), this.#sleepMs(nowMs, reading.size))
      signal.addEventListener('abort', this.#wake, { once: true })
      await woken
      clearTimeout(timer)
      signal.removeEventListener('abort', this.#wake)
    }
    await Promise.all(reading)
  }

  /** Until the next is due; a full house wakes by itself. */
  #sleepMs(nowMs: number, readingCount: number): number {
    if (readingCount >= maxConcurrent) return this.#timing.pollMs
    const due = [...this.#followed.values()].filter(({ isReading }) => !isReading).map(({ dueMs }) => dueMs)
    return Math.max(0, Math.min(this.#timing.pollMs, ...due.map((dueMs) => dueMs - nowMs)))
  }

  async #read(followed: Followed, signal: AbortSignal): Promise<void> {
    const { client, serviceAccount, logger } = this.#options
    const { secret, keys } = followed
    followed.isReading = true
    followed.dueMs = performance.now() + this.#nextPollMs()
    try {
      const path = `/api/v1/namespaces/${encodeURIComponent(secret.namespace)}/secrets/${encodeURIComponent(secret.name)}`
      const object = await client.request({ path, signal, timeoutMs: 10_000 })
      followed.isInDoubt = false
      this.#set(followed, readSecret(object, secret, keys))
      this.#hasFailed = false
    } catch (error) {
      if (signal.aborted) return
      const code = error instanceof KubeError ? error.code : undefined
      if (code === 'NOT_FOUND') this.#doubt(followed, notFound(secret))
      else if (code === 'FORBIDDEN')
        this.#doubt(followed, forbidden(secret, serviceAccount, (error as Error).message))
      else {
        this.#metrics.failures.inc()
        if (followed.answer === undefined) followed.dueMs = performance.now() + this.#timing.confirmMs
        if (!this.#hasFailed) {
          logger.warn({ ...secret }, `secrets stay as they were read last: ${(error as Error).message}`)
        }
        this.#hasFailed = true
      }
    } finally {
      followed.isReading = false
    }
  }

  /**
   * Rotation by delete and create passes through "not there", and an API server that just started through
   * "forbidden": targets that run lose their credentials only for what lasts.
   */
  #doubt(followed: Followed, answer: SecretAnswer): void {
    if (followed.answer?.kind !== 'readable' || followed.isInDoubt) {
      followed.isInDoubt = false
      this.#set(followed, answer)
      return
    }
    followed.isInDoubt = true
    followed.dueMs = performance.now() + this.#timing.confirmMs
  }

  #set(followed: Followed, answer: SecretAnswer): void {
    if (isSameAnswer(followed.answer, answer)) return
    followed.answer = answer
    // Nobody may ask for it any more.
    const { namespace, name } = followed.secret
    if (this.#followed.get(`${namespace}/${name}`) === followed) this.#options.onChange(followed.secret)
  }

  /** Many Secrets are read less often, so that they cost the API server at most 20 requests a second. */
  #nextPollMs(): number {
    const pollMs = Math.max(this.#timing.pollMs, this.#followed.size * 50)
    return pollMs * (0.8 + 0.4 * Math.random())
  }

  #countProblems(): void {
    this.#metrics.secrets.reset()
    for (const { answer } of this.#followed.values()) {
      const state = answer === undefined ? 'unread' : answer.kind === 'readable' ? 'ok' : answer.problem.code
      this.#metrics.secrets.inc({ state })
    }
  }
}

interface Followed {
  readonly secret: SecretName
  keys: ReadonlySet<string>
  /** Undefined until there was one. */
  answer: SecretAnswer | undefined
  isReading: boolean
  /** By `performance.now()`. */
  dueMs: number
  /** It was there, and the last answer said that it is not, or not for us. */
  isInDoubt: boolean
}

const maxConcurrent = 8

function createMetrics(registry: Registry) {
  return {
    secrets: new Gauge({
      name: 'conprof_operator_target_secrets',
      help: 'Secrets that ProfileTargets name, by whether they can be used.',
      labelNames: ['state'],
      registers: [registry],
    }),
    failures: new Counter({
      name: 'conprof_operator_target_secret_failures_total',
      help: 'Reads of such a Secret that got no answer.',
      registers: [registry],
    }),
  }
}
