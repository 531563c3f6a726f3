import { hostname } from 'node:os'
import { fileURLToPath } from 'node:url'
import type { Registry } from 'prom-client'
import type { BlockVersion } from '../block/block-format.ts'
import type { Bucket } from '../bucket/bucket.ts'
import type { CompactFlags } from '../cli/compact-flags.ts'
import type { LogFlags, WebFlags } from '../cli/flags.ts'
import { openBucket } from '../cli/open-bucket.ts'
import type { RetentionFlags } from '../cli/retention-flags.ts'
import { kubernetesClusterName } from '../compact/cluster-name.ts'
import { createKubeClient } from '../lib/kube/create-kube-client.ts'
import type { KubeClient } from '../lib/kube/kube-client.ts'
import { Lease } from '../lib/kube/lease.ts'
import { type Run, runGroup } from '../lib/lifecycle/run-group.ts'
import type { Logger } from '../lib/log.ts'
import type { BuildInfo } from '../lib/metrics.ts'
import { selfProfileRoutes } from '../profile/self-profile-routes.ts'
import { SelfProfiler } from '../profile/self-profiler.ts'
import { BucketProbe } from '../query/bucket-probe.ts'
import { createCompactor } from './compacting.ts'
import { guardsAllButProbes } from './guarded-paths.ts'
import { readWeb, serveWeb } from './web.ts'

export interface CompactProgramFlags extends WebFlags, LogFlags, CompactFlags, RetentionFlags {
  readonly objstoreConfigFile?: string
  /** Its `bucket/` is compacted, without `objstoreConfigFile`; and where blocks lie on their way. */
  readonly storagePath: string
  readonly storageWriteVersion: BlockVersion
  readonly webTokenFile?: string
  readonly compactLease?: { readonly namespace: string; readonly name: string }
  readonly kubeconfig?: string
}

export interface RunCompactOptions {
  readonly flags: CompactProgramFlags
  readonly build: BuildInfo
  readonly logger: Logger
  readonly registry: Registry
  readonly signal: AbortSignal
}

/** `conprof compact`: rounds until the signal. Rejects where another cluster compacts the bucket. */
export async function runCompact(options: RunCompactOptions): Promise<void> {
  const { flags, logger, registry } = options
  const profiler = new SelfProfiler({ root: fileURLToPath(new URL('../', import.meta.url)) })
  profiler.start()
  const bucket = await openBucket({ ...flags, isNew: false, logger, registry })
  try {
    await runParts(options, { profiler, bucket })
  } finally {
    await bucket.close()
    profiler.close()
  }
}

async function runParts(
  options: RunCompactOptions,
  { profiler, bucket }: { readonly profiler: SelfProfiler; readonly bucket: Bucket },
): Promise<void> {
  const { flags, logger, registry } = options
  const quit = new AbortController()
  const web = await readWeb(flags, { logger })
  const probe = new BucketProbe({ bucket, logger })
  const { compactLease: name } = flags
  const lease = name === undefined ? undefined : await openLease(name, options)
  try {
    const cluster = await lease?.cluster()
    const compactor = await createCompactor({ flags, bucket, cluster, logger, registry })
    const { server, url } = await serveWeb(web, {
      logger,
      registry,
      guards: guardsAllButProbes,
      notReady: () => probe.missing,
      // There is no config to read again; a reload that does nothing is no error.
      reload: () => Promise.resolve(),
      quit: () => quit.abort(),
      routes: [selfProfileRoutes(profiler)],
    })
    logger.info({ url, lease: name?.name }, `compacts bucket ${bucket.name}`)
    const compact: Run = (run) =>
      lease === undefined ? compactor.run(run) : lease.run(run, (led) => compactor.run(led))
    await runGroup([server.run.bind(server), probe.run.bind(probe), compact], {
      signal: AbortSignal.any([options.signal, quit.signal]),
    })
  } finally {
    await lease?.client.close()
  }
}

/**
 * Patient: the symbols of a large program are compressed in one go, for seconds in which nothing is renewed, and a job
 * that is lost begins anew. Nothing waits for who is next.
 */
const leaseTiming = { leaseMs: 120_000, renewDeadlineMs: 90_000, retryMs: 5000 }

/** One at a time, of however many there are. */
async function openLease(
  name: NonNullable<CompactProgramFlags['compactLease']>,
  { flags, build, logger, registry }: RunCompactOptions,
): Promise<{
  readonly client: KubeClient
  readonly cluster: () => Promise<string | undefined>
  readonly run: (options: Parameters<Run>[0], work: Run) => Promise<void>
}> {
  const client = await createKubeClient({
    kubeconfig: flags.kubeconfig,
    registry,
    userAgent: `conprof-compact/${build.version}`,
  })
  const lease = new Lease({
    ...{ client, ...name, logger, registry },
    identity: `${hostname()}_${process.pid}`,
    metric: 'conprof_compact_leader',
    timing: leaseTiming,
  })
  return {
    client,
    cluster: async () =>
      flags.compactCluster === undefined ? kubernetesClusterName(client, name) : undefined,
    run: ({ signal }, work) => lease.run({ signal, onLeading: (_, led) => work(led) }),
  }
}
