import { type ActiveTarget, activeTarget } from './list-targets.ts'
import { networkPolicy } from './network-policy.ts'
import type { PodScrapes, PodState, ScrapeState } from './operator-state.ts'

/** GET /api/v1/pods/:namespace/:name: how it came about that a pod is scraped, or is not. */
export interface PodAnswer {
  readonly namespace: string
  readonly pod: string
  readonly node: string
  readonly workload: string
  /** Scraped, and the last scrapes went well. */
  readonly isHealthy: boolean
  /** One line that says it all. */
  readonly verdict: string
  /** In order, from what was seen to how the last scrape went, with what helps. For people; may be indented. */
  readonly lines: readonly string[]
  readonly targets: readonly ActiveTarget[]
  readonly drops: PodState['decision']['drops']
  readonly scrapes: readonly ScrapeState[]
  readonly warnings: readonly string[]
}

/** What is no fault of the process, or soon none. */
const well: ReadonlySet<string> = new Set(['ok', 'empty', 'unsupported', 'busy'])

export function explainPod(
  pod: PodState,
  { scrapes, warnings }: PodScrapes,
  options: { readonly namespace: string; readonly nowMs: number },
): PodAnswer {
  const { view, decision } = pod
  const targets = decision.targets.map((target) => activeTarget(pod, target))
  const absent = withoutProfiles(scrapes)
  const failing = scrapes.filter(
    (scrape) => absent.has(scrape) || (!well.has(scrape.health) && scrape.health !== 'unknown'),
  )
  const scraped = scrapes.filter(({ health }) => health !== 'unknown')
  const unassigned = targets.filter(({ shard }) => shard === null)
  const isHealthy =
    targets.length > 0 &&
    unassigned.length === 0 &&
    scraped.length > 0 &&
    failing.length + warnings.length === 0
  return {
    namespace: view.namespace,
    pod: view.name,
    node: view.node,
    workload: `${view.workload.kind}/${view.workload.name}`,
    isHealthy,
    verdict: verdictOf({ targets, unassigned, failing, scraped, isHealthy }),
    lines: [
      ...decision.chain,
      ...targets.map((target) => assignmentLine(target, options.nowMs)),
      ...scrapeLines(pod, scrapes, { ...options, absent }),
      ...warnings,
    ],
    targets,
    drops: decision.drops,
    scrapes,
    warnings,
  }
}

function verdictOf(seen: {
  readonly targets: readonly ActiveTarget[]
  readonly unassigned: readonly ActiveTarget[]
  readonly failing: readonly ScrapeState[]
  readonly scraped: readonly ScrapeState[]
  readonly isHealthy: boolean
}): string {
  const { targets, unassigned, failing, scraped, isHealthy } = seen
  if (isHealthy) return 'it is scraped, and all is well'
  if (targets.length === 0) return 'it is not scraped'
  const [first] = failing
  if (first !== undefined) {
    const some = `${failing.length} of ${scraped.length} profiles`
    return `it is scraped, but ${some} ${failing.length === 1 ? 'fails' : 'fail'}: ${first.health}`
  }
  if (unassigned.length === targets.length) return 'it is to be scraped, but no collector has it yet'
  if (scraped.length === 0) return 'it is to be scraped; how that goes is not known yet'
  return 'it is scraped, but not all of it is known to be well'
}

/** Of ports that have none of the types: there a path is wrong, where one that is missing may be the program's way. */
function withoutProfiles(scrapes: readonly ScrapeState[]): ReadonlySet<ScrapeState> {
  const ports = Map.groupBy(scrapes, ({ url }) => URL.parse(url)?.origin ?? url)
  const absent = [...ports.values()].filter((all) => all.every(({ health }) => health === 'unsupported'))
  return new Set(absent.flat())
}

function assignmentLine({ address, shard, startAfter }: ActiveTarget, nowMs: number): string {
  if (shard === null) return `${address}: no collector has it yet`
  const waitMs = (startAfter ?? 0) - nowMs
  const wait = waitMs <= 0 ? '' : `, which begins in ${Math.ceil(waitMs / 1000)} s, after the one that had it`
  return `${address}: collector ${shard} has it${wait}`
}

/** One line per profile type; what helps is said once, however many types it is for. */
function scrapeLines(
  { view }: PodState,
  scrapes: readonly ScrapeState[],
  options: {
    readonly namespace: string
    readonly nowMs: number
    readonly absent: ReadonlySet<ScrapeState>
  },
): string[] {
  const lines: string[] = []
  const remedies = new Set<string>()
  const closedPorts = new Set<number>()
  for (const { shard, url, profileType, health, reason, remedy, lastScrapeMs } of scrapes) {
    const why = reason === '' ? '' : `: ${reason}`
    const when =
      lastScrapeMs === 0
        ? `not scraped yet by collector ${shard}`
        : `${health}, last scrape ${ago(options.nowMs - lastScrapeMs)} by collector ${shard}`
    lines.push(`${profileType} of ${url}: ${when}${why}`)
    if (remedy !== '' && !well.has(health)) remedies.add(remedy)
    if (health === 'connect-timeout') closedPorts.add(portOf(url))
  }
  if (options.absent.size > 0) remedies.add(pathRemedy)
  for (const remedy of remedies) lines.push(`remedy: ${remedy}`)
  for (const port of closedPorts) {
    lines.push(
      `remedy: if a NetworkPolicy closes port ${port}, this one opens it for collectors; kubectl apply -f - takes it:`,
    )
    const policy = networkPolicy(view, port, options).trimEnd()
    lines.push(...policy.split('\n').map((line) => `  ${line}`))
  }
  return lines
}

const pathRemedy =
  'none of the profiles is there: correct the port, or the path before /debug/pprof (pathPrefix of a ProfileTarget, conprof.io/path of a pod)'

function portOf(url: string): number {
  const { port = '', protocol } = URL.parse(url) ?? {}
  return Number(port) || (protocol === 'https:' ? 443 : 80)
}

function ago(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000))
  if (seconds < 120) return `${seconds} s ago`
  return seconds < 7200 ? `${Math.round(seconds / 60)} min ago` : `${Math.round(seconds / 3600)} h ago`
}
