import { gunzipSync } from 'node:zlib'
import { createBlockBuilder } from '../../../block/create-block-builder.ts'
import { memorySource } from '../../../block/memory-source.ts'
import { openBlock } from '../../../block/open-block.ts'
import { Dictionary } from '../../../profile/dictionary.ts'
import type { CorpusSeries } from '../corpus.ts'
import type { Figure } from '../figure.ts'
import { compactFleet } from './compact-folder.ts'
import { type FleetParameters, type FleetType, profileTypes, walk } from './fleet-plan.ts'
import { gzipBytes, type MakeFleetOptions, makeFleet } from './make-fleet.ts'
import { NoisyProfile } from './noisy-profile.ts'

/** The corpus has a profile every ten seconds, and what is planned for is one a minute. */
const step = 6

/**
 * What `cli/capacity-measured.ts` is made of: one pod of each program, a day, with profiles as far apart as they are
 * when scraped once a minute.
 */
export async function capacityFigures(
  base: FleetParameters,
  options: MakeFleetOptions & { readonly corpus: { readonly series: readonly CorpusSeries[] } },
): Promise<Figure[]> {
  const { series } = options.corpus
  const programs = [...new Set(series.map(({ program }) => program))]
  const fleet = await makeFleet(
    {
      ...base,
      noise: 'pod',
      step,
      service: { program: programs[0]!, pods: 0, wholePods: 0 },
      others: programs.length,
    },
    options,
  )
  const { sizes, compactSeconds, verifySeconds } = await compactFleet(fleet)
  const gzip = gzipBytes(fleet, series)
  const heads = programs.map((program) => measureHead(series, program))
  const cuts = await Promise.all(heads.map(({ cut }) => cut))
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
  const figures: Figure[] = []
  const add = (name: string, value: number, unit: string, context = '') =>
    figures.push({ name: `capacity.${name}`, value, unit, context })
  for (const type of profileTypes) {
    const profiles = Object.entries(fleet.totals)
      .filter(([name]) => name.endsWith(`/${type}`))
      .reduce((sum, [, each]) => sum + each.profiles, 0)
    const wire = [...gzip]
      .filter(([name]) => name.endsWith(`/${type}`))
      .reduce((sum, [, bytes]) => sum + bytes, 0)
    add(`${type}.wire_bytes`, wire / profiles, 'B', 'gzip, as it is scraped')
    add(
      `${type}.stored_bytes`,
      sizes.byType.get(type)! / profiles,
      'B',
      'in a block of a day, without symbols',
    )
    add(`${type}.cut_bytes`, mean(cuts.map((cut) => cut.get(type)!)), 'B', 'in a block of 30 minutes')
    add(`${type}.head_bytes`, mean(heads.map(({ records }) => records.get(type)!)), 'B', 'in the head')
  }
  add(
    'symbols.day_bytes',
    (sizes.symbols + sizes.tail) / programs.length,
    'B',
    'of a service, in a block of a day',
  )
  add(
    'symbols.cut_bytes',
    mean(cuts.map((cut) => cut.get('symbols')!)),
    'B',
    'of a service, in a block of 30 minutes',
  )
  for (const minutes of headMinutes)
    add(
      `symbols.head_bytes_${minutes}m`,
      mean(heads.map(({ symbols }) => symbols.get(minutes)!)),
      'B',
      `of a service, in a head ${minutes} minutes after a cut`,
    )
  add(
    'compact_cpu_ms',
    ((compactSeconds + verifySeconds) * 1000) / fleet.profiles,
    'ms',
    'of a profile: into blocks of 2 h and of a day, compared with their sources',
  )
  return figures
}

const headMinutes = [1, 3, 30] as const

/** Half an hour of one pod of a program in a head, and then in a block. */
function measureHead(corpus: readonly CorpusSeries[], program: string) {
  const symbols = new Map<number, number>()
  const records = new Map<FleetType, number>()
  const whole = createBlockBuilder()
  const alone = new Map(profileTypes.map((type) => [type, createBlockBuilder()]))
  const dictionary = new Dictionary()
  let seq = 0
  for (let minute = 0; minute < 30; minute++) {
    for (const type of profileTypes) {
      const series = corpus.find((each) => each.program === program && each.type === type)!
      const recorded = series.profiles[walk(1, minute * step, series.profiles.length)]!
      const profile = new NoisyProfile(gunzipSync(recorded.body), dictionary)
      const body = profile.write({ noise: 'pod', seed: 1, timeNanos: profile.timeNanos })
      const labels = { profile_type: type, service_name: program }
      const timeMs = 1_700_000_000_000 + minute * 60_000
      const attempt = { labels, timeMs, durationMs: 9, health: 'ok', httpStatus: 200, body } as const
      for (const builder of [whole, alone.get(type)!])
        builder.append(attempt, { writer: 'bench', seq: seq++ })
    }
    symbols.set(minute + 1, whole.symbolBytes)
  }
  for (const [type, builder] of alone) records.set(type, (builder.heldBytes - builder.symbolBytes) / 30)
  return { symbols, records, cut: cutSizes(whole.encode({ compression: 'dense' })!) }
}

async function cutSizes({ key, bytes }: { readonly key: string; readonly bytes: Uint8Array }) {
  const reader = await openBlock(memorySource(key, bytes))
  const sizes = new Map<string, number>([['symbols', reader.meta.sectionBytes['symbols'] ?? 0]])
  for (const series of reader.select([])) {
    const { rows, sums, totals, groups } = reader.entry(series)
    const bodies = groups.reduce((sum, { body, kept }) => sum + body.length + kept.length, 0)
    const type = reader.labels(series)['profile_type']!
    sizes.set(type, (rows.length + sums.length + totals.length + bodies) / 30)
  }
  return sizes
}
