import type { Browser } from 'playwright-core'

/**
 * What a page cost, in milliseconds of the processor's own clock, which stands still while other programs run: of the
 * page's main thread and of its workers. What the browser does beside them is not in it.
 */
export interface PageWork {
  /** From when the page's first bytes came until a mark. */
  untilMark(name: string): number
  /** Of a measure of the page, with all of the task that ended it. */
  ofMeasure(name: string): number
}

/** Of the trace event format; times are in µs, `tts` and `tdur` by the clock of the thread. */
interface TraceEvent {
  readonly name: string
  readonly ph: string
  readonly pid: number
  readonly tid: number
  readonly ts: number
  readonly tts?: number
  readonly dur?: number
  readonly tdur?: number
  readonly args: { readonly name?: string; readonly data?: { readonly url?: string } }
}

/** Watches all pages of a browser while `act` runs. One at a time. */
export async function watchWork(browser: Browser, act: () => Promise<void>): Promise<PageWork> {
  await browser.startTracing(undefined, { categories: ['blink.user_timing', 'devtools.timeline', '-*'] })
  let trace: Buffer
  try {
    await act()
  } finally {
    trace = await browser.stopTracing()
  }
  const { traceEvents } = JSON.parse(trace.toString()) as { readonly traceEvents: readonly TraceEvent[] }
  const find = (name: string, isWanted: (event: TraceEvent) => boolean) => {
    const found = traceEvents.findLast((event) => event.name === name && isWanted(event))
    if (found === undefined) throw new Error(`read trace: ${traceEvents.length} events, none is "${name}"`)
    return found
  }
  return {
    untilMark(name) {
      const mark = find(name, ({ ph }) => ph === 'I')
      const isBegin = ({ pid, ts, args }: TraceEvent) =>
        pid === mark.pid && ts < mark.ts && args.data?.url?.startsWith('http') === true
      return workMs(traceEvents, find('CommitLoad', isBegin), mark)
    },
    ofMeasure(name) {
      const end = find(name, ({ ph }) => ph === 'e')
      const begin = find(name, ({ ph, pid, ts }) => ph === 'b' && pid === end.pid && ts <= end.ts)
      return workMs(traceEvents, begin, end)
    },
  }
}

function workMs(events: readonly TraceEvent[], from: TraceEvent, to: TraceEvent): number {
  const ours = events.filter(({ pid }) => pid === from.pid)
  let workUs = 0
  for (const { name, tid, args } of ours) {
    if (name !== 'thread_name' || !/^CrRendererMain|^DedicatedWorker/.test(args.name ?? '')) continue
    const clock = threadClock(ours.filter((event) => event.tid === tid))
    const before = clock.findLast(([atUs]) => atUs <= from.ts) ?? clock[0]
    const after = clock.find(([atUs]) => atUs >= to.ts) ?? clock.at(-1)
    workUs += (after?.[1] ?? 0) - (before?.[1] ?? 0)
  }
  return workUs / 1000
}

/** What a thread's clock showed, by the time on the wall; ascending. */
function threadClock(events: readonly TraceEvent[]): readonly (readonly [atUs: number, clockUs: number])[] {
  return events
    .flatMap(({ ts, tts, dur = 0, tdur = 0 }) =>
      tts === undefined
        ? []
        : ([
            [ts, tts],
            [ts + dur, tts + tdur],
          ] as const),
    )
    .toSorted(([a], [b]) => a - b)
}
