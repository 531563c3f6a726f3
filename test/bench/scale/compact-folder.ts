import { execFile } from 'node:child_process'
import { rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { FileByteSource } from '../../../block/file-byte-source.ts'
import { openBlock } from '../../../block/open-block.ts'
import type { CompactedFolder } from './compact-child.ts'
import type { Fleet } from './make-fleet.ts'

/** A fleet after its day was compacted. */
export interface CompactedFleet extends CompactedFolder {
  readonly fleet: Fleet
  readonly sizes: StoredSizes
}

/** Bytes of blocks, by what they are. */
export interface StoredSizes {
  readonly all: number
  /** Bodies, sums and rows, by `profile_type`. */
  readonly byType: ReadonlyMap<string, number>
  /** Dictionaries of services: all their types share them. */
  readonly symbols: number
  /** Labels, places of everything, and the rest. */
  readonly tail: number
}

/** What the compactor makes of a fleet's blocks, in a process whose CPU and memory are nothing else's. */
export async function compactFleet(fleet: Fleet): Promise<CompactedFleet> {
  const to = join(fleet.directory, 'compacted')
  rmSync(to, { recursive: true, force: true })
  const child = fileURLToPath(new URL('./compact-child.ts', import.meta.url))
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--max-semi-space-size=4', child, fleet.directory, to],
    { env: { ...process.env, MALLOC_ARENA_MAX: '2' }, maxBuffer: 64 << 20 },
  )
  const compacted = JSON.parse(stdout) as CompactedFolder
  return { ...compacted, fleet, sizes: await storedSizes(compacted.days) }
}

export async function storedSizes(paths: readonly string[]): Promise<StoredSizes> {
  const byType = new Map<string, number>()
  const sum = { all: 0, symbols: 0 }
  for (const path of paths) {
    const file = await FileByteSource.open(path)
    const reader = await openBlock(file)
    sum.all += statSync(path).size
    sum.symbols += reader.meta.sectionBytes['symbols'] ?? 0
    for (const series of reader.select([])) {
      const { rows, sums, totals, groups } = reader.entry(series)
      const type = reader.labels(series)['profile_type'] ?? ''
      const groupBytes = groups.reduce((bytes, { body, kept }) => bytes + body.length + kept.length, 0)
      byType.set(type, (byType.get(type) ?? 0) + rows.length + sums.length + totals.length + groupBytes)
    }
    await file.close()
  }
  const ofTypes = [...byType.values()].reduce((bytes, each) => bytes + each, 0)
  return { ...sum, tail: sum.all - sum.symbols - ofTypes, byType }
}
