import { buffer } from 'node:stream/consumers'
import { Registry } from 'prom-client'
import type { BlockVersion } from '../block/block-format.ts'
import { type FoundFile, findFiles } from '../import/find-files.ts'
import type { PathTemplate } from '../import/path-template.ts'
import { describeSeries, type ImportPlan, planImport, type TimeSource } from '../import/plan-import.ts'
import { type WrittenBlocks, writeBlocks } from '../import/write-blocks.ts'
import { formatByteSize } from '../lib/byte-size.ts'
import { shutdownSignal } from '../lib/lifecycle/shutdown-signal.ts'
import { createLogger } from '../lib/log.ts'
import { openBucket } from './open-bucket.ts'
import { ProgressLine } from './progress-line.ts'
import { formatTable } from './table.ts'

export interface ImportValues {
  readonly label: Readonly<Record<string, string>>
  readonly pathTemplate?: PathTemplate
  readonly time?: number
  readonly 'storage.path': string
  readonly 'objstore.configFile'?: string
  readonly 'storage.writeVersion': BlockVersion
  readonly dryRun: boolean
}

/** `conprof import`: what is wrong is a line on stderr each, and the exit code. */
export async function importFiles(paths: readonly string[], values: ImportValues): Promise<void> {
  const signal = shutdownSignal()
  const progress = new ProgressLine()
  const stdin = paths.includes('-') ? await buffer(process.stdin) : undefined
  const plan = await planImport(filesOf(paths, stdin), {
    signal,
    labels: values.label,
    ...(values.pathTemplate === undefined ? {} : { pathTemplate: values.pathTemplate }),
    ...(values.time === undefined ? {} : { timeMs: values.time }),
    ...(stdin === undefined ? {} : { stdin }),
    onProgress: (count) => progress.show(() => `read ${count} files`),
  })
  progress.clear()
  sayProblems(plan.problems)
  process.stdout.write(describe(plan))
  if (plan.profiles.length > 0 && !values.dryRun) await write(plan, { values, stdin, signal, progress })
}

async function write(
  plan: ImportPlan,
  given: {
    readonly values: ImportValues
    readonly stdin: Uint8Array | undefined
    readonly signal: AbortSignal
    readonly progress: ProgressLine
  },
): Promise<void> {
  const { values, stdin, signal, progress } = given
  const bucket = await openBucket({
    storagePath: values['storage.path'],
    objstoreConfigFile: values['objstore.configFile'],
    isNew: true,
    logger: createLogger('warn'),
    registry: new Registry(),
  })
  try {
    const written = await writeBlocks(plan, {
      bucket,
      signal,
      version: values['storage.writeVersion'],
      ...(stdin === undefined ? {} : { stdin }),
      onProgress: (count) => progress.show(() => `import ${count} of ${plan.profiles.length} profiles`),
    })
    progress.clear()
    sayProblems(written.problems)
    process.stdout.write(summarize(written, bucket.name))
    if (written.blocks.some(({ outcome }) => outcome === 'deleted')) process.exitCode = 1
  } finally {
    progress.clear()
    await bucket.close()
  }
}

async function* filesOf(paths: readonly string[], stdin: Uint8Array | undefined): AsyncGenerator<FoundFile> {
  if (stdin !== undefined) yield { path: '-', sizeBytes: stdin.length, modifiedMs: Date.now() }
  yield* findFiles(paths.filter((path) => path !== '-'))
}

function sayProblems(problems: readonly string[]): void {
  for (const problem of problems) process.stderr.write(`conprof: ${problem}\n`)
  if (problems.length > 0) process.exitCode = 1
}

function describe({ series, profiles, duplicateCount, problems }: ImportPlan): string {
  const rows = series.map((each) => [
    `${each.profileCount}`,
    formatTime(each.minTimeMs),
    formatTime(each.maxTimeMs),
    [...each.timeSources].map((source) => timeSources[source]).join(', '),
    `${describeSeries(each)}${each.isTypeGuessed ? ', profile_type by its sample types' : ''}`,
  ])
  const table =
    rows.length === 0 ? '' : `${formatTable([' profiles', 'from', 'to', 'time from', 'series'], rows)}\n`
  const counts = [
    `${profiles.length} profiles of ${series.length} series`,
    ...(duplicateCount === 0 ? [] : [`${duplicateCount} files that others repeat`]),
    ...(problems.length === 0 ? [] : [`${problems.length} files left out`]),
  ]
  return `${table}${counts.join(', ')}\n`
}

function summarize({ blocks }: WrittenBlocks, bucketName: string): string {
  const lines: string[] = []
  for (const { key, outcome, sizeBytes, profileCount } of blocks) {
    const said = { new: 'written', there: 'there already', deleted: 'left out, it was deleted from here' }[
      outcome
    ]
    lines.push(`${key}: ${profileCount} profiles, ${formatByteSize(sizeBytes)}, ${said}`)
  }
  const fresh = blocks.filter(({ outcome }) => outcome === 'new')
  const sizeBytes = fresh.reduce((sum, block) => sum + block.sizeBytes, 0)
  lines.push(`${fresh.length} new blocks, ${formatByteSize(sizeBytes)}, in ${bucketName}`)
  return `${lines.join('\n')}\n`
}

function formatTime(timeMs: number): string {
  return new Date(timeMs).toISOString().replace('T', ' ').replace('Z', '')
}

const timeSources: Readonly<Record<TimeSource, string>> = {
  given: '--time',
  path: 'path',
  profile: 'profile',
  file: "file's date",
}
