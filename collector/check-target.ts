import { inspectPprof } from '../profile/inspect-pprof.ts'
import type { HttpClientConfig, PprofTypeConfig } from './config/scrape-config.ts'
import { maxInflatedBytes, remedies } from './scrape/classify.ts'
import { HttpClients } from './scrape/http-clients.ts'
import { scrape } from './scrape/scrape.ts'
import type { Target } from './target.ts'

/** What a scrape of `url` would see, type by type. `url` is the program's address, with a prefix if it has one. */
export async function checkTarget(
  url: string,
  options: {
    readonly profileTypes: readonly PprofTypeConfig[]
    readonly http: HttpClientConfig
    readonly timeoutMs: number
    readonly signal: AbortSignal
    /** Called as each type is done, since timed ones take seconds. */
    readonly onLine?: (line: string) => void
  },
): Promise<{ readonly text: string; readonly exitCode: number }> {
  const base = URL.parse(url.includes('://') ? url : `http://${url}`)
  if (base === null || base.host === '' || !/^https?:$/.test(base.protocol))
    return {
      text: `check target ${JSON.stringify(url)}: want host:port or http(s)://host:port/prefix\n`,
      exitCode: 2,
    }
  const clients = new HttpClients()
  const lines: string[] = []
  let isAnyOk = false
  try {
    for (const type of options.profileTypes) {
      const target = targetOf(base, type, options)
      const result = await scrape(target, clients, { signal: options.signal })
      const { body } = result.attempt
      const inspection = body === undefined ? undefined : inspectPprof(body, { maxInflatedBytes })
      const facts =
        inspection?.kind === 'pprof'
          ? `${inspection.samples} samples, ${size(result.receivedBytes)} received, ${size(inspection.sizeBytes)} inflated`
          : result.reason
      if (result.health === 'ok') isAnyOk = true
      const seconds = (result.attempt.durationMs / 1000).toFixed(2)
      let line = `${type.type.padEnd(12)} ${result.health.padEnd(15)} ${seconds.padStart(6)} s  ${facts}`
      if (result.health !== 'ok' && result.health !== 'empty')
        line += `\n${' '.repeat(13)}→ ${remedies[result.health]}`
      lines.push(line)
      options.onLine?.(line)
    }
  } finally {
    await clients.close()
  }
  return { text: `${lines.join('\n')}\n`, exitCode: isAnyOk ? 0 : 1 }
}

function targetOf(
  base: URL,
  type: PprofTypeConfig,
  { http, timeoutMs }: { readonly http: HttpClientConfig; readonly timeoutMs: number },
): Target {
  // The address of Go's index page is at hand, and what comes below it is in the types' paths.
  const prefix = base.pathname.replace(/(\/debug\/pprof)?\/?$/, '')
  const url = `${base.origin}${prefix}${type.path}${type.seconds === undefined ? '' : `?seconds=${type.seconds}`}`
  return {
    key: url,
    job: 'check',
    profileType: type.type,
    labels: {},
    discoveredLabels: {},
    url,
    scheme: base.protocol === 'https:' ? 'https' : 'http',
    address: base.host,
    ...(type.seconds !== undefined && { seconds: type.seconds }),
    intervalMs: 60_000,
    timeoutMs: timeoutMs + (type.seconds ?? 0) * 1000,
    keepEmpty: type.keepEmpty,
    http,
  }
}

function size(bytes: number): string {
  return bytes < 1024 ? `${bytes} B` : `${(bytes / 1024).toFixed(1)} KiB`
}
