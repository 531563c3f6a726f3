// The programs here as pods of a real cluster, under the restricted profile and without conprof: each does what it is for.
import { access, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { until } from '../../support/until.ts'
import { useCluster } from '../use-cluster.ts'
import { workloadImages } from './workload-images.ts'
import { applyWorkload, removeWorkloads } from './workloads.ts'

t.test('workloads run as pods', async (t) => {
  const cluster = await useCluster(t)
  const { kubectl, mustKubectl } = cluster
  await cluster.load(workloadImages)
  t.teardown(() => removeWorkloads(cluster))
  await removeWorkloads(cluster)

  /** The one pod that is not on its way out. */
  const podOf = async (workload: string) =>
    until(`one pod of ${workload}`, async () => {
      const text = await mustKubectl(['get', 'pods', '-n=shop', '-o=json', `--selector=app=${workload}`])
      const { items } = JSON.parse(text) as { items: Pod[] }
      const [pod, ...others] = items.filter(({ metadata }) => metadata.deletionTimestamp === undefined)
      return others.length === 0 ? pod : undefined
    })
  /** From the API server, which is a stranger to the pod as a collector is. */
  const ask = async (workload: string, port: number, path: string) => {
    const { metadata } = await podOf(workload)
    return kubectl(['get', '--raw', `/api/v1/namespaces/shop/pods/${metadata.name}:${port}/proxy${path}`])
  }
  const cmdline = '/debug/pprof/cmdline'

  await t.test('leaky starts', async (t) => {
    await applyWorkload(cluster, 'leaky')
    t.match((await ask('leaky', 6060, cmdline)).stdout, /--leak/)
  })

  await t.test('cart and pair serve pprof at each of their ports', async (t) => {
    await applyWorkload(cluster, 'cart')
    t.match((await ask('cart', 6060, cmdline)).stdout, /--burn/)
    await applyWorkload(cluster, 'pair')
    for (const port of [6060, 6061])
      t.match((await ask('pair', port, cmdline)).stdout, new RegExp(`--pprof=:${port}`))
  })

  await t.test('web-node and quotes-rust take profiles with nothing to write to', async (t) => {
    for (const [name, port] of [
      ['web-node', 3000],
      ['quotes-rust', 8080],
    ] as const) {
      await applyWorkload(cluster, name)
      for (const path of ['/debug/pprof/profile?seconds=1', '/debug/pprof/heap']) {
        const { code, stdout, stderr } = await ask(name, port, path)
        t.equal(code, 0, `${name} ${path}: ${stderr}`)
        t.ok(stdout.length > 100, `${stdout.length} characters`)
      }
    }
  })

  await t.test('hermit answers nobody from outside', async (t) => {
    await applyWorkload(cluster, 'hermit')
    const { code, stderr } = await ask('hermit', 6060, cmdline)
    t.not(code, 0)
    t.match(stderr, /connection refused/)
  })

  await t.test('meshed resets plaintext until its port is excluded from the mesh', async (t) => {
    await applyWorkload(cluster, 'meshed')
    const { code, stderr } = await ask('meshed', 6060, cmdline)
    t.not(code, 0)
    t.match(stderr, /connection reset by peer|EOF/)
    const annotations = { 'traffic.sidecar.istio.io/excludeInboundPorts': '6060' }
    const patch = JSON.stringify({ spec: { template: { metadata: { annotations } } } })
    await mustKubectl(['patch', 'deployment', 'meshed', '-n=shop', `--patch=${patch}`])
    await mustKubectl(['rollout', 'status', 'deployment/meshed', '-n=shop', '--timeout=120s'])
    t.match((await ask('meshed', 6060, cmdline)).stdout, /go-shop/)
  })

  await t.test('s3 answers, and has a bucket', async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'conprof-s3-'))
    t.teardown(() => rm(folder, { recursive: true, force: true }))
    await applyWorkload(cluster, 's3', { DATA: join(folder, 'data') })
    await mustKubectl(['get', '--raw', '/api/v1/namespaces/s3/services/s3:http/proxy/healthz'])
    // A node of somebody else's has disks of its own.
    if (cluster.node !== undefined) await access(join(folder, 'data', 'profiles'))
    await mustKubectl(['delete', 'namespace', 's3', '--timeout=120s'])
  })

  await t.test('leaky is killed for its memory, and starts again', async (t) => {
    const killed = await until(
      'the kernel to kill it',
      async () => (await podOf('leaky')).status.containerStatuses[0]?.lastState.terminated,
      180_000,
    )
    t.equal(killed.reason, 'OOMKilled')
    const seconds = (Date.parse(killed.finishedAt) - Date.parse(killed.startedAt)) / 1000
    t.comment(`killed after ${seconds} s`)
    t.ok(seconds >= 50 && seconds <= 110, `after ${seconds} s`)
    const others = ['cart', 'pair', 'web-node', 'quotes-rust', 'hermit', 'meshed']
    for (const name of others)
      for (const { restartCount } of (await podOf(name)).status.containerStatuses)
        t.equal(restartCount, 0, name)
  })
})

interface Pod {
  readonly metadata: { readonly name: string; readonly deletionTimestamp?: string }
  readonly status: {
    readonly containerStatuses: readonly {
      readonly restartCount: number
      readonly lastState: {
        readonly terminated?: {
          readonly reason: string
          readonly startedAt: string
          readonly finishedAt: string
        }
      }
    }[]
  }
}
