import type { Change } from '../../lib/kube/list-watch.ts'
import { type CollectorAddress, collectorUrl } from '../collector-client.ts'
import type { MemberObservation } from '../shards/members.ts'
import type { PodView } from '../targets/pod-view.ts'

export interface CollectorPodsOptions {
  readonly statefulSet: string
  /** Where they listen. */
  readonly collectorsPort: number
  readonly collectorsScheme: 'http' | 'https'
  /** `` or `/conprof`. */
  readonly collectorsPrefix: string
}

/** The collectors as their StatefulSet and its pods show them. */
export class CollectorPods {
  /** How many there are to be; 0 without a StatefulSet. */
  replicas = 0
  readonly #options: CollectorPodsOptions
  readonly #pods = new Map<number, PodView>()

  constructor(options: CollectorPodsOptions) {
    this.#options = options
  }

  get pods(): ReadonlyMap<number, PodView> {
    return this.#pods
  }

  change({ before, after }: Change<PodView>): void {
    const ordinal = ordinalOf(this.#options.statefulSet, (after ?? before)?.name ?? '')
    if (ordinal === undefined) return
    if (after === undefined) this.#pods.delete(ordinal)
    else this.#pods.set(ordinal, after)
  }

  /** Those whose pods have an address, whether Ready or not. */
  addresses(): CollectorAddress[] {
    const { collectorsPort, collectorsScheme, collectorsPrefix } = this.#options
    return [...this.#pods]
      .filter(([, { ip }]) => ip !== '')
      .map(([ordinal, { ip }]) => ({
        ordinal,
        url: `${collectorUrl(ip, collectorsPort, collectorsScheme)}${collectorsPrefix}`,
      }))
  }

  /** Of all that are there, and of `others`, whose pods may be gone. */
  observe(others: Iterable<number>, lastAnswerMs: (ordinal: number) => number): MemberObservation[] {
    return [...new Set([...this.#pods.keys(), ...others])].map((ordinal) => {
      const pod = this.#pods.get(ordinal)
      const isReady = pod?.isReady === true && !pod.isTerminating
      return { ordinal, isReady, lastAnswerMs: lastAnswerMs(ordinal) }
    })
  }
}

/** The number at the end of a pod's name; undefined where there is none. */
export function ordinalOf(statefulSet: string, podName: string): number | undefined {
  const digits = podName.startsWith(`${statefulSet}-`) ? podName.slice(statefulSet.length + 1) : ''
  return /^(0|[1-9]\d{0,3})$/.test(digits) ? Number(digits) : undefined
}
