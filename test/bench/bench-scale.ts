import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { readCorpus } from './corpus.ts'
import { type Figure, formatFigure, isReached } from './figure.ts'
import { compactFleet } from './scale/compact-folder.ts'
import { dayMs, type FleetParameters } from './scale/fleet-plan.ts'
import { describe, makeFleet } from './scale/make-fleet.ts'
import type { Noise } from './scale/noisy-profile.ts'
import { ratioFigures } from './scale/ratio-figures.ts'

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
    hours: { type: 'string', default: '24' },
  },
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

const parts: Record<string, () => Promise<Figure[]>> = { ratios }
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
