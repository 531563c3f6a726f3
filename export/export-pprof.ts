import { mkdir, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { formatLabels } from '../profile/labels.ts'
import { labelsFileName, seriesFolder } from './file-names.ts'
import { readPartBodies } from './read-profiles.ts'
import { countThinned, type ExportRequest, selectUnits } from './select-units.ts'

export interface PprofExportOptions extends ExportRequest {
  readonly directory: string
  readonly onProgress?: (done: FilesExport) => void
}

export interface FilesExport {
  readonly profileCount: number
  readonly fileCount: number
  readonly sizeBytes: number
}

const compress = promisify(gzip)

/**
 * Every stored profile as a file of its own, `<service>/<type>/<pod>-<hash>/<unix ms>.pb.gz`: inflated, the bytes that
 * were scraped. Beside them the labels of the series. What is no pprof ends in `.bin`, as it came.
 */
export async function exportPprof(options: PprofExportOptions): Promise<FilesExport> {
  const { directory, signal, onProgress } = options
  const done = { profileCount: 0, fileCount: 0, sizeBytes: 0 }
  let thinned = 0
  for await (const { series, day, startMs } of selectUnits(options)) {
    thinned += countThinned(series, startMs)
    for (const { labels, parts } of series) {
      const folder = join(directory, seriesFolder(labels))
      await mkdir(folder, { recursive: true })
      await writeFile(join(folder, labelsFileName), `${JSON.stringify(labels, undefined, 2)}\n`)
      try {
        for (const part of parts) {
          for await (const { row, bytes, isPprof } of readPartBodies(
            part,
            signal === undefined ? {} : { signal },
          )) {
            signal?.throwIfAborted()
            const timeMs = part.rows.timeMs[row]!
            const path = join(folder, `${timeMs}${isPprof ? '.pb.gz' : '.bin'}`)
            const content = isPprof ? await compress(bytes) : bytes
            await writeFile(path, content)
            await utimes(path, timeMs / 1000, timeMs / 1000)
            done.profileCount++
            done.fileCount++
            done.sizeBytes += content.length
            onProgress?.(done)
          }
        }
      } catch (error) {
        if ((error as { readonly code?: unknown }).code !== 'BLOCK_CORRUPT') throw error
        options.warn(`a part of ${formatLabels(labels)} on ${day} is missing: ${(error as Error).message}`)
      }
    }
  }
  if (thinned > 0) options.note(`${thinned} profiles were thinned out and are not in it`)
  return done
}
