import { createRequire } from 'node:module'
import { type Logger, pino, stdTimeFunctions } from 'pino'

export type { Logger }

export const logLevels = ['debug', 'info', 'warn', 'error'] as const
export type LogLevel = (typeof logLevels)[number]

export type LogFormat = 'auto' | 'json' | 'pretty'

/** Whether whoever reads stderr is a person, rather than what collects logs. */
export function isForPeople(format: LogFormat): boolean {
  return format === 'pretty' || (format === 'auto' && process.stderr.isTTY === true)
}

/** Lines for people where stderr is a terminal, JSON otherwise; always on stderr, stdout is for answers. */
export function createLogger(level: LogLevel, options: { readonly format?: LogFormat } = {}): Logger {
  const stream = isForPeople(options.format ?? 'auto') ? prettyStream() : process.stderr
  return pino({ level, base: null, timestamp: stdTimeFunctions.isoTime }, stream)
}

/** Loaded where somebody looks: it is as large as the rest of the logging together. */
function prettyStream(): NodeJS.WritableStream {
  const pretty = createRequire(import.meta.url)('pino-pretty') as typeof import('pino-pretty')
  return pretty({ destination: 2, sync: true, translateTime: 'SYS:HH:MM:ss.l', ignore: 'pid,hostname' })
}

/** For tests and tools that have nothing to say. */
export function silentLogger(): Logger {
  return pino({ level: 'silent' })
}
