import { hostname } from 'node:os'
import { fileURLToPath } from 'node:url'
import type { Registry } from 'prom-client'
import type { LogFlags, WebFlags } from '../cli/flags.ts'
import { HttpServer } from '../lib/http/http-server.ts'
import { TokenFile } from '../lib/http/token-file.ts'
import { createWebApp, routePrefixOf } from '../lib/http/web-app.ts'
import { readWebConfig, type WebConfig } from '../lib/http/web-config.ts'
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
  /** Once it listens. */
  readonly onListening?: (url: string) => void
}

/** `conprof operator`: Kubernetes to scrape configs. Resolves once the Lease is given back. */
export async function runOperator(options: RunOperatorOptions): Promise<void> {
  const { flags, build, logger, registry, signal } = options
  const { namespace, release } = flags
  const profiler = new SelfProfiler({ root: fileURLToPath(new URL('../', import.meta.url)) })
  profiler.start()
  const webConfig: WebConfig =
    flags.webConfigFile === undefined
      ? { basicAuthUsers: new Map<string, string>() }
      : await readWebConfig(flags.webConfigFile)
  const tokenFile =
    flags.webTokenFile === undefined ? undefined : await TokenFile.open(flags.webTokenFile, { logger })
  const client = await createKubeClient({
    kubeconfig: flags.kubeconfig,
    registry,
    userAgent: `conprof-operator/${build.version}`,
  })
  const collectorClient = new CollectorClient({ token: () => tokenFile?.current() })
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
    token: () => tokenFile?.current(),
    instance: hostname(),
    logger,
    registry,
  })
  const app = createWebApp({
    registry,
    logger: logger.child({ component: 'http' }),
    routePrefix: routePrefixOf({ routePrefix: flags.webRoutePrefix, externalUrl: flags.webExternalUrl }),
    webConfig,
    ...(tokenFile !== undefined && { token: { file: tokenFile, guards: guardsAllButProbes } }),
    notReady: () => operator.notReady(),
    unhealthy: () => operator.unhealthy(),
    routes: [selfProfileRoutes(profiler), operatorRoutes({ state: operator.state() })],
  })
  const server = await HttpServer.listen(app.callback(), {
    address: flags.webListenAddress,
    tls: webConfig.tls,
    logger,
  })
  logger.info(
    { address: server.address, namespace, release, server: client.server },
    `operator of release "${release}" in namespace "${namespace}" watches ${client.server}`,
  )
  options.onListening?.(`http://${server.address.host ?? '127.0.0.1'}:${server.address.port}`)
  try {
    await runGroup([server.run.bind(server), operator.run.bind(operator)], { signal })
  } finally {
    await collectorClient.close()
    await client.close()
    profiler.close()
  }
}
