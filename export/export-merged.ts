import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { encodeMergedProfile } from '../profile/encode-merged.ts'
import { formatLabels } from '../profile/labels.ts'
import type { Aggregation } from '../query/merge-profiles.ts'
import { mergeReadable } from '../query/merge-readable.ts'
import { saysMissing } from '../query/missing.ts'
import { isMerged } from '../query/read-sums.ts'
import type { SelectedSeries } from '../query/select.ts'
import { collapsed } from '../query/views/collapsed.ts'
import type { FilesExport } from './export-pprof.ts'
import { groupName } from './file-names.ts'
import { type ExportRequest, selectGroups } from './select-units.ts'

export interface MergedExportOptions extends ExportRequest {
  readonly directory: string
  readonly format: 'pprof' | 'collapsed'
  /** Labels whose values stay apart; `profile_type` does in any case. */
  readonly by: readonly string[]
  /** Without it pprof sums, and collapsed stacks go by the kind of each sample type. */
  readonly agg?: Aggregation
  readonly onProgress?: (done: FilesExport) => void
}

const compress = promisify(gzip)

/** What is selected, merged over the whole range: `<values>.pb.gz`, or `<values>.<sample type>.collapsed` each. */
export async function exportMerged(options: MergedExportOptions): Promise<FilesExport> {
  const { directory, format, startMs, endMs, signal, agg, onProgress } = options
  const done = { profileCount: 0, fileCount: 0, sizeBytes: 0 }
  const names = new Set<string>()
  const by = [...new Set([...options.by, 'profile_type'])]
  await mkdir(directory, { recursive: true })
  for await (const { labels, series } of selectGroups(options, by)) {
    const parts = series.flatMap((each) => each.parts)
    if (!hasProfiles(series)) continue
    const chosen = agg ?? (format === 'pprof' ? 'sum' : undefined)
    const merged = await mergeReadable(parts, {
      startMs,
      endMs,
      ...(signal === undefined ? {} : { signal }),
      ...(chosen === undefined ? {} : { agg: chosen }),
    })
    for (const warning of merged.warnings) {
      if (saysMissing(warning)) options.warn(warning)
      else options.note(`${formatLabels(labels)}: ${warning}`)
    }
    const name = unusedName(groupName(labels), names)
    const write = async (ending: string, content: Uint8Array | string) => {
      await writeFile(join(directory, `${name}.${ending}`), content)
      done.fileCount++
      done.sizeBytes += Buffer.byteLength(content)
    }
    if (format === 'pprof') await write('pb.gz', await compress(encodeMergedProfile(merged)))
    else {
      for (const [index, { type }] of merged.sampleTypes.entries())
        await write(`${type.replaceAll(/[^A-Za-z0-9_-]+/g, '_')}.collapsed`, collapsed(merged, index))
    }
    done.profileCount += merged.coverage.profiles
    onProgress?.(done)
  }
  return done
}

function hasProfiles(series: readonly SelectedSeries[]): boolean {
  return series.some(({ parts }) =>
    parts.some(({ rows, firstRow, lastRow }) => rows.flags.subarray(firstRow, lastRow + 1).some(isMerged)),
  )
}

/** Values that differ in what cannot stand in a name only. */
function unusedName(name: string, used: Set<string>): string {
  let unused = name
  for (let count = 2; used.has(unused); count++) unused = `${name}-${count}`
  used.add(unused)
  return unused
}
