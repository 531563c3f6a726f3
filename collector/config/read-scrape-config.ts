import { formatDuration } from '../../lib/duration.ts'
import type { Path } from '../../lib/located-document.ts'
import type { TargetGroup } from '../discovery/target-group.ts'
import type { RawScrapeConfig } from './config-schema.ts'
import { isLabelName } from './fields.ts'
import { readHttpClient } from './http-client-schema.ts'
import { findTooLong, readProfileTypes } from './profile-types.ts'
import type { ScrapeConfig } from './scrape-config.ts'

export interface ScrapeConfigContext {
  readonly defaultIntervalMs: number
  readonly defaultTimeoutMs: number
  /** False where a broken field would make every check of times a wrong one. */
  readonly checkTimes: boolean
  readonly resolveFile: (name: string) => string
  readonly problem: (path: Path, message: string, options?: { readonly atKey?: boolean }) => void
}

/** One job with its defaults; what no single field can know is checked here and goes to `problem`. */
export function readScrapeConfig(raw: RawScrapeConfig, context: ScrapeConfigContext): ScrapeConfig {
  const { problem, resolveFile } = context
  const intervalMs = raw.scrape_interval ?? context.defaultIntervalMs
  const timeoutMs = raw.scrape_timeout ?? Math.min(context.defaultTimeoutMs, intervalMs)
  if (context.checkTimes && timeoutMs > intervalMs) {
    const message = `${formatDuration(timeoutMs)} is longer than scrape_interval ${formatDuration(intervalMs)}`
    problem(['scrape_timeout'], message)
  }
  if (raw.params?.['seconds'] !== undefined) {
    problem(['params', 'seconds'], 'belongs to a type: profiling_config.pprof_config.<type>.seconds')
  }
  const profileTypes = readProfileTypes(raw.profiling_config?.pprof_config ?? {}, {
    prefix: raw.profiling_config?.prefix ?? '',
    problem: (below, message) => problem(['profiling_config', 'pprof_config', ...below], message),
  })
  const tooLong = context.checkTimes ? findTooLong(profileTypes, intervalMs) : undefined
  if (tooLong !== undefined) problem(raw.scrape_interval === undefined ? [] : ['scrape_interval'], tooLong)

  return {
    jobName: raw.job_name,
    intervalMs,
    timeoutMs,
    scheme: raw.scheme ?? 'http',
    params: raw.params ?? {},
    http: readHttpClient(raw, context),
    profileTypes,
    staticGroups: (raw.static_configs ?? []).map(({ targets, labels = {} }, index): TargetGroup => {
      for (const name of Object.keys(labels)) {
        if (isLabelName(name)) continue
        problem(['static_configs', index, 'labels', name], 'no label name', { atKey: true })
      }
      const source = `${raw.job_name}/static/${index}`
      return { source, labels, targets: targets.map((address) => ({ __address__: address })) }
    }),
    fileSdConfigs: (raw.file_sd_configs ?? []).map(({ files, refresh_interval }) => ({
      files: files.map(resolveFile),
      refreshIntervalMs: refresh_interval ?? 5 * 60_000,
    })),
    httpSdConfigs: (raw.http_sd_configs ?? []).map((config, index) => ({
      url: config.url,
      refreshIntervalMs: config.refresh_interval ?? 60_000,
      http: readHttpClient(config, {
        resolveFile,
        problem: (below, message) => problem(['http_sd_configs', index, ...below], message),
      }),
    })),
    relabelRules: raw.relabel_configs ?? [],
  }
}
