import { styleText } from 'node:util'
import { isForPeople, type LogFormat, type Logger } from '../lib/log.ts'

export interface Banner {
  readonly version: string
  readonly uiUrl: string
  /** One clause, such as `3 targets of 1 job, from examples/conprof.yaml`. */
  readonly scraping?: string
  /** Where heads are read, such as `dnssrv+_http._tcp.conprof-collector`. */
  readonly collectors?: string
  /** One clause, such as `./data/bucket, kept for 90d`. */
  readonly data: string
}

/** Says that it has started: to a person what to open, else a line of the log. */
export function sayStarted(
  banner: Banner,
  { logger, format }: { readonly logger: Logger; readonly format: LogFormat },
): void {
  const { uiUrl: url, scraping, collectors, data } = banner
  if (isForPeople(format)) {
    process.stderr.write(formatBanner(banner, { color: process.stderr.isTTY === true }))
    return
  }
  logger.info({ url, scraping, collectors, data }, 'started')
}

/** The first thing a person reads. */
export function formatBanner(banner: Banner, options: { readonly color: boolean }): string {
  const style = (format: Parameters<typeof styleText>[0], text: string) =>
    options.color ? styleText(format, text, { validateStream: false }) : text
  const row = (name: string, text: string) => `  ${style('dim', name.padEnd(9))} ${text}`
  return [
    '',
    `  ${style('bold', 'conprof')} ${banner.version}`,
    '',
    row('open', style(['cyan', 'underline'], banner.uiUrl)),
    ...(banner.scraping === undefined ? [] : [row('scraping', banner.scraping)]),
    ...(banner.collectors === undefined ? [] : [row('reading', banner.collectors)]),
    row('data', banner.data),
    row('stop', 'ctrl-c'),
    '',
    '',
  ].join('\n')
}
