import { createBlockBuilder } from '../../block/create-block-builder.ts'
import { memorySource } from '../../block/memory-source.ts'
import { openBlock } from '../../block/open-block.ts'
import { sortLabels } from '../../profile/labels.ts'
import type { MergedProfile } from '../../profile/merged-profile.ts'
import { mergeProfiles } from '../merge-profiles.ts'
import type { CorpusFile } from './corpus-files.ts'

/** The sum of files of one program and type, through a block and a merge as a query would. */
export async function mergeThroughBlock(files: readonly CorpusFile[]): Promise<MergedProfile> {
  const builder = createBlockBuilder()
  for (const [seq, { program, type, timeMs, body }] of files.entries()) {
    const labels = sortLabels([
      ['job', program],
      ['service_name', program],
      ['profile_type', type],
    ])
    builder.append(
      { labels, timeMs, durationMs: 1, health: 'ok', httpStatus: 200, body },
      { writer: 'w', seq },
    )
  }
  const block = builder.encode()!
  const reader = await openBlock(memorySource(block.key, block.bytes))
  const [ref] = reader.select([])
  const [rows] = await reader.rows([ref!])
  const part = { reader, series: ref!, rows: rows!, firstRow: 0, lastRow: rows!.length - 1 }
  return mergeProfiles([part], { startMs: 0, endMs: Number.MAX_SAFE_INTEGER, agg: 'sum' })
}
