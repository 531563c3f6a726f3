import type { Registry } from 'prom-client'
import type { LogFlags, WebFlags } from '../cli/flags.ts'
import { forwardRoutes } from '../forward/forward-routes.ts'
import { isOwnAddress, type ProgramAddress } from '../forward/program-address.ts'
import { createRequestRules } from '../forward/request-rules.ts'
import type { Logger } from '../lib/log.ts'
import { guardsAllButProbes } from './guarded-paths.ts'
import { readWeb, serveWeb } from './web.ts'

export interface ForwardFlags extends WebFlags, LogFlags {
  readonly target: ProgramAddress
  /** `` or `/app`. */
  readonly pathPrefix: string
  readonly allowPaths: readonly string[]
  readonly webTokenFile?: string
}

export interface ForwardOptions {
  readonly flags: ForwardFlags
  readonly logger: Logger
  readonly registry: Registry
  readonly signal: AbortSignal
}

/** `conprof forward`: the pprof of a program that listens on localhost, and nothing else of it. */
export async function runForward({ flags, logger, registry, signal }: ForwardOptions): Promise<void> {
  const { target, webListenAddress } = flags
  if (isOwnAddress(target, webListenAddress)) {
    throw new Error(
      `forward to "${target.text}": that is --web.listen-address, want another port for one of them`,
    )
  }
  const quit = new AbortController()
  const web = await readWeb(flags, { logger })
  const rules = createRequestRules(flags)
  const { server, url } = await serveWeb(web, {
    logger,
    registry,
    guards: guardsAllButProbes,
    // It listens, and that is all: while a container is not ready its pod gets no traffic, and that a program cannot be
    // profiled is no reason to take it away from its users.
    notReady: () => undefined,
    // There is no config to read again; a reload that does nothing is no error.
    reload: () => Promise.resolve(),
    quit: () => quit.abort(),
    routes: [forwardRoutes({ program: target, rules, logger: logger.child({ component: 'forward' }) })],
    drainMs,
  })
  logger.info({ url, target: target.text }, `forwards to ${target.text}: ${rules.summary}`)
  await server.run({ signal: AbortSignal.any([signal, quit.signal]) })
}

/** A CPU profile of the usual length comes to its end, within what Kubernetes gives a pod. */
const drainMs = 15_000
