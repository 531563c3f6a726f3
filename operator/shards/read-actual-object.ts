import { type ScrapeConfigSpec, scrapeConfigSpec } from '../../collector/config/scrape-config-resource.ts'
import type { ActualObject } from './plan-objects.ts'

/** A ScrapeConfig as the API server sends it. */
export interface RawScrapeConfig {
  readonly metadata: { readonly name: string; readonly uid: string; readonly resourceVersion: string }
  readonly spec: unknown
}

/** What is there, whatever it says: what nobody can read is replaced as what is wrong. */
export function readActualObject({ metadata, spec }: RawScrapeConfig): ActualObject {
  const { name, uid, resourceVersion } = metadata
  const { data } = scrapeConfigSpec.safeParse(spec)
  return { name, uid, resourceVersion, spec: data ?? unreadable(spec) }
}

function unreadable(spec: unknown): ScrapeConfigSpec {
  const { shard, epoch } = (spec ?? {}) as { readonly shard?: unknown; readonly epoch?: unknown }
  return { shard: numberOf(shard), epoch: numberOf(epoch), job: unreadableJob, groups: [] }
}

function numberOf(value: unknown): number {
  return typeof value === 'number' && Number.isSafeInteger(value) ? value : 0
}

const unreadableJob: ScrapeConfigSpec['job'] = {
  owner: 'unreadable',
  jobName: 'unreadable',
  scheme: 'http',
  pathPrefix: '',
  interval: '60s',
  timeout: '10s',
  profiles: [],
}
