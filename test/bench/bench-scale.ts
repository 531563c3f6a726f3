import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { readCorpus } from './corpus.ts'
import { type Figure, formatFigure, isReached } from './figure.ts'
import { Teardowns } from './operator/teardowns.ts'
import { type BucketRig, startBucketRig } from './scale/bucket-rig.ts'
import { capacityFigures } from './scale/capacity-figures.ts'
import { collectorFigures } from './scale/collector-figures.ts'
import { compactFleet } from './scale/compact-folder.ts'
import { compactionFigures } from './scale/compaction-figures.ts'
import { growthWithDays, growthWithPods, growthWithTargets } from './scale/curves.ts'
import { dayMs, type FleetParameters } from './scale/fleet-plan.ts'
import { labelDay } from './scale/label-days.ts'
import { describe, makeFleet } from './scale/make-fleet.ts'
import type { Noise } from './scale/noisy-profile.ts'
import { queryFigures } from './scale/query-figures.ts'
import { ratioFigures } from './scale/ratio-figures.ts'
import { sharingFigures } from './scale/sharing-figures.ts'

const { values } = parseArgs({
  options: {
    corpus: {
      type: 'string',
      default: process.env['CONPROF_CORPUS'] ?? fileURLToPath(new URL('../testdata/corpus', import.meta.url)),
    },
    json: { type: 'string' },
    only: { type: 'string' },
    // Of the fleet: 100 pods of one service, 50 other services.
    share: { type: 'string', default: '0.05' },
    program: { type: 'string', default: 'prometheus' },
    'service-pods': { type: 'string', default: '100' },
    hours: { type: 'string', default: '24' },
  },
})
const running = new Set<Teardowns>()
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, async () => {
    for (const teardowns of running) await teardowns.run()
    process.exit(1)
  })
const share = Number(values.share)
if (!(share > 0 && share <= 1)) throw new Error(`--share=${values.share}: want more than 0, at most 1`)
const corpus = { folder: values.corpus, series: readCorpus(values.corpus) }
const programs = new Set(corpus.series.map(({ program }) => program))
const say = (line: string) => console.log(`  ${line}`)
// A day that is over, and the same whenever this runs.
const startMs = Math.floor(Date.UTC(2026, 9, 5) / dayMs) * dayMs

/** The fleet's share: all its types, a day. */
function sharedFleet(noise: Noise): FleetParameters {
  const pods = Math.max(1, Math.round(100 * share))
  return {
    seed: 1,
    noise,
    startMs,
    hours: Number(values.hours),
    service: { program: values.program, pods, wholePods: pods },
    others: Math.max(programs.size, Math.round(50 * share)),
    collectors: 2,
  }
}

async function ratios(): Promise<Figure[]> {
  const figures: Figure[] = []
  for (const noise of ['each', 'pod', 'none'] as const) {
    const fleet = await makeFleet(sharedFleet(noise), { corpus, say })
    const stated = `share ${share}: ${describe(fleet.parameters)}`
    figures.push(...ratioFigures(await compactFleet(fleet), { corpus: corpus.series, stated }))
  }
  return figures
}

/** The share, and all the pods of the large service for heap: merging fewer would say nothing. */
function queriedFleet(): FleetParameters {
  const shared = sharedFleet('each')
  return { ...shared, service: { ...shared.service, pods: Number(values['service-pods']) } }
}

async function withRig(measure: (rig: BucketRig) => Promise<Figure[]>): Promise<Figure[]> {
  const teardowns = new Teardowns()
  running.add(teardowns)
  try {
    return await measure(await startBucketRig(teardowns))
  } finally {
    await teardowns.run()
    running.delete(teardowns)
  }
}

/** One bucket for everything that is asked of one: the fleet's day, compacted, after 29 days of labels. */
function bucket(): Promise<Figure[]> {
  return withRig(async (rig) => {
    const fleet = await makeFleet(queriedFleet(), { corpus, say })
    const stated = `share ${share}: ${describe(fleet.parameters)}`
    await rig.upload(fleet)
    for (let day = 1; day < 30; day++) {
      const { key, bytes } = labelDay(corpus.series, { dayStartMs: startMs - day * dayMs, seed: day })
      await rig.bucket.put(`blocks/${key}`, bytes)
    }
    say(`uploaded ${fleet.blocks.length} blocks, and ${29} small ones of the days before`)
    const figures = await compactionFigures(rig, fleet, stated)
    figures.push(...(await queryFigures({ rig, fleet, stated, say })))
    await growthWithPods(rig, fleet, say)
    await growthWithDays(rig, fleet, say)
    return figures
  })
}

async function targets(): Promise<Figure[]> {
  await growthWithTargets(sharedFleet('pod'), { corpus, say })
  return []
}

const parts: Record<string, () => Promise<Figure[]>> = {
  bucket,
  ratios,
  sharing: () => sharingFigures(sharedFleet('pod'), { corpus, say }),
  targets,
  capacity: () => capacityFigures(sharedFleet('pod'), { corpus, say }),
  collector: () => withRig((rig) => collectorFigures(rig, { corpus: corpus.series })),
}
const only = values.only?.split(',')
const figures: Figure[] = []
for (const [name, measure] of Object.entries(parts)) {
  if (only !== undefined && !only.includes(name)) continue
  for (const figure of await measure()) {
    figures.push(figure)
    console.log(formatFigure(figure))
  }
}
const missed = figures.filter((figure) => isReached(figure) === false)
console.log(
  `\n${figures.length} figures, ${missed.length} missed${missed.map(({ name }) => ` ${name}`).join()}`,
)
if (values.json !== undefined)
  writeFileSync(
    values.json,
    `${JSON.stringify(
      figures.map(({ name, value, unit, context }) => ({ name, value, unit, context })),
      null,
      1,
    )}\n`,
  )
