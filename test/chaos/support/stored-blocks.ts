import { globSync } from 'node:fs'
import { join } from 'node:path'
import { FileByteSource } from '../../../block/file-byte-source.ts'
import { openBlock } from '../../../block/open-block.ts'
import { verifyBlock } from '../../../block/verify-block.ts'
import { profileId } from '../../../profile/labels.ts'
import type { ClusterWithNode } from './cluster-with-node.ts'
import { bucketFolder } from './remove-release.ts'

export interface StoredBlocks {
  readonly count: number
  /** A line for each thing that is not as it should be: in a block, or an attempt that is in two of them. */
  readonly problems: readonly string[]
  /** Of all attempts, as the API has them. */
  readonly ids: ReadonlySet<string>
}

/** Every byte of every block that the S3 server has below `prefix`. */
export async function readStoredBlocks(cluster: ClusterWithNode, prefix: string): Promise<StoredBlocks> {
  const paths = globSync(join(bucketFolder(cluster, prefix), 'blocks', '**', '*.block')).sort()
  const problems: string[] = []
  const ids = new Set<string>()
  const origins = new Map<string, string>()
  for (const path of paths) {
    const source = await FileByteSource.open(path)
    try {
      const verified = await verifyBlock(source)
      problems.push(...verified.problems.map((problem) => `${path}: ${problem}`))
      if (verified.problems.length > 0) continue
      const reader = await openBlock(source)
      const selected = reader.select([])
      const rowsOf = await reader.rows(selected)
      for (const [index, rows] of rowsOf.entries()) {
        const labels = reader.labels(selected[index]!)
        for (let row = 0; row < rows.length; row++) {
          const origin = `${rows.writers[rows.writer[row]!]} ${rows.seq[row]}`
          const other = origins.get(origin)
          if (other !== undefined) problems.push(`${path}: attempt ${origin} is in ${other} as well`)
          origins.set(origin, path)
          ids.add(profileId(rows.timeMs[row]!, labels))
        }
      }
    } finally {
      await source.close()
    }
  }
  return { count: paths.length, problems, ids }
}
