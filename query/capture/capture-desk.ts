import { randomBytes } from 'node:crypto'
import { Counter, type Registry } from 'prom-client'
import { labelsKey, sortLabels } from '../../profile/labels.ts'
import { ApiError } from '../api/answer.ts'
import type { CaptureAnswer, CaptureItem } from '../api/capture-types.ts'
import type { TargetsAnswer } from '../api/types.ts'
import { throwIfCancelled } from '../cancel.ts'
import type { Catalog } from '../catalog.ts'
import { missing } from '../missing.ts'
import {
  type CaptureOrder,
  type CaptureReport,
  captureLimits,
  newCaptureId,
  startOfCapture,
} from './capture-order.ts'
import type { CaptureSource } from './capture-source.ts'
import { explainNoTarget } from './explain-no-target.ts'
import { type CaptureWish, type PlannedTake, planCapture, wantsText } from './plan-capture.ts'
import { storedCaptures } from './stored-captures.ts'

export interface CaptureDeskOptions {
  /** Every target there is, with the name of its collector; who did not answer is a warning. */
  readonly targets: (options: CallOptions) => Promise<Warned<{ readonly targets: TargetsAnswer }>>
  readonly sources: () => readonly CaptureSource[]
  readonly catalog: Catalog
  readonly registry: Registry
  readonly now?: () => number
}

interface CallOptions {
  readonly signal: AbortSignal
}

type Warned<Answer> = Answer & { readonly warnings: readonly string[] }

export interface CaptureRequested extends CaptureWish {
  readonly seconds: number
  readonly count: number
}

/** What this process ordered, and what it last heard of it; another one that answers for the id knows less. */
interface Known {
  readonly startedMs: number
  readonly leftOut: number
  /** When all of it must be over, unix ms: who does not answer by then never will. */
  readonly dueMs: number
  readonly items: Map<string, readonly CaptureItem[]>
}

const maxKnown = 200

/** Lets collectors take profiles now, and says how that goes. */
export class CaptureDesk {
  readonly #options: CaptureDeskOptions
  readonly #known = new Map<string, Known>()
  readonly #captures: Counter

  constructor(options: CaptureDeskOptions) {
    this.#options = options
    this.#captures = new Counter({
      name: 'conprof_query_captures_total',
      help: 'Captures that were asked for here and begun.',
      registers: [options.registry],
    })
  }

  /** Throws an ApiError where there is nothing to take. */
  async begin(wish: CaptureRequested, { signal }: CallOptions): Promise<Warned<{ answer: CaptureAnswer }>> {
    const { now = Date.now, targets, sources } = this.#options
    const found = await targets({ signal })
    const { activeTargets } = found.targets
    const plan = planCapture(activeTargets, wish)
    if (plan.takes.length === 0) throw nothing(wish, found)
    const startedMs = now()
    const { seconds, count } = wish
    const id = newCaptureId(startedMs, randomBytes(4))
    const common = { id, startedMs, seconds, count, leftOut: plan.leftOut }
    const byCollector = Map.groupBy(plan.takes, ({ collector }) => collector)
    for (const [name, takes] of byCollector) {
      if (takes.length > captureLimits.takes) {
        throw new ApiError(
          'bad_data',
          `capture: ${takes.length} profile types of processes with collector ${name}, want at most ${captureLimits.takes}: name a profile_type, or less pods`,
        )
      }
    }
    const known: Known = {
      startedMs,
      leftOut: plan.leftOut,
      dueMs: startedMs + seconds * count * 1000 + graceMs,
      items: new Map(),
    }
    await Promise.all(
      [...byCollector].map(async ([name, takes]) => {
        const order: CaptureOrder = {
          ...common,
          takes: takes.map(({ series, kind }) => ({ series, kind })),
        }
        const source = sources().find((each) => each.name === name)
        try {
          if (source === undefined) throw new Error('it is gone')
          const report = await source.beginCapture(order, { signal })
          known.items.set(name, itemsOf(report, name, planned(takes, common)))
        } catch (error) {
          // It may have begun all the same; whether it has, a later question shows.
          const items = planned(takes, common)
          known.items.set(name, failed(items, 'away', `order from collector ${name}: ${textOf(error)}`))
        }
      }),
    )
    const all = [...known.items.values()].flat()
    this.#remember(id, known)
    this.#captures.inc()
    return { answer: answerOf(id, known, all), warnings: found.warnings }
  }

  /** Throws an ApiError where nobody knows the id and nothing is stored of it. */
  async report(id: string, { signal }: CallOptions): Promise<Warned<{ answer: CaptureAnswer }>> {
    const { now = Date.now, sources, catalog } = this.#options
    const known = this.#known.get(id)
    const warnings: string[] = []
    const reports = new Map<string, CaptureReport>()
    const silent = new Map<string, unknown>()
    const asked = sources().filter(({ name }) => known === undefined || known.items.has(name))
    await Promise.all(
      asked.map(async (source) => {
        try {
          const report = await source.captureReport(id, { signal })
          if (report !== undefined) reports.set(source.name, report)
        } catch (error) {
          throwIfCancelled(signal)
          silent.set(source.name, error)
          warnings.push(missing(`collector ${source.name} is`, error))
        }
      }),
    )
    const isAllKnown = known !== undefined && [...known.items.keys()].every((name) => reports.has(name))
    // Whoever did not order it cannot tell who else took part.
    const stored = isAllKnown ? undefined : await storedCaptures(catalog, id, { signal })
    warnings.push(...(stored?.warnings ?? []).filter((warning) => !warnings.includes(warning)))
    const items = new Map<string, readonly CaptureItem[]>()
    for (const [name, report] of reports) items.set(name, itemsOf(report, name, known?.items.get(name)))
    for (const [name, last] of known?.items ?? []) {
      if (items.has(name)) continue
      const why = silent.get(name)
      // One that was started anew may still be reading what it had stored.
      const isUnsure = why !== undefined || (stored?.warnings.length ?? 0) > 0
      const isStill = isUnsure && now() < known!.dueMs
      items.set(
        name,
        last.map((item) => foundIn(item, stored?.series ?? [], isStill ? undefined : lost(name, why))),
      )
    }
    const seen = new Set([...items.values()].flat().map(({ labels }) => keyOf(labels)))
    const others = (stored?.series ?? [])
      .filter(({ labels }) => !seen.has(keyOf(labels)))
      .map(({ labels, profileIds }): CaptureItem => {
        const count = profileIds.length
        return { ...well, collector: '', labels, state: 'done', done: count, count, profileIds }
      })
    const all = [...[...items.values()].flat(), ...others]
    if (known === undefined && all.length === 0) {
      throw warnings.length === 0
        ? new ApiError('not_found', `capture ${id}: nobody knows it, and nothing is stored of it`)
        : new ApiError('unavailable', `capture ${id}: ${warnings.join('; ')}`)
    }
    for (const [name, each] of items) known?.items.set(name, each)
    const [first] = reports.values()
    const startedMs = first?.startedMs ?? startOfCapture(id) ?? 0
    return { answer: answerOf(id, known ?? { startedMs, leftOut: first?.leftOut ?? 0 }, all), warnings }
  }

  /** Throws an ApiError where nobody had it under way. */
  async cancel(id: string, { signal }: CallOptions): Promise<Warned<{ answer: CaptureAnswer }>> {
    let wasRunning = false
    const warnings: string[] = []
    await Promise.all(
      this.#options.sources().map(async (source) => {
        try {
          if (await source.cancelCapture(id, { signal })) wasRunning = true
        } catch (error) {
          throwIfCancelled(signal)
          warnings.push(missing(`collector ${source.name} is`, error))
        }
      }),
    )
    if (!wasRunning && warnings.length === 0)
      throw new ApiError('not_found', `capture ${id}: it is not under way`)
    const { answer, warnings: more } = await this.report(id, { signal })
    return { answer, warnings: [...new Set([...warnings, ...more])] }
  }

  #remember(id: string, known: Known): void {
    this.#known.set(id, known)
    const [oldest] = this.#known.keys()
    if (this.#known.size > maxKnown) this.#known.delete(oldest!)
  }
}

/** Beyond `seconds` times `count`: for answers on their way, and for other scrapes of the target. */
const graceMs = 2 * 60_000

const well = { health: '', reason: '', remedy: '' } as const

function nothing(wish: CaptureWish, found: Warned<{ readonly targets: TargetsAnswer }>): ApiError {
  const { activeTargets } = found.targets
  const matchers = wantsText(wish)
    ? wish.matchers.filter(({ name }) => name !== 'profile_type')
    : wish.matchers
  const why = explainNoTarget(matchers, activeTargets)
  if (found.warnings.length === 0) return new ApiError('execution', `capture: ${why}`)
  return new ApiError('unavailable', `capture: ${why}; ${found.warnings.join('; ')}`)
}

function planned(
  takes: readonly PlannedTake[],
  { id, count }: Pick<CaptureOrder, 'id' | 'count'>,
): CaptureItem[] {
  return takes.map(({ collector, labels }) => ({
    ...well,
    collector,
    labels: sortLabels(Object.entries({ ...labels, capture: id })),
    state: 'waiting',
    done: 0,
    count,
    profileIds: [],
  }))
}

/** Of what it does not write it knows no labels: those that were planned stand for them. */
function itemsOf(
  { items }: CaptureReport,
  collector: string,
  plannedItems: readonly CaptureItem[] | undefined,
): CaptureItem[] {
  return items.map((item, at) => {
    const labels = Object.keys(item.labels).length > 0 ? item.labels : (plannedItems?.[at]?.labels ?? {})
    return { ...item, labels, collector }
  })
}

function failed(items: readonly CaptureItem[], health: string, reason: string): CaptureItem[] {
  const remedy = 'see on the status page how its collector is'
  return items.map((item) => ({ ...item, state: 'failed', health, reason, remedy }))
}

function lost(name: string, why: unknown): string {
  return why === undefined
    ? `collector ${name} was started anew, or is gone, and took no more`
    : `collector ${name} did not answer in time: ${textOf(why)}`
}

/** What is stored of it is done, whatever became of the collector; the rest fails where there is a reason. */
function foundIn(
  item: CaptureItem,
  stored: readonly { readonly labels: CaptureItem['labels']; readonly profileIds: readonly string[] }[],
  reason: string | undefined,
): CaptureItem {
  const key = keyOf(item.labels)
  const ids = stored.find(({ labels }) => keyOf(labels) === key)?.profileIds ?? []
  const profileIds = ids.length > item.profileIds.length ? ids : item.profileIds
  const found = { ...item, profileIds, done: profileIds.length }
  if (found.done >= item.count) return { ...found, ...well, state: 'done' }
  if (item.state === 'failed' && item.health !== 'away') return found
  return reason === undefined ? found : failed([found], 'gone', reason)[0]!
}

/** The path of a text's endpoint is its collector's to say. */
function keyOf(labels: CaptureItem['labels']): string {
  const { profile_path: _, ...rest } = labels
  return labelsKey(sortLabels(Object.entries(rest)))
}

function answerOf(
  id: string,
  { startedMs, leftOut }: Pick<Known, 'startedMs' | 'leftOut'>,
  items: readonly CaptureItem[],
): CaptureAnswer {
  const isRunning = items.some(({ state }) => state === 'waiting' || state === 'running')
  // The same order each time, whoever answers first; each collector keeps that of its own.
  const sorted = items.toSorted(
    (a, b) =>
      Number(a.collector === '') - Number(b.collector === '') ||
      a.collector.localeCompare(b.collector, 'en', { numeric: true }),
  )
  return { id, state: isRunning ? 'running' : 'done', startedMs, leftOut, items: sorted }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
