import { createHash } from 'node:crypto'
import type { PprofTypeConfig } from '../../collector/config/scrape-config.ts'
import type { ScrapeConfigJob } from '../../collector/config/scrape-config-resource.ts'
import type { Ask } from './ask.ts'
import type { PlannedJob } from './decision.ts'
import type { Interner } from './interner.ts'
import { writeShortDuration } from './short-duration.ts'

/** The settings of an ask, with those of its profiles that it won. Equal ones are the same object. */
export function buildJob(
  ask: Ask,
  profiles: readonly PprofTypeConfig[],
  { jobs }: { readonly jobs: Interner<PlannedJob> },
): PlannedJob {
  const spec: ScrapeConfigJob = {
    owner: ask.owner,
    ...(ask.endpoint !== undefined && { endpoint: ask.endpoint }),
    jobName: ask.jobName,
    scheme: ask.scheme,
    pathPrefix: ask.pathPrefix,
    interval: writeShortDuration(ask.intervalMs),
    timeout: writeShortDuration(ask.timeoutMs),
    profiles: profiles.map(({ type, path, seconds, keepEmpty }) => ({
      type,
      path,
      ...(seconds !== undefined && { seconds }),
      keepEmpty,
    })),
    ...ask.access.spec,
  }
  const { credentials } = ask.access
  // Canonical, since what comes from a person in any order was sorted when it was read.
  const key = JSON.stringify({ spec, credentials })
  return jobs.intern(key, () => ({
    hash: createHash('sha256').update(key).digest('hex').slice(0, 16),
    spec,
    credentials,
  }))
}
