// The compactor's core in a process of its own, on a folder of blocks: 30 min → 2 h → a day. Prints what it took.
import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { parseBlockKey } from '../../../block/block-key.ts'
import { compactBlocks } from '../../../block/compact-blocks.ts'
import { FileByteSource } from '../../../block/file-byte-source.ts'
import { openBlock } from '../../../block/open-block.ts'
import { verifyCompaction } from '../../../block/verify-compaction.ts'
import { dayMs, hourMs } from './fleet-plan.ts'
import { processUse } from './measured-process.ts'

/** What the process prints, as JSON. */
export interface CompactedFolder {
  /** Paths, by level. */
  readonly windows: readonly string[]
  readonly days: readonly string[]
  /** CPU of merging, and of comparing what came of it. */
  readonly compactSeconds: number
  readonly verifySeconds: number
  readonly peakMb: number
}

const [from, to] = process.argv.slice(2) as [string, string]
const seconds = { compact: 0, verify: 0 }

async function cpuSeconds<Result>(of: keyof typeof seconds, work: () => Promise<Result>): Promise<Result> {
  const before = process.cpuUsage()
  const result = await work()
  const { user, system } = process.cpuUsage(before)
  seconds[of] += (user + system) / 1e6
  return result
}

async function mergeBy(paths: readonly string[], spanMs: number, level: number): Promise<string[]> {
  const groups = Map.groupBy(paths, (path) => {
    const { minTimeMs } = parseBlockKey(path.slice(path.lastIndexOf('/', path.lastIndexOf('/') - 1) + 1))!
    return Math.floor(minTimeMs / spanMs)
  })
  const made: string[] = []
  for (const group of groups.values()) {
    const files = await Promise.all(group.map((path) => FileByteSource.open(path)))
    const sources = await Promise.all(files.map((file) => openBlock(file)))
    const directory = join(to, 'making')
    await mkdir(directory, { recursive: true })
    const outputs = await cpuSeconds('compact', () =>
      compactBlocks({ sources, level, directory, version: 2 }),
    )
    const problems = await cpuSeconds('verify', () => verifyCompaction(sources, outputs))
    if (problems.length > 0) throw new Error(`compact a fleet: ${problems.join('\n')}`)
    for (const file of files) await file.close()
    for (const { key, path } of outputs) {
      const place = join(to, 'blocks', key)
      await mkdir(dirname(place), { recursive: true })
      await rename(path, place)
      made.push(place)
    }
  }
  return made
}

const cut: string[] = []
for (const name of await readdir(join(from, 'blocks'), { recursive: true }))
  if (name.endsWith('.block')) cut.push(join(from, 'blocks', name))
const windows = await mergeBy(cut.sort(), 2 * hourMs, 2)
const days = await mergeBy(windows, dayMs, 3)
await rm(join(to, 'making'), { recursive: true, force: true })
const result: CompactedFolder = {
  windows,
  days,
  compactSeconds: seconds.compact,
  verifySeconds: seconds.verify,
  // Not getrusage's: it begins with what the parent had.
  peakMb: processUse(process.pid).peakMb,
}
process.stdout.write(`${JSON.stringify(result)}\n`)
