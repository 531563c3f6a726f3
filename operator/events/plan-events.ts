import type { Problem } from '../targets/decision.ts'
import type { ObjectReference } from './object-reference.ts'

export interface PlannedEvent {
  readonly regarding: ObjectReference
  readonly problem: Problem
  /** What people read; `problem.note`, with where else it was seen. */
  readonly note: string
}

export interface EventSubject {
  readonly object: ObjectReference
  /** What made it, together with others alike. */
  readonly owner: ObjectReference | undefined
}

/**
 * Decides which problems become Events. Problems come in crowds, since a bad annotation is in a template: of one owner
 * the first three pods get their own, then the owner gets one, and the rest none. A problem that stays is told again
 * once an hour, which is as long as the API server keeps Events. Knows no clock and writes nothing.
 */
export class EventPlanner {
  /** Keys of the crowds that an object is in, by its uid. */
  readonly #current = new Map<string, readonly string[]>()
  readonly #crowds = new Map<string, Crowd>()

  /** `problems` are all that the object has now; those that are not among them any more are over. */
  observe(
    subject: EventSubject,
    problems: readonly Problem[],
    options: { readonly nowMs: number },
  ): PlannedEvent[] {
    const { uid } = subject.object
    const before = this.#current.get(uid)
    if (problems.length === 0 && before === undefined) return []
    const keys = new Map(problems.map((problem) => [crowdKey(subject, problem), problem]))
    for (const key of before ?? []) if (!keys.has(key)) this.#crowds.get(key)?.members.delete(uid)
    if (keys.size === 0) this.#current.delete(uid)
    else this.#current.set(uid, [...keys.keys()])
    return [...keys].flatMap(([key, problem]) => {
      let crowd = this.#crowds.get(key)
      if (crowd === undefined) {
        crowd = { problem, owner: subject.owner, members: new Map(), told: new Map(), ownerToldMs: -Infinity }
        this.#crowds.set(key, crowd)
      }
      crowd.problem = problem
      crowd.members.set(uid, subject)
      return eventsOf(crowd, subject, options.nowMs)
    })
  }

  /** It is deleted. */
  forget(uid: string): void {
    for (const key of this.#current.get(uid) ?? []) this.#crowds.get(key)?.members.delete(uid)
    this.#current.delete(uid)
  }

  /** What is to be told again; to be asked about once a minute. Forgets what was told long ago and is over. */
  repeats({ nowMs }: { readonly nowMs: number }): PlannedEvent[] {
    const events: PlannedEvent[] = []
    for (const [key, crowd] of this.#crowds) {
      for (const [uid, toldMs] of crowd.told) if (nowMs - toldMs >= repeatMs) crowd.told.delete(uid)
      for (const subject of crowd.members.values()) {
        if (crowd.told.has(subject.object.uid)) continue
        const planned = eventsOf(crowd, subject, nowMs)
        if (planned.length === 0) break
        events.push(...planned)
      }
      const isOver = crowd.members.size === 0 && crowd.told.size === 0
      if (isOver && nowMs - crowd.ownerToldMs >= repeatMs) this.#crowds.delete(key)
    }
    return events
  }

  /** Objects that have the problem now, by its reason. */
  countByReason(): Map<string, number> {
    const counts = new Map<string, number>()
    for (const { problem, members } of this.#crowds.values()) {
      if (members.size > 0) counts.set(problem.reason, (counts.get(problem.reason) ?? 0) + members.size)
    }
    return counts
  }
}

/** Objects of one owner with one problem. */
interface Crowd {
  problem: Problem
  readonly owner: ObjectReference | undefined
  readonly members: Map<string, EventSubject>
  /** When, by uid, in the last hour: also of those that are gone, so that coming back is no news. */
  readonly told: Map<string, number>
  ownerToldMs: number
}

const podsPerOwner = 3
const repeatMs = 60 * 60_000

/** At most one: about the object, or about its owner; none where that was said. */
function eventsOf(crowd: Crowd, subject: EventSubject, nowMs: number): PlannedEvent[] {
  const { problem, owner, told, members } = crowd
  const { object } = subject
  if (told.has(object.uid)) return []
  if (told.size < podsPerOwner) {
    told.set(object.uid, nowMs)
    return [{ regarding: object, problem, note: problem.note }]
  }
  // Pods that nothing owns have no place to say it for all of them; the page /targets has them.
  if (owner === undefined || nowMs - crowd.ownerToldMs < repeatMs) return []
  crowd.ownerToldMs = nowMs
  const note = `${members.size} of its pods so far, such as ${object.name}: ${problem.note}`
  return [{ regarding: owner, problem, note }]
}

/** Objects without an owner form a crowd per namespace, but for those that are no pods. */
function crowdKey({ object, owner }: EventSubject, { reason, key, value }: Problem): string {
  const crowd = owner?.uid ?? (object.kind === 'Pod' ? `${object.namespace}/` : object.uid)
  return JSON.stringify([crowd, reason, key, value])
}
