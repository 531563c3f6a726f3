import { type Logger, pino, stdTimeFunctions } from 'pino'
import pretty from 'pino-pretty'

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
  const stream = isForPeople(options.format ?? 'auto')
    ? pretty({ destination: 2, sync: true, translateTime: 'SYS:HH:MM:ss.l', ignore: 'pid,hostname' })
    : process.stderr
  return pino({ level, base: null, timestamp: stdTimeFunctions.isoTime }, stream)
}

/** For tests and tools that have nothing to say. */
export function silentLogger(): Logger {
  return pino({ level: 'silent' })
}
