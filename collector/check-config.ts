import { readFile, stat } from 'node:fs/promises'
import { formatDuration } from '../lib/duration.ts'
import { plural } from '../lib/plural.ts'
import { formatLabels } from '../profile/labels.ts'
import { ConfigError } from './config/config-error.ts'
import { loadConfig } from './config/load-config.ts'
import type { Config, HttpClientConfig, ScrapeConfig } from './config/scrape-config.ts'
import { targetsOf } from './target.ts'

export interface CheckResult {
  /** Lines for a person, with a newline at the end. */
  readonly text: string
  /** 0: usable; 1: not. */
  readonly exitCode: 0 | 1
}

/** `conprof check config FILE`: every problem with its place, or what the config would scrape. */
export async function checkConfig(fileName: string): Promise<CheckResult> {
  let text: string
  try {
    text = await readFile(fileName, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return { text: `read config ${JSON.stringify(fileName)}: ${code}\n`, exitCode: 1 }
  }
  let config: Config
  try {
    config = loadConfig(text, fileName)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    const { problems } = error
    const count = plural(problems.length, 'problem')
    return { text: `${problems.join('\n')}\n${count}\n`, exitCode: 1 }
  }
  const missing = await missingFiles(config)
  const lines = [
    `${fileName}: fine, ${plural(config.scrapeConfigs.length, 'job')}`,
    ...(Object.keys(config.externalLabels).length === 0
      ? []
      : [`external labels ${formatLabels(config.externalLabels)}`]),
    ...config.scrapeConfigs.flatMap((scrapeConfig) => ['', ...describeJob(scrapeConfig, config)]),
    ...(missing.length === 0 ? [] : ['', ...missing]),
  ]
  return { text: `${lines.join('\n')}\n`, exitCode: missing.length === 0 ? 0 : 1 }
}

function describeJob(scrapeConfig: ScrapeConfig, config: Config): string[] {
  const { jobName, intervalMs, profileTypes, fileSdConfigs, httpSdConfigs } = scrapeConfig
  const types = profileTypes.map(({ type, seconds }) =>
    seconds === undefined ? type : `${type} (${seconds}s)`,
  )
  const results = scrapeConfig.staticGroups.map((group) =>
    targetsOf(group, scrapeConfig, config.externalLabels),
  )
  const active = results.flatMap((result) => result.active)
  const dropped = results.flatMap((result) => result.dropped)
  return [
    `job ${JSON.stringify(jobName)}: ${types.join(', ') || 'no types'} every ${formatDuration(intervalMs)}`,
    ...active.slice(0, maxLines).map(({ profileType, url }) => `  ${profileType.padEnd(10)} ${url}`),
    ...more(active.length),
    ...dropped
      .slice(0, maxLines)
      .map(
        ({ profileType, discoveredLabels, reason }) =>
          `  ${profileType.padEnd(10)} ${discoveredLabels['__address__']} not scraped: ${reason}`,
      ),
    ...more(dropped.length),
    ...fileSdConfigs.map(({ files }) => `  and targets from files ${files.join(', ')}`),
    ...httpSdConfigs.map(({ url }) => `  and targets from ${url}`),
    ...(active.length + dropped.length + fileSdConfigs.length + httpSdConfigs.length === 0
      ? ['  no targets']
      : []),
  ]
}

/** Passwords and certificates that are named but not there: the first scrape would be the one to notice. */
async function missingFiles(config: Config): Promise<string[]> {
  const lines: string[] = []
  for (const { jobName, http, httpSdConfigs } of config.scrapeConfigs) {
    for (const file of [http, ...httpSdConfigs.map((sd) => sd.http)].flatMap(filesOf)) {
      const problem = await stat(file).then(
        (found) => (found.isFile() ? undefined : 'not a file'),
        (error: NodeJS.ErrnoException) => String(error.code),
      )
      if (problem !== undefined)
        lines.push(`job ${JSON.stringify(jobName)}: read ${JSON.stringify(file)}: ${problem}`)
    }
  }
  return lines
}

function filesOf({ basicAuth, authorization, tls }: HttpClientConfig): string[] {
  return [
    basicAuth?.passwordFile,
    authorization?.credentialsFile,
    tls.caFile,
    tls.certFile,
    tls.keyFile,
  ].filter((file) => file !== undefined)
}

function more(count: number): string[] {
  return count > maxLines ? [`  … and ${count - maxLines} more`] : []
}

const maxLines = 50
