import fc from 'fast-check'
import {
  Line,
  Location,
  Function as PprofFunction,
  Profile,
  Sample,
  StringTable,
  ValueType,
} from 'pprof-format'
import { Registry } from 'prom-client'
import t from 'tap'
import type { ProcessIdentity } from '../block/attempt.ts'
import { createBlockBuilder } from '../block/create-block-builder.ts'
import { silentLogger } from '../lib/log.ts'
import { sortLabels } from '../profile/labels.ts'
import { Catalog } from './catalog.ts'
import { mergeProfiles } from './merge-profiles.ts'
import { rowsInOrder, selectSeries } from './select.ts'
import { stepValues } from './series-values.ts'
import { flamegraph } from './views/flamegraph.ts'

/** One made-up process: when it began, and when it was scraped, in seconds. */
interface Life {
  readonly bornAt: number
  readonly scrapedAt: readonly number[]
}

const start = 1_000_000

t.test('plots and merges agree on what made-up processes did, whatever restarts', async () => {
  // Every stack allocates at its own constant rate; some scrapes are missed, and blocks are cut anywhere.
  const gap = fc.integer({ min: 1, max: 100 })
  const life = fc.tuple(gap, fc.array(gap, { minLength: 1, maxLength: 6 }))
  await fc.assert(
    fc.asyncProperty(
      fc.array(life, { minLength: 1, maxLength: 4 }),
      fc.boolean(),
      fc.integer({ min: 1, max: 10 }),
      async (gaps, isIdentityKnown, blockSize) => {
        let now = start
        const lives = gaps.map(([untilBirth, untilScrapes]): Life => {
          now += untilBirth
          const bornAt = now
          return { bornAt, scrapedAt: untilScrapes.map((seconds) => (now += seconds)) }
        })
        const { merged, stepped, covered } = await ask(lives, isIdentityKnown, blockSize)
        if (merged !== stepped) throw new Error(`merged ${merged}, plotted ${stepped}`)
        if (!isIdentityKnown) return
        // With starts known, everything up to each life's last profile is seen, the first life from its birth.
        const seconds = lives.reduce((sum, { bornAt, scrapedAt }) => sum + scrapedAt.at(-1)! - bornAt, 0)
        if (merged !== seconds * rates.f + seconds * rates.g) throw new Error(`${merged} in ${seconds} s`)
        if (Math.round(covered) !== seconds) throw new Error(`covered ${covered} of ${seconds} s`)
      },
    ),
    { numRuns: 60 },
  )
})

t.test('a gap in the profiles loses nothing of a counter', async (t) => {
  const { merged } = await ask(
    [{ bornAt: start + 1, scrapedAt: [start + 2, start + 500, start + 501] }],
    true,
    2,
  )
  t.equal(merged, 500 * (rates.f + rates.g))
})

const rates = { f: 1000, g: 7 }

async function ask(lives: readonly Life[], isIdentityKnown: boolean, blockSize: number) {
  const labels = sortLabels([
    ['job', 'made-up'],
    ['profile_type', 'heap'],
  ])
  const blocks: Uint8Array[] = []
  let builder = createBlockBuilder()
  let seq = 0
  const cut = () => {
    const block = builder.encode()
    if (block !== undefined) blocks.push(block.bytes)
    builder = createBlockBuilder()
  }
  for (const [restartCount, { bornAt, scrapedAt }] of lives.entries()) {
    const process: ProcessIdentity = {
      containerId: 'c',
      restartCount,
      startTimeMs: bornAt * 1000,
      image: '',
      memoryLimitBytes: 0,
      cpuLimitMillicores: 0,
    }
    for (const at of scrapedAt) {
      const attempt = { labels, timeMs: at * 1000, durationMs: 1, health: 'ok', httpStatus: 200 } as const
      const body = allocations(at - bornAt)
      builder.append(isIdentityKnown ? { ...attempt, body, process } : { ...attempt, body }, {
        writer: 'w',
        seq: seq++,
      })
      if (seq % blockSize === 0) cut()
    }
  }
  cut()
  const catalog = new Catalog({
    heads: [{ readHead: async () => blocks }],
    log: silentLogger(),
    registry: new Registry(),
  })
  const end = lives.at(-1)!.scrapedAt.at(-1)!
  const request = { matchers: [], startMs: start * 1000, endMs: end * 1000 }
  const { series } = await selectSeries((await catalog.open(request)).sources, request)
  const merged = await mergeProfiles(
    series.flatMap(({ parts }) => parts),
    { startMs: request.startMs, endMs: request.endMs, type: 'alloc_space' },
  )
  const stepMs = 10_000
  const steps = {
    startMs: request.startMs,
    stepMs,
    count: Math.floor((request.endMs - request.startMs) / stepMs) + 1,
  }
  const plotted = stepValues(rowsInOrder(series[0]!.parts), 'alloc_space', { steps, agg: 'delta' })
  return {
    merged: Number(flamegraph(merged, 0).sum),
    stepped: plotted.values.reduce((sum, value) => sum + Number(value), 0),
    covered: plotted.coveredSeconds.reduce((sum, seconds) => sum + seconds, 0),
  }
}

/** What a process has allocated `seconds` after its birth, as pprof. */
function allocations(seconds: number): Uint8Array {
  const strings = new StringTable()
  const names = Object.keys(rates) as (keyof typeof rates)[]
  return new Profile({
    sampleType: [new ValueType({ type: strings.dedup('alloc_space'), unit: strings.dedup('bytes') })],
    function: names.map((name, i) => new PprofFunction({ id: i + 1, name: strings.dedup(name) })),
    location: names.map(
      (_, i) => new Location({ id: i + 1, line: [new Line({ functionId: i + 1, line: 1 })] }),
    ),
    sample: names.map((name, i) => new Sample({ locationId: [i + 1], value: [seconds * rates[name]] })),
    stringTable: strings,
  }).encode()
}
