import { type Logger, pino, stdTimeFunctions } from 'pino'
import pretty from 'pino-pretty'

export type { Logger }

export const logLevels = ['debug', 'info', 'warn', 'error'] as const
export type LogLevel = (typeof logLevels)[number]

/** Lines for people where stderr is a terminal, JSON otherwise; always on stderr, stdout is for answers. */
export function createLogger(
  level: LogLevel,
  options: { readonly format?: 'auto' | 'json' | 'pretty' } = {},
): Logger {
  const format = options.format ?? 'auto'
  const isPretty = format === 'pretty' || (format === 'auto' && process.stderr.isTTY === true)
  const stream = isPretty
    ? pretty({ destination: 2, sync: true, translateTime: 'SYS:HH:MM:ss.l', ignore: 'pid,hostname' })
    : process.stderr
  return pino({ level, base: null, timestamp: stdTimeFunctions.isoTime }, stream)
}

/** For tests and tools that have nothing to say. */
export function silentLogger(): Logger {
  return pino({ level: 'silent' })
}
