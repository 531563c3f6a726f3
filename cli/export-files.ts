import { setTimeout as sleep } from 'node:timers/promises'
import { Registry } from 'prom-client'
import { exportMerged } from '../export/export-merged.ts'
import { exportParquet } from '../export/export-parquet.ts'
import { exportPprof, type FilesExport } from '../export/export-pprof.ts'
import type { ExportRequest } from '../export/select-units.ts'
import { formatByteSize } from '../lib/byte-size.ts'
import { TokenFile } from '../lib/http/token-file.ts'
import { shutdownSignal } from '../lib/lifecycle/shutdown-signal.ts'
import { createLogger } from '../lib/log.ts'
import type { Matcher } from '../profile/matcher.ts'
import { Catalog } from '../query/catalog.ts'
import { Collectors } from '../query/collectors/collectors.ts'
import type { CollectorsFlag } from '../query/collectors/collectors-flag.ts'
import type { Aggregation } from '../query/merge-profiles.ts'
import { openBuckets } from './open-bucket.ts'
import { ProgressLine } from './progress-line.ts'

export interface ExportValues {
  readonly match: readonly Matcher[]
  readonly start: number
  readonly end: number
  readonly format: 'pprof' | 'collapsed' | 'parquet'
  readonly output: string
  readonly merge: boolean
  readonly by: readonly string[]
  readonly agg?: Aggregation
  readonly aggregate?: number
  readonly overwrite: boolean
  readonly 'storage.path': string
  readonly 'objstore.configFile': readonly string[]
  readonly collectors: readonly CollectorsFlag[]
  readonly 'web.tokenFile'?: string
}

/** `conprof export`: a line of what was written; what is missing is a line on stderr each, and the exit code. */
export async function exportFiles(values: ExportValues): Promise<void> {
  if (values.start > values.end) {
    throw new Error(`export: --start ${iso(values.start)} lies after --end ${iso(values.end)}`)
  }
  checkFlags(values)
  const progress = new ProgressLine()
  await using sources = await openSources(values)
  const said = new Set<string>()
  const say = (text: string) => {
    // A block that cannot be read is found so for each service.
    if (said.has(text)) return
    said.add(text)
    progress.clear()
    process.stderr.write(`conprof: ${text}\n`)
  }
  const request: ExportRequest = {
    startMs: values.start,
    endMs: values.end,
    matchers: values.match,
    catalog: sources.catalog,
    signal: sources.signal,
    warn: (warning) => {
      say(warning)
      process.exitCode = 1
    },
    note: say,
  }
  try {
    const summary = await write(values, request, progress)
    progress.clear()
    process.stdout.write(`${summary}, in ${values.output}\n`)
  } finally {
    progress.clear()
  }
}

async function write(values: ExportValues, request: ExportRequest, progress: ProgressLine): Promise<string> {
  const { format, output: directory, merge, by, agg, aggregate, overwrite } = values
  const showFiles = (done: FilesExport) =>
    progress.show(
      () => `${done.profileCount} profiles, ${done.fileCount} files, ${formatByteSize(done.sizeBytes)}`,
    )
  if (format === 'parquet') {
    const done = await exportParquet({
      ...request,
      ...{ directory, overwrite },
      ...(aggregate === undefined ? {} : { stepMs: aggregate }),
      onProgress: ({ day, serviceName, profileCount, sampleCount }) =>
        progress.show(() => `${day}: ${profileCount} profiles, ${sampleCount} rows, at ${serviceName}`),
    })
    return `${done.profileCount} profiles of ${done.seriesCount} series as ${done.sampleCount} samples and ${done.stackCount} stacks, ${done.fileCount} files, ${formatByteSize(done.sizeBytes)}`
  }
  const done =
    format === 'pprof' && !merge
      ? await exportPprof({ ...request, directory, onProgress: showFiles })
      : await exportMerged({
          ...request,
          ...{ directory, format, by },
          ...(agg === undefined ? {} : { agg }),
          onProgress: showFiles,
        })
  return `${done.profileCount} profiles as ${done.fileCount} files, ${formatByteSize(done.sizeBytes)}`
}

/** The buckets and the collectors as one view, once each name of collectors got an answer, or was given ten seconds. */
async function openSources(
  values: ExportValues,
): Promise<AsyncDisposable & { readonly catalog: Catalog; readonly signal: AbortSignal }> {
  const log = createLogger('error')
  const registry = new Registry()
  const signal = shutdownSignal()
  const tokens = values['web.tokenFile']
  const token = tokens === undefined ? undefined : await TokenFile.open(tokens, { logger: log })
  const buckets = await openBuckets({
    storagePath: values['storage.path'],
    objstoreConfigFiles: values['objstore.configFile'],
    isNew: false,
    logger: log,
    registry,
  })
  const collectors = new Collectors({
    flags: values.collectors,
    ...(token === undefined ? {} : { authorization: () => token.authorization() }),
    patienceMs: 30_000,
    log,
    registry,
  })
  const ended = new AbortController()
  const running = collectors.run({ signal: AbortSignal.any([signal, ended.signal]) })
  for (let waited = 0; collectors.missing !== undefined && waited < 100; waited++) {
    await sleep(100, undefined, { signal })
  }
  return {
    // A day may take long: what is listed for the next one is what is there by then.
    catalog: new Catalog({
      bucket: buckets,
      heads: collectors.heads,
      listingMaxAgeMs: 0,
      cacheBytes: 16 * 1024 * 1024,
      log,
      registry,
    }),
    signal,
    async [Symbol.asyncDispose]() {
      ended.abort()
      await running
      await collectors.close()
      for (const bucket of buckets) await bucket.close()
    },
  }
}

/** A flag that would say nothing is a mistake. */
function checkFlags({ format, merge, agg, aggregate, overwrite }: ExportValues): void {
  const isMerged = format === 'collapsed' || merge
  const wrong: [isGiven: boolean, flag: string, wanted: string][] = [
    [merge && format !== 'pprof', '--merge', '--format pprof'],
    [agg !== undefined && (!isMerged || format === 'parquet'), '--agg', '--merge or --format collapsed'],
    [aggregate !== undefined && format !== 'parquet', '--aggregate', '--format parquet'],
    [overwrite && format !== 'parquet', '--overwrite', '--format parquet'],
  ]
  for (const [isGiven, flag, wanted] of wrong) {
    if (isGiven) throw new Error(`export: ${flag} goes with ${wanted}`)
  }
}

function iso(timeMs: number): string {
  return new Date(timeMs).toISOString()
}
