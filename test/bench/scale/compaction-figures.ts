import type { Figure } from '../figure.ts'
import type { BucketRig } from './bucket-rig.ts'
import { profileTypes } from './fleet-plan.ts'
import type { Fleet } from './make-fleet.ts'

/** 1,000 targets at 60 s. */
const profilesPerSecond = (1000 * profileTypes.length) / 60

/** The real program on the bucket, from cut blocks to blocks of a day. */
export async function compactionFigures(rig: BucketRig, fleet: Fleet, stated: string): Promise<Figure[]> {
  const { wallSeconds, cpuSeconds, peakMb, stdout } = await rig.compact()
  const day = new Date(fleet.parameters.startMs).toISOString().slice(0, 10)
  const sizes: number[] = []
  for await (const { sizeBytes } of rig.bucket.list(`blocks/${day}/`)) sizes.push(sizeBytes)
  const cut = fleet.blocks.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  const stored = sizes.reduce((sum, size) => sum + size, 0)
  return [
    {
      name: 'fleet.compaction_x',
      value: fleet.profiles / cpuSeconds / profilesPerSecond,
      unit: '×',
      reach: { op: '>=', value: 20 },
      context: `times as fast as 1,000 targets scrape: ${fleet.profiles} profiles in ${cpuSeconds.toFixed(0)} s of CPU (${wallSeconds.toFixed(0)} s), read, merged, compared and written: ${stdout.trim().split('\\n').at(-1)}; ${stated}`,
    },
    {
      name: 'fleet.compact_rss_mb',
      value: peakMb,
      unit: 'MiB',
      reach: { op: '<=', value: 512 },
      context: `from ${fleet.blocks.length} blocks of ${(cut / 2 ** 20).toFixed(0)} MiB`,
    },
    {
      name: 'fleet.block_max_mb',
      value: Math.max(...sizes) / 2 ** 20,
      unit: 'MiB',
      reach: { op: '<=', value: 1024 },
      context: `the largest of ${sizes.length} blocks of ${(stored / 2 ** 20).toFixed(0)} MiB that the day is now`,
    },
  ]
}
