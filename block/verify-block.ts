import { inspectPprof } from '../profile/inspect-pprof.ts'
import type { BlockReader } from './block-reader.ts'
import { rowFlags } from './rows.ts'

export interface BlockVerification {
  readonly attempts: number
  readonly profiles: number
  /** One line each; empty where the block is as it says. */
  readonly problems: readonly string[]
}

/**
 * Reads everything in a block: every checksum, every profile back to its bytes, every count against what the
 * tail says. Takes about as long as downloading all profiles one by one.
 */
export async function verifyBlock(
  reader: BlockReader,
  options: { readonly signal?: AbortSignal } = {},
): Promise<BlockVerification> {
  const problems: string[] = []
  let attempts = 0
  let profiles = 0
  for (const series of reader.select([])) {
    const name = `series ${series}`
    try {
      const [rows] = await reader.rows([series], options)
      await reader.sums(series, options)
      attempts += rows!.length
      for (let row = 0; row < rows!.length; row++) {
        if (row > 0 && rows!.timeMs[row]! < rows!.timeMs[row - 1]!)
          problems.push(`${name}: rows not in order`)
        if ((rows!.flags[row]! & rowFlags.body) === 0) continue
        profiles++
        const body = await reader.body(series, row, options)
        const problem = bodyProblem(body, { sizeBytes: rows!.sizeBytes[row]!, flags: rows!.flags[row]! })
        if (problem !== undefined) problems.push(`${name}, profile of ${rows!.timeMs[row]}: ${problem}`)
      }
    } catch (error) {
      if (options.signal?.aborted) throw error
      problems.push(`${name}: ${(error as Error).message}`)
    }
  }
  const { meta } = reader
  if (attempts !== meta.attemptCount)
    problems.push(`${attempts} attempts, the tail says ${meta.attemptCount}`)
  if (profiles !== meta.profileCount)
    problems.push(`${profiles} profiles, the tail says ${meta.profileCount}`)
  return { attempts, profiles, problems }
}

function bodyProblem(
  body: Uint8Array,
  row: { readonly sizeBytes: number; readonly flags: number },
): string | undefined {
  if (body.length !== row.sizeBytes) return `${body.length} bytes, its row says ${row.sizeBytes}`
  if ((row.flags & rowFlags.columns) === 0) return undefined
  const { kind } = inspectPprof(body, { maxInflatedBytes: body.length })
  return kind === 'pprof' || kind === 'empty' ? undefined : `${kind}, its row says pprof`
}
