import {
  releaseLabel,
  type ScrapeConfigSpec,
  scrapeConfigSpec,
  shardLabel,
} from '../../collector/config/scrape-config-resource.ts'
import type { ActualObject } from './plan-objects.ts'

/** A ScrapeConfig as the API server sends it. */
export interface RawScrapeConfig {
  readonly metadata: {
    readonly name: string
    readonly uid: string
    readonly resourceVersion: string
    readonly labels?: Readonly<Record<string, string>>
  }
  readonly spec: unknown
}

/** What is there, whatever it says: what no collector can read, or finds by its labels, is replaced as what is wrong. */
export function readActualObject({ metadata, spec }: RawScrapeConfig): ActualObject {
  const { name, uid, resourceVersion, labels = {} } = metadata
  const { data } = scrapeConfigSpec.safeParse(spec)
  const isFound = labels[releaseLabel] !== undefined && labels[shardLabel] === String(data?.shard)
  return { name, uid, resourceVersion, spec: data !== undefined && isFound ? data : unreadable(spec) }
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
