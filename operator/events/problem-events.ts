import { setTimeout as sleep } from 'node:timers/promises'
import { Counter, Gauge, type Registry } from 'prom-client'
import type { Problem } from '../targets/decision.ts'
import type { PodView } from '../targets/pod-view.ts'
import { referenceToOwner, referenceToPod } from './object-reference.ts'
import { EventPlanner, type EventSubject } from './plan-events.ts'
import type { EventWriter } from './write-events.ts'

export interface ProblemEventsOptions {
  readonly writer: Pick<EventWriter, 'add'>
  readonly isLeader: () => boolean
  readonly registry: Registry
  readonly now?: () => number
  /** Between two looks at what is to be told again; a minute. */
  readonly repeatEveryMs?: number
}

/** Follows what is wrong with which object, on every replica; the one that leads makes Events of it. */
export class ProblemEvents {
  readonly #options: ProblemEventsOptions
  readonly #now: () => number
  readonly #objects = new Map<string, Known>()
  readonly #metrics: ReturnType<typeof createMetrics>
  /** Undefined while another replica leads: what was told then, it has told. */
  #planner: EventPlanner | undefined

  constructor(options: ProblemEventsOptions) {
    this.#options = options
    this.#now = options.now ?? Date.now
    this.#metrics = createMetrics(options.registry)
  }

  /** All that its decision names; none ends what there was. */
  observePod(view: PodView, problems: readonly Problem[]): void {
    if (problems.length === 0 && !this.#objects.has(view.uid)) return
    const subject = { object: referenceToPod(view), owner: referenceToOwner(view) }
    const { decided = [], refused = [] } = this.#objects.get(view.uid) ?? {}
    const before = new Set(decided.map(textOf))
    for (const problem of problems) {
      if (!before.has(textOf(problem))) this.#metrics.invalid.inc({ reason: problem.reason })
    }
    this.#set({ subject, decided: problems, refused })
  }

  /** Pods whose mesh refuses scrapes now, all of them: see `meshProblems`. */
  observeMesh(refused: ReadonlyMap<PodView, Problem>): void {
    const uids = new Set<string>()
    for (const [view, problem] of refused) {
      uids.add(view.uid)
      const subject = { object: referenceToPod(view), owner: referenceToOwner(view) }
      this.#set({ subject, decided: this.#objects.get(view.uid)?.decided ?? [], refused: [problem] })
    }
    for (const [uid, known] of this.#objects) {
      if (known.refused.length > 0 && !uids.has(uid)) this.#set({ ...known, refused: [] })
    }
  }

  observeProfileTarget(
    { namespace, name, uid }: { readonly namespace: string; readonly name: string; readonly uid: string },
    problems: readonly Problem[],
  ): void {
    if (problems.length === 0 && !this.#objects.has(uid)) return
    const object = { apiVersion: 'conprof.io/v1alpha1', kind: 'ProfileTarget', namespace, name, uid }
    this.#set({ subject: { object, owner: undefined }, decided: problems, refused: [] })
  }

  /** A pod or a ProfileTarget that is deleted. */
  forget(uid: string): void {
    this.#objects.delete(uid)
    this.#planner?.forget(uid)
  }

  async run({ signal }: { readonly signal: AbortSignal }): Promise<void> {
    const { writer, isLeader, repeatEveryMs = 60_000 } = this.#options
    let repeatedMs = this.#now()
    while (!signal.aborted) {
      this.#follow(isLeader())
      if (this.#planner !== undefined && this.#now() - repeatedMs >= repeatEveryMs) {
        repeatedMs = this.#now()
        writer.add(this.#planner.repeats({ nowMs: repeatedMs }))
      }
      this.#metrics.objects.set(this.#objects.size)
      await sleep(Math.min(repeatEveryMs, 1000), undefined, { signal }).catch(() => {})
    }
  }

  #set(known: Known): void {
    const { uid } = known.subject.object
    if (known.decided.length + known.refused.length === 0) this.#objects.delete(uid)
    else this.#objects.set(uid, known)
    this.#follow(this.#options.isLeader())
    this.#plan(known)
  }

  #follow(isLeader: boolean): void {
    if (!isLeader) this.#planner = undefined
    else if (this.#planner === undefined) {
      this.#planner = new EventPlanner()
      for (const known of this.#objects.values()) this.#plan(known)
    }
  }

  #plan({ subject, decided, refused }: Known): void {
    const events = this.#planner?.observe(subject, [...decided, ...refused], { nowMs: this.#now() })
    if (events !== undefined && events.length > 0) this.#options.writer.add(events)
  }
}

interface Known {
  readonly subject: EventSubject
  /** By what was written on it. */
  readonly decided: readonly Problem[]
  /** By its mesh. */
  readonly refused: readonly Problem[]
}

function textOf({ reason, key, value }: Problem): string {
  return JSON.stringify([reason, key, value])
}

function createMetrics(registry: Registry) {
  return {
    invalid: new Counter({
      name: 'conprof_operator_invalid_annotations_total',
      help: 'Annotations of pods that could not be followed, each once, by the reason of their Event.',
      labelNames: ['reason'],
      registers: [registry],
    }),
    objects: new Gauge({
      name: 'conprof_operator_objects_with_problems',
      help: 'Pods and ProfileTargets that somebody has to look at now.',
      registers: [registry],
    }),
  }
}
