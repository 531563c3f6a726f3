import type { Registry } from 'prom-client'
import { shutdownSignal } from '../lib/lifecycle/shutdown-signal.ts'
import { createLogger, type Logger } from '../lib/log.ts'
import { type BuildInfo, createRegistry } from '../lib/metrics.ts'
import { readBuildInfo } from './build-info.ts'
import type { LogFlags } from './flags.ts'

/** What every program gets beside its flags. */
export interface ProgramContext {
  readonly build: BuildInfo
  readonly logger: Logger
  readonly registry: Registry
  /** Aborts with SIGINT or SIGTERM. */
  readonly signal: AbortSignal
}

/** Once per process. From now on a promise that was rejected and that nobody waited for ends it, and is in the log. */
export function programContext(flags: LogFlags): ProgramContext {
  const build = readBuildInfo()
  const logger = createLogger(flags.logLevel, { format: flags.logFormat })
  process.on('unhandledRejection', (error) => {
    logger.error({ err: error }, 'a promise was rejected that nobody waited for')
    process.exit(1)
  })
  return { build, logger, registry: createRegistry(build), signal: shutdownSignal() }
}
