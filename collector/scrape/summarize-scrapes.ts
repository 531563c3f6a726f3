import type { Target } from '../target.ts'
import type { LoopState } from './scrape-loop.ts'

/** How the scrapes of one owner go, for whoever tells the owner. */
export interface OwnerSummary {
  readonly owner: string
  readonly endpoint: string
  /** Processes: each (pod, container, port) once, however many types are scraped of it. */
  readonly targets: number
  readonly unhealthy: number
  /** At most five kinds of failure, those of a mesh first, then the most frequent. */
  readonly errors: readonly ScrapeError[]
}

/** One process that stands for all that fail in the same way. */
export interface ScrapeError {
  readonly namespace: string
  readonly pod: string
  readonly container: string
  readonly profileType: string
  readonly health: string
  readonly reason: string
  readonly remedy: string
  /** Processes that fail like this. */
  readonly count: number
}

export interface ScrapesSummary {
  readonly targets: number
  readonly owners: readonly OwnerSummary[]
}

interface Loop {
  readonly target: Target
  readonly state: Readonly<Pick<LoopState, 'health' | 'reason' | 'remedy'>>
}

/** What is no fault of the process, or soon none. */
const well: ReadonlySet<string> = new Set(['ok', 'empty', 'unsupported', 'busy', 'unknown'])
const maxErrors = 5

export function summarizeScrapes(loops: readonly Loop[]): ScrapesSummary {
  const owners = new Map<
    string,
    { readonly first: Target; readonly processes: Map<string, Loop | undefined> }
  >()
  for (const loop of loops) {
    const { owner = '', endpoint = '' } = loop.target.facts ?? {}
    const key = `${owner}\n${endpoint}`
    let known = owners.get(key)
    if (known === undefined) {
      known = { first: loop.target, processes: new Map() }
      owners.set(key, known)
    }
    const process = processOf(loop.target)
    const worst = known.processes.get(process)
    // A mesh is the reason for whatever else goes wrong there.
    const isWorse = worst === undefined || (isMesh(loop) && !isMesh(worst))
    known.processes.set(process, !well.has(loop.state.health) && isWorse ? loop : worst)
  }
  const summaries = [...owners.values()].map(({ first, processes }): OwnerSummary => {
    const failing = [...processes.values()].filter((loop) => loop !== undefined)
    return {
      owner: first.facts?.owner ?? '',
      endpoint: first.facts?.endpoint ?? '',
      targets: processes.size,
      unhealthy: failing.length,
      errors: errorsOf(failing),
    }
  })
  return { targets: summaries.reduce((sum, { targets }) => sum + targets, 0), owners: summaries }
}

function processOf({ labels, address }: Target): string {
  const { namespace, pod, container } = labels
  if (pod === undefined) return address
  return [namespace, pod, container, address.slice(address.lastIndexOf(':'))].join('/')
}

function isMesh({ state }: Loop): boolean {
  return state.health === 'mesh-blocked'
}

function errorsOf(failing: readonly Loop[]): ScrapeError[] {
  const kinds = new Map<string, { readonly loop: Loop; count: number }>()
  for (const loop of failing) {
    const { health, reason } = loop.state
    // Reasons of the system name the address, which would make each of them its own.
    const kind = `${health} ${reason.replaceAll(loop.target.address, '')}`
    const known = kinds.get(kind)
    if (known === undefined) kinds.set(kind, { loop, count: 1 })
    else known.count++
  }
  return [...kinds.values()]
    .sort((a, b) => Number(isMesh(b.loop)) - Number(isMesh(a.loop)) || b.count - a.count)
    .slice(0, maxErrors)
    .map(({ loop: { target, state }, count }) => ({
      namespace: target.labels['namespace'] ?? '',
      pod: target.labels['pod'] ?? '',
      container: target.labels['container'] ?? '',
      profileType: target.profileType,
      health: state.health,
      reason: state.reason,
      remedy: state.remedy,
      count,
    }))
}
