import type { Compactor } from '../compact/compactor.ts'
import type { Job } from '../compact/plan.ts'
import { formatByteSize } from '../lib/byte-size.ts'
import { plural } from '../lib/plural.ts'
import type { CompactProgramFlags } from '../programs/compact.ts'
import { createCompactor } from '../programs/compacting.ts'
import { formatBar, formatProgress } from './compact-progress.ts'
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
      `${plural(count, 'block')} of ${formatByteSize(bytes)} to merge in ${jobs.length === 1 ? 'one go' : `${jobs.length} goes`}, ${deletable.length} to delete, in ${bucketName}\n`,
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
    const { signal } = context
    const line = new ProgressLine()
    const sum = { jobs: 0, deleted: 0, failures: 0 }
    try {
      for (let round = 1, isDone = false; !isDone; round++) {
        const result = await compactor.round({ signal, onProgress: showing(line, round) })
        sum.jobs += result.jobs
        sum.deleted += result.deleted
        sum.failures += result.failures
        // What was merged now may be merged again, as windows of a day that is over; what failed waits for long.
        isDone = result.jobs + result.deleted === 0
      }
    } finally {
      line.clear()
    }
    const failed = sum.failures === 0 ? '' : `, ${sum.failures} failed`
    process.stdout.write(
      `${plural(sum.jobs, 'merge')}, ${plural(sum.deleted, 'block')} deleted${failed}, in ${bucketName}\n`,
    )
    return sum.failures === 0 ? 0 : 1
  })
}

/** A bar for people, else a line every now and then. */
function showing(line: ProgressLine, round: number): (done: number, total: number) => void {
  const beginMs = performance.now()
  let saidMs = beginMs
  return (done, total) => {
    const progress = () => ({ round, elapsedMs: performance.now() - beginMs, done, total })
    line.show(() => formatBar(progress()))
    if (process.stderr.isTTY || performance.now() - saidMs < plainLineMs) return
    saidMs = performance.now()
    process.stderr.write(`${formatProgress(progress())}\n`)
  }
}

/** Where nobody can be shown a bar. */
const plainLineMs = 10_000

async function withCompactor<Result>(
  flags: CompactProgramFlags,
  { logger, registry }: ProgramContext,
  act: (compactor: Compactor, bucketName: string) => Promise<Result>,
): Promise<Result> {
  const bucket = await openBucket({ ...flags, isNew: false, logger, registry })
  try {
    // A program with the same folder may be at work beside it.
    const compactor = await createCompactor({ flags, bucket, folder: 'compact-once', logger, registry })
    return await act(compactor, bucket.name)
  } finally {
    await bucket.close()
  }
}

function formatTime(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(0, 16).replace('T', ' ')
}
