import type { CredentialSource, PlannedJob, PlannedTarget } from '../targets/decision.ts'

export interface ShardCredentials {
  /** Of the Secret: in base64, sorted by key. */
  readonly data: Readonly<Record<string, string>>
  /** Keys that are not in it, since their value is not known or there is no more room: their jobs cannot be written. */
  readonly missingKeys: ReadonlySet<string>
  /** What a person has to know; undefined where all is well. */
  readonly problem: string | undefined
}

/** The API server refuses more than 1 MiB of values. */
export const maxShardCredentialsBytes = 2 ** 20 - 64 * 1024

/** What one collector needs to know to scrape these, and no more. `readValue` answers base64. */
export function shardCredentials(
  targets: Iterable<Pick<PlannedTarget, 'job'>>,
  readValue: (source: CredentialSource) => string | undefined,
  options: { readonly maxSizeBytes?: number } = {},
): ShardCredentials {
  const maxSizeBytes = options.maxSizeBytes ?? maxShardCredentialsBytes
  const data: Record<string, string> = {}
  const missingKeys = new Set<string>()
  let sizeBytes = 0
  let tooMuchBytes = 0
  let tooMany = 0
  for (const source of sourcesOf(targets)) {
    const value = readValue(source)
    if (value === undefined) {
      missingKeys.add(source.key)
      continue
    }
    const bytes = Buffer.byteLength(value, 'base64')
    if (sizeBytes + bytes > maxSizeBytes) {
      missingKeys.add(source.key)
      tooMany++
      tooMuchBytes += bytes
      continue
    }
    sizeBytes += bytes
    data[source.key] = value
  }
  const problem =
    tooMany === 0
      ? undefined
      : `credentials of a shard: ${sizeBytes + tooMuchBytes} bytes, want at most ${maxSizeBytes}: ` +
        `${tooMany} keys are left out and their targets not scraped; more collectors, or fewer certificates, make room`
  return { data, missingKeys, problem }
}

/** Each key once, by key: a shard near its limit leaves out the same ones every time. */
function sourcesOf(targets: Iterable<Pick<PlannedTarget, 'job'>>): CredentialSource[] {
  const jobs = new Set<PlannedJob>()
  for (const { job } of targets) jobs.add(job)
  const sources = new Map<string, CredentialSource>()
  for (const job of jobs) for (const source of job.credentials) sources.set(source.key, source)
  return [...sources.values()].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
}
