import type { Compactor } from '../compact/compactor.ts'
import type { Job } from '../compact/plan.ts'
import { formatByteSize } from '../lib/byte-size.ts'
import type { CompactProgramFlags } from '../programs/compact.ts'
import { createCompactor } from '../programs/compacting.ts'
import { openBucket } from './open-bucket.ts'
import type { ProgramContext } from './program-context.ts'
import { ProgressLine } from './progress-line.ts'
import { formatTable } from './table.ts'

/** `conprof compact --dry-run`: the plan, as a table. */
export function showPlan(flags: CompactProgramFlags, context: ProgramContext): Promise<void> {
  // Whose bucket it is does not matter to who only looks, so that no name is made up and kept.
  const compactCluster = flags.compactCluster ?? 'none'
  return withCompactor({ ...flags, compactCluster }, context, async (compactor, bucketName) => {
    const { jobs, deletable } = await compactor.plan({ signal: context.signal })
    const titles = ['merge', 'from', 'to', ' blocks', ' size', ' into level']
    if (jobs.length > 0) process.stdout.write(formatTable(titles, jobs.map(rowOf)))
    for (const { key } of deletable) process.stdout.write(`delete ${key}: others hold all of it\n`)
    const count = jobs.reduce((sum, { sources }) => sum + sources.length, 0)
    const bytes = jobs.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
    process.stdout.write(
      `${count} blocks of ${formatByteSize(bytes)} to merge in ${jobs.length} goes, ${deletable.length} to delete, in ${bucketName}\n`,
    )
  })
}

function rowOf({ kind, startMs, endMs, sources, sizeBytes, level }: Job): string[] {
  return [
    kind,
    formatTime(startMs),
    formatTime(endMs),
    `${sources.length}`,
    formatByteSize(sizeBytes),
    `${level}`,
  ]
}

/** `conprof compact --once`: rounds until there is nothing left to do. The exit code: 1 where something failed. */
export function compactOnce(flags: CompactProgramFlags, context: ProgramContext): Promise<number> {
  return withCompactor(flags, context, async (compactor, bucketName) => {
    const line = new ProgressLine()
    let saidMs = performance.now()
    const show = (progress: Progress) => {
      line.show(() => barText(progress))
      if (process.stderr.isTTY || performance.now() - saidMs < plainLineMs) return
      saidMs = performance.now()
      process.stderr.write(`${plainText(progress)}\n`)
    }
    let jobs = 0
    let deleted = 0
    for (let round = 1; ; round++) {
      const beginMs = performance.now()
      const result = await compactor.round({
        signal: context.signal,
        onProgress: (done, total) => show({ round, beginMs, done, total }),
      })
      line.clear()
      jobs += result.jobs
      deleted += result.deleted
      // What was merged now may be merged again: windows of a day that is over.
      if (result.failures === 0 && result.jobs + result.deleted > 0) continue
      const failed = result.failures === 0 ? '' : `, ${result.failures} failed`
      process.stdout.write(`${jobs} merges, ${deleted} blocks deleted${failed}, in ${bucketName}\n`)
      return result.failures === 0 ? 0 : 1
    }
  })
}

interface Progress {
  readonly round: number
  readonly beginMs: number
  readonly done: number
  readonly total: number
}

function barText({ round, beginMs, done, total }: Progress): string {
  const share = total === 0 ? 1 : done / total
  const filled = Math.round(share * barCells)
  const bar = `${'█'.repeat(filled)}${'░'.repeat(barCells - filled)}`
  const elapsedMs = performance.now() - beginMs
  const left = done === 0 ? '' : `, ${Math.ceil((elapsedMs / share - elapsedMs) / 1000)} s left`
  return `round ${round}  ${bar}  ${formatByteSize(done)} of ${formatByteSize(total)}${left}`
}

function plainText({ round, done, total }: Progress): string {
  return `round ${round}: ${formatByteSize(done)} of ${formatByteSize(total)}`
}

const barCells = 24
/** Where nobody can be shown a bar. */
const plainLineMs = 10_000

async function withCompactor<Result>(
  flags: CompactProgramFlags,
  { logger, registry }: ProgramContext,
  act: (compactor: Compactor, bucketName: string) => Promise<Result>,
): Promise<Result> {
  const bucket = await openBucket({ ...flags, isNew: false, logger, registry })
  try {
    return await act(await createCompactor({ flags, bucket, logger, registry }), bucket.name)
  } finally {
    await bucket.close()
  }
}

function formatTime(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(0, 16).replace('T', ' ')
}
