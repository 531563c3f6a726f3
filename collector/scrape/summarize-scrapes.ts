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

interface Process {
  readonly first: Loop
  /** Of those that fail. */
  worst: Loop | undefined
  /** It has none of the types so far. */
  isWithout: boolean
}

export function summarizeScrapes(loops: readonly Loop[]): ScrapesSummary {
  const owners = new Map<string, { readonly first: Target; readonly processes: Map<string, Process> }>()
  for (const loop of loops) {
    const { owner = '', endpoint = '' } = loop.target.facts ?? {}
    const key = `${owner}\n${endpoint}`
    let known = owners.get(key)
    if (known === undefined) {
      known = { first: loop.target, processes: new Map() }
      owners.set(key, known)
    }
    const name = processOf(loop.target)
    let process = known.processes.get(name)
    if (process === undefined) {
      process = { first: loop, worst: undefined, isWithout: true }
      known.processes.set(name, process)
    }
    process.isWithout &&= loop.state.health === 'unsupported'
    // A mesh is the reason for whatever else goes wrong there.
    const isWorse = process.worst === undefined || (isMesh(loop) && !isMesh(process.worst))
    if (!well.has(loop.state.health) && isWorse) process.worst = loop
  }
  const summaries = [...owners.values()].map(({ first, processes }): OwnerSummary => {
    const failing = [...processes.values()]
      .map(({ first, worst, isWithout }) => worst ?? (isWithout ? wrongPath(first) : undefined))
      .filter((loop) => loop !== undefined)
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

/** One type that is missing is the program's way; where all are, it is the path that is wrong. */
function wrongPath({ target, state }: Loop): Loop {
  return {
    target,
    state: {
      health: state.health,
      reason: `all paths, such as ${target.url}: ${state.reason}`,
      remedy:
        'correct the port, or the path before /debug/pprof (pathPrefix of a ProfileTarget, conprof.io/path of a pod)',
    },
  }
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
