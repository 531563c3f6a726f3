import { hostname } from 'node:os'
import { fileURLToPath } from 'node:url'
import type { Registry } from 'prom-client'
import type { LogFlags, WebFlags } from '../cli/flags.ts'
import { createKubeClient } from '../lib/kube/create-kube-client.ts'
import { Lease } from '../lib/kube/lease.ts'
import { runGroup } from '../lib/lifecycle/run-group.ts'
import type { Logger } from '../lib/log.ts'
import type { BuildInfo } from '../lib/metrics.ts'
import { CollectorClient } from '../operator/collector-client.ts'
import { Operator } from '../operator/controller/operator.ts'
import { operatorRoutes } from '../operator/pages/operator-routes.ts'
import type { TargetSettings } from '../operator/targets/settings.ts'
import { selfProfileRoutes } from '../profile/self-profile-routes.ts'
import { SelfProfiler } from '../profile/self-profiler.ts'
import { guardsAllButProbes } from './guarded-paths.ts'
import { readWeb, serveWeb } from './web.ts'

export interface OperatorFlags extends WebFlags, LogFlags {
  readonly namespace: string
  readonly release: string
  readonly kubeconfig?: string
  readonly statefulSet: string
  readonly collectorsPort: number
  readonly collectorsScheme: 'http' | 'https'
  /** `` or `/conprof`. */
  readonly collectorsPrefix: string
  readonly webTokenFile?: string
  readonly watchNamespaces: readonly string[]
  readonly podLabelSelector?: string
  readonly settings: TargetSettings
}

export interface RunOperatorOptions {
  readonly flags: OperatorFlags
  readonly build: BuildInfo
  readonly logger: Logger
  readonly registry: Registry
  readonly signal: AbortSignal
}

/** `conprof operator`: Kubernetes to scrape configs. Resolves once the Lease is given back. */
export async function runOperator(options: RunOperatorOptions): Promise<void> {
  const { flags, build, logger, registry, signal } = options
  const { namespace, release } = flags
  const profiler = new SelfProfiler({ root: fileURLToPath(new URL('../', import.meta.url)) })
  profiler.start()
  const quit = new AbortController()
  const web = await readWeb(flags, { logger })
  const token = () => web.tokenFile?.current()
  const client = await createKubeClient({
    kubeconfig: flags.kubeconfig,
    registry,
    userAgent: `conprof-operator/${build.version}`,
  })
  const collectorClient = new CollectorClient({ token })
  const lease = new Lease({
    client,
    namespace,
    name: `${release}-operator`,
    identity: `${hostname()}_${process.pid}`,
    logger,
    registry,
  })
  const operator = new Operator({
    ...flags,
    client,
    lease,
    collectorClient,
    token,
    instance: hostname(),
    logger,
    registry,
  })
  const { server } = await serveWeb(web, {
    logger,
    registry,
    guards: guardsAllButProbes,
    notReady: () => operator.notReady(),
    unhealthy: () => operator.unhealthy(),
    // There is no config to read again; a reload that does nothing is no error.
    reload: () => Promise.resolve(),
    quit: () => quit.abort(),
    routes: [selfProfileRoutes(profiler), operatorRoutes({ state: operator.state() })],
  })
  logger.info(
    { address: server.address, namespace, release, server: client.server },
    `operator of release "${release}" in namespace "${namespace}" watches ${client.server}`,
  )
  try {
    await runGroup([server.run.bind(server), operator.run.bind(operator)], {
      signal: AbortSignal.any([signal, quit.signal]),
    })
  } finally {
    await collectorClient.close()
    await client.close()
    profiler.close()
  }
}
