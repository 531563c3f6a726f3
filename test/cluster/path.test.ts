// A user's whole path, on a real cluster and with the real image: what the README promises, in its order.
import { join } from 'node:path'
import t from 'tap'
import type {
  CollectorsAnswer,
  ProfilesAnswer,
  SuccessAnswer,
  TargetsAnswer,
  TopAnswer,
} from '../../query/api/types.ts'
import { goToolPprof } from '../../query/testdata/go-tool-pprof.ts'
import { askApi } from '../support/ask-api.ts'
import { launchChromium } from '../support/chromium.ts'
import { runConprof } from '../support/conprof.ts'
import { bothHelms } from '../support/helm.ts'
import { clickDot, openPage } from '../support/ui-page.ts'
import { until } from '../support/until.ts'
import { answerSince, attemptsSince, ConprofRelease, untilProfile } from './support/conprof-release.ts'
import { eventually } from './support/eventually.ts'
import { PortForward } from './support/port-forward.ts'
import { startS3 } from './support/s3-in-cluster.ts'
import { gaps, overlaps, scrapeLoops } from './support/scrape-history.ts'
import { TimedSteps } from './support/timed-steps.ts'
import { useCluster } from './use-cluster.ts'
import { workloadImages } from './workloads/workload-images.ts'
import { applyWorkload, removeWorkloads } from './workloads/workloads.ts'

const namespace = 'conprof'

t.test('from helm install to a flame graph', async (t) => {
  const steps = new TimedSteps(t)
  const cluster = await useCluster(t)
  const [, helm] = await bothHelms(t, { kubeconfig: cluster.kubeconfig })
  const { mustKubectl } = cluster
  if (!cluster.endsWithTest) t.teardown(() => removeWorkloads(cluster))

  const image = await cluster.loadConprof()
  await cluster.load(workloadImages)
  const s3 = await startS3(t, cluster, 'path')
  // In a cluster that stays up, an earlier run's are there.
  const former = new Set(await s3.keys())
  for (const name of ['cart', 'pair'] as const) await applyWorkload(cluster, name)
  const release = new ConprofRelease({
    cluster,
    helm: helm!,
    namespace,
    image,
    values: {
      cluster: 'test',
      bucket: { config: s3.objstoreConfig },
      // All as installed but for this: so that the first block is there before half an hour has gone.
      collector: { extraArgs: ['--block.duration=1m'] },
      // And for this, to take profiles now.
      query: { adminApi: true },
    },
  })
  await mustKubectl(['create', 'namespace', namespace])
  await mustKubectl(['label', 'namespace', namespace, 'pod-security.kubernetes.io/enforce=restricted'])
  if (!cluster.endsWithTest)
    t.teardown(() => cluster.kubectl(['delete', 'namespace', namespace, '--wait=true', '--timeout=90s']))

  await steps.step('helm install', async (t) => {
    await release.install()
    t.equal((await release.pods('collector')).length, 1)
  })

  await steps.step('helm test', async (t) => {
    t.match(await release.test(), /profile .+ bytes as pprof/)
  })

  let annotatedMs = 0
  await steps.step('annotate the pods of a Deployment', async () => {
    const annotations = { 'conprof.io/scrape': 'true' }
    const patch = JSON.stringify({ spec: { template: { metadata: { annotations } } } })
    await mustKubectl(['patch', 'deployment', 'cart', '-n=shop', `--patch=${patch}`])
    annotatedMs = Date.now()
  })

  await steps.step('apply a ProfileTarget, and kubectl get pft shows its targets', async (t) => {
    await mustKubectl(['apply', '-f', join(import.meta.dirname, 'workloads/go-shop/pair-target.yaml')])
    const line = await eventually('kubectl get pft to show two targets', async () => {
      const table = await mustKubectl(['get', 'pft', '-n=shop', 'pair'])
      return /^pair +2 /m.test(table) ? table : undefined
    })
    t.match(line, /^NAME +/)
    t.comment(`\n${line}`)
  })

  // As a user does, all the way to the end: what is asked goes by this address.
  const forward = await PortForward.open(t, cluster, {
    namespace,
    target: 'service/conprof-query',
    port: 8080,
  })
  const url = await forward.url()
  const cartCpu = '{namespace="shop", workload="cart", profile_type="cpu"}'

  await steps.step('the first profile is visible', async (t) => {
    const first = await untilProfile(url, '{namespace="shop", workload="cart"}', annotatedMs, 300_000)
    const seconds = (first.time - annotatedMs) / 1000 + first.scrapeSeconds
    t.ok(seconds < 90, `${seconds.toFixed(1)} s after the annotation: ${first.labels['profile_type']}`)
    t.match(first.labels, {
      cluster: 'test',
      service_name: 'shop/cart',
      workload_kind: 'Deployment',
      container: 'shop',
      node: /./,
    })
    t.equal(first.health, 'ok')
  })

  await steps.step('both containers of a pod, by their ports', async (t) => {
    const ports = await eventually('profiles of both', async () => {
      const attempts = await attemptsSince(url, '{namespace="shop", workload="pair"}', annotatedMs)
      const stored = attempts.filter(({ hasBody }) => hasBody)
      const found = new Map(stored.map(({ labels }) => [labels['container'], labels['instance']]))
      return found.size === 2 ? found : undefined
    })
    t.match(ports.get('front'), /:6060$/)
    t.match(ports.get('back'), /:6061$/)
  })

  await steps.step('blocks are in the bucket', async (t) => {
    const keys = await eventually('a block in the bucket', async () => {
      const keys = (await s3.keys()).filter((key) => !former.has(key))
      return keys.some((key) => key.endsWith('.block')) ? keys : undefined
    })
    t.match(
      keys.find((key) => key.endsWith('.block')),
      /^blocks\/\d{4}-\d\d-\d\d\/\d{13}-\d{13}-/,
    )
  })

  await steps.step('the UI lists the workload, and clicks lead to its flame graph', async (t) => {
    await untilProfile(url, cartCpu, annotatedMs, 300_000)
    const browser = await launchChromium()
    t.teardown(() => browser.close())
    const { page, faults } = await openPage(browser, `${url}/`, 'light')
    await page.getByRole('link', { name: 'cart', exact: true }).click()
    await page.waitForFunction(() => {
      const chosen = new URL(location.href).searchParams.get('q') ?? ''
      return ['"shop"', '"cart"', '"cpu"'].every((value) => chosen.includes(value))
    })
    await page.waitForSelector('.u-over')
    await clickDot(page)
    await page.waitForSelector('.flame-host canvas')
    const row = page.locator('.top-table tbody tr[aria-rowindex]').first()
    await row.waitFor()
    t.match(await row.innerText(), /hashPrices/, 'what burns CPU is on top')
    t.match(await page.locator('.selection-head').innerText(), /shop\/cart/)
    t.same(faults, [])
  })

  await steps.step('go tool pprof reads the same address', async (t) => {
    const parameters = new URLSearchParams({ query: cartCpu, start: 'now-1h', end: 'now' })
    const top = await goToolPprof(t, ['-top', `${url}/api/v1/profile?${parameters}`])
    if (top === undefined) return
    t.match(top, /Type: cpu/)
    const [first] = top.split('\n').filter((line) => /%/.test(line) && /main\./.test(line))
    t.match(first, /main\.hashPrices/)
    const ours = await fetch(`${url}/api/v1/profile?${parameters}&format=top`)
    const { data } = (await ours.json()) as SuccessAnswer<TopAnswer>
    t.equal(data.functions[0]?.name, 'main.hashPrices')
  })

  await steps.step('profiles are taken now, and told by their capture', async (t) => {
    const selector = '{namespace="shop", workload="cart", profile_type=~"cpu|heap"}'
    const took = ['capture', selector, '--seconds=2', '--count=2', '--pods=1', `--url=${url}`]
    const { code, stdout, stderr } = await runConprof(took)
    t.equal(code, 0, stderr)
    const [, id] = /capture (\S+): 2 series/.exec(stderr) ?? []
    const { data } = await until('an answer that lacks nothing', async () => {
      const answer = await askApi<ProfilesAnswer>(url, 'profiles', { query: `{capture="${id}"}` })
      return answer.warnings.length === 0 ? answer : undefined
    })
    t.same(data.profiles.map(({ labels, health }) => `${labels['profile_type']} ${health}`).sort(), [
      'cpu ok',
      'cpu ok',
      'heap ok',
      'heap ok',
    ])
    for (const { id } of data.profiles) t.match(stdout, id)
  })

  await steps.step('what cannot be scraped says why', async (t) => {
    for (const name of ['hermit', 'meshed', 'leaky'] as const) await applyWorkload(cluster, name)
    const appliedMs = Date.now()
    const target = (workload: string, health: string) =>
      eventually(`${workload} to be ${health}`, async () => {
        const { data } = await askApi<TargetsAnswer>(url, 'targets')
        return data.activeTargets.find(
          (target) => target.labels['workload'] === workload && target.health === health,
        )
      })
    const hermit = await target('hermit', 'refused')
    t.match(hermit.reason, /ECONNREFUSED/)
    t.match(hermit.remedy, /localhost/)
    const meshed = await target('meshed', 'mesh-blocked')
    t.match(meshed.remedy, /excludeInboundPorts/)
    t.comment(`hermit: ${hermit.reason}: ${hermit.remedy}\nmeshed: ${meshed.reason}: ${meshed.remedy}`)
    await untilProfile(url, '{namespace="shop", workload="leaky", profile_type="heap"}', appliedMs, 300_000)
  })

  await steps.step('the remedy lets the collector through the mesh', async (t) => {
    const annotations = { 'traffic.sidecar.istio.io/excludeInboundPorts': '6060' }
    const patch = JSON.stringify({ spec: { template: { metadata: { annotations } } } })
    await mustKubectl(['patch', 'deployment', 'meshed', '-n=shop', `--patch=${patch}`])
    const profile = await untilProfile(url, '{namespace="shop", workload="meshed"}', Date.now(), 300_000)
    t.match(profile.labels, { container: 'shop', mesh: 'istio' })
  })

  await steps.step('a sidecar brings the profiles of what listens on localhost', async (t) => {
    const patch = JSON.stringify({ spec: { template: withForward(image) } })
    await mustKubectl(['patch', 'deployment', 'hermit', '-n=shop', `--patch=${patch}`])
    const patchedMs = Date.now()
    const query = '{namespace="shop", workload="hermit", profile_type="heap"}'
    const profile = await untilProfile(url, query, patchedMs, 300_000)
    t.match(profile.labels, { container: 'shop', instance: /:6061$/ })
  })

  await steps.step('programs in Node and Rust', async (t) => {
    for (const name of ['web-node', 'quotes-rust'] as const) await applyWorkload(cluster, name)
    const appliedMs = Date.now()
    for (const workload of ['web-node', 'quotes-rust']) {
      const query = `{namespace="shop", workload="${workload}", profile_type="cpu"}`
      const profile = await untilProfile(url, query, appliedMs, 300_000)
      t.equal(profile.health, 'ok', workload)
    }
  })

  await steps.step('helm upgrade to three collectors: everything is scraped exactly once', async (t) => {
    const upgradedMs = Date.now()
    await release.upgrade({ collector: { replicas: 3, extraArgs: ['--block.duration=1m'] } })
    await eventually('targets on each of three collectors', async () => {
      const { data } = await askApi<CollectorsAnswer>(url, 'status/collectors')
      const busy = data.collectors.filter(({ reachable, targets }) => reachable && (targets ?? 0) > 0)
      return busy.length === 3
    })
    const movedMs = Date.now()
    const full = await until(
      'two whole intervals after that',
      async () => {
        const { attempts, warnings } = await answerSince(url, '{namespace="shop"}', annotatedMs)
        const isSeen = attempts.some(({ time }) => time > movedMs + 120_000)
        return isSeen && warnings.length === 0 ? attempts : undefined
      },
      400_000,
    )
    const loops = scrapeLoops(full)
    t.ok(loops.length >= 15, `${loops.length} loops, ${full.length} attempts`)
    t.same(overlaps(loops), [])
    t.same(
      gaps(
        loops.filter(({ attempts }) => attempts.at(-1)!.time > upgradedMs),
        { intervalMs: 60_000, slots: 1 },
      ),
      [],
    )
    const { data } = await askApi<TargetsAnswer>(url, 'targets')
    const owners = Map.groupBy(
      data.activeTargets,
      ({ scrapeUrl, profileType }) => `${profileType} ${scrapeUrl}`,
    )
    t.same(
      [...owners].filter(([, targets]) => targets.length > 1).map(([name]) => name),
      [],
      'each has one collector',
    )
    const { data: all } = await askApi<ProfilesAnswer>(url, 'profiles', {
      query: '{namespace="shop"}',
      limit: '1',
    })
    t.equal(all.profiles.length, 1)
  })

  await steps.step('what held the memory of a program that was killed for it', async (t) => {
    const path = '{.items[0].status.containerStatuses[0].lastState.terminated}'
    const killed = await eventually('the kernel to kill it', async () => {
      const text = await mustKubectl(['get', 'pods', '-n=shop', '-l=app=leaky', `-o=jsonpath=${path}`])
      return text === '' ? undefined : (JSON.parse(text) as { reason: string; finishedAt: string })
    })
    t.equal(killed.reason, 'OOMKilled')
    const killedMs = Date.parse(killed.finishedAt)
    const query = '{namespace="shop", workload="leaky", profile_type="heap"}'
    // The newest first.
    const attempts = await attemptsSince(url, query, killedMs - 60_000)
    const last = attempts.find(({ time, hasBody }) => hasBody && time < killedMs)
    const answer = await fetch(`${url}/api/v1/profile?id=${last?.id}&type=inuse_space&format=top`)
    const { data } = (await answer.json()) as SuccessAnswer<TopAnswer>
    t.equal(data.functions[0]?.name, 'main.keepForever')
    t.comment(`${(killedMs - last!.time) / 1000} s before it was killed: ${data.functions[0]?.flat} bytes`)
  })

  await steps.step('helm uninstall leaves what the values say to keep', async (t) => {
    const before = await s3.keys()
    await release.uninstall()
    await forward.close()
    const left = async (kinds: string) =>
      (await mustKubectl(['get', kinds, '-n', namespace, '-o=name'])).split('\n').filter(Boolean)
    await eventually('all pods but that of helm test to end', async () => (await left('pods')).length <= 1)
    t.same(await left('deployments,statefulsets,services,configmaps,serviceaccounts,roles,rolebindings'), [
      'configmap/kube-root-ca.crt',
      'serviceaccount/default',
    ])
    t.same(
      await left('persistentvolumeclaims'),
      [0, 1, 2].map((n) => `persistentvolumeclaim/data-conprof-collector-${n}`),
    )
    t.match(await mustKubectl(['get', 'pft', '-A']), /pair/, 'ProfileTargets stay')
    const after = await s3.keys()
    t.same(
      before.filter((key) => !after.includes(key)),
      [],
      'the bucket loses nothing',
    )
    t.ok(after.length > before.length, 'each collector brought its last block to the bucket')
  })
})

/** As docs/kubernetes.md says, of a pod whose program serves pprof at 127.0.0.1:6060. */
function withForward(image: string) {
  return {
    metadata: { annotations: { 'conprof.io/port': '6061', 'conprof.io/container': 'shop' } },
    spec: {
      initContainers: [
        {
          name: 'conprof-forward',
          image,
          imagePullPolicy: 'Never',
          args: ['forward', '--target=localhost:6060'],
          restartPolicy: 'Always',
          resources: { requests: { cpu: '5m', memory: '64Mi' }, limits: { memory: '128Mi' } },
          securityContext: {
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ['ALL'] },
          },
        },
      ],
    },
  }
}
