// `npm run screenshots`: the pictures of README.md and docs/, of the real UI over real programs on a real cluster.
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import type { Test } from 'tap'
import type { TargetsAnswer } from '../../query/api/types.ts'
import { askApi } from '../support/ask-api.ts'
import { launchChromium } from '../support/chromium.ts'
import { bothHelms } from '../support/helm.ts'
import { clickDot, openPage } from '../support/ui-page.ts'
import { until } from '../support/until.ts'
import { ConprofRelease, untilProfile } from './support/conprof-release.ts'
import { PortForward } from './support/port-forward.ts'
import { startS3 } from './support/s3-in-cluster.ts'
import { useCluster } from './use-cluster.ts'
import { workloadImages } from './workloads/workload-images.ts'
import { applyWorkload, removeWorkloads } from './workloads/workloads.ts'

const namespace = 'conprof'
const folder = join(import.meta.dirname, '../../docs/images')

/** How long everything runs before the pictures: the leaking program is killed two times or three meanwhile. */
const minutes = Number(process.env['CONPROF_SCREENSHOT_MINUTES'] ?? 6)

async function run(t: Pick<Test, 'teardown'>): Promise<void> {
  await mkdir(folder, { recursive: true })
  const cluster = await useCluster(t)
  const image = await cluster.loadConprof()
  await cluster.load(workloadImages)
  t.teardown(async () => {
    await removeWorkloads(cluster)
    await cluster.mustKubectl(['delete', 'namespace', namespace, '--ignore-not-found', '--timeout=120s'])
  })
  const s3 = await startS3(t, cluster, 'screenshots')
  const [, helm] = await bothHelms(t as Test, { kubeconfig: cluster.kubeconfig })
  const release = new ConprofRelease({
    cluster,
    helm: helm!,
    namespace,
    image,
    values: { cluster: 'prod-eu', bucket: { config: s3.objstoreConfig }, defaultInterval: '15s' },
  })
  await release.install()
  t.teardown(() => release.uninstall())
  for (const name of ['cart', 'pair', 'leaky', 'web-node', 'quotes-rust', 'meshed', 'hermit'] as const)
    await applyWorkload(cluster, name)
  const annotations = { 'conprof.io/scrape': 'true', 'conprof.io/cpu.seconds': '5' }
  const patch = JSON.stringify({ spec: { template: { metadata: { annotations } } } })
  await cluster.mustKubectl(['patch', 'deployment', 'cart', '-n=shop', `--patch=${patch}`])
  await cluster.mustKubectl(['scale', 'deployment', 'cart', '-n=shop', '--replicas=3'])
  await cluster.mustKubectl(['apply', '-f', join(import.meta.dirname, 'workloads/go-shop/pair-target.yaml')])

  const forward = await PortForward.open(t, cluster, {
    namespace,
    target: 'service/conprof-query',
    port: 8080,
  })
  const url = await forward.url()
  const startMs = Date.now()
  await untilProfile(url, '{workload="cart", profile_type="cpu"}', startMs, 120_000)
  await until(
    `${minutes} minutes of profiles`,
    async () => {
      const { data } = await askApi<TargetsAnswer>(url, 'targets')
      return data.activeTargets.length > 10 && Date.now() - startMs > minutes * 60_000
    },
    minutes * 60_000 + 60_000,
  )

  const browser = await launchChromium()
  t.teardown(() => browser.close())
  for (const scheme of ['light', 'dark'] as const) {
    const shoot = async (name: string, path: string, prepare: (page: Page) => Promise<void>) => {
      const { page, close } = await openPage(browser, `${url}/`, scheme, path)
      await prepare(page)
      await page.waitForLoadState('networkidle')
      await page.screenshot({ path: join(folder, `${name}-${scheme}.png`) })
      await close()
      console.log(`docs/images/${name}-${scheme}.png`)
    }
    const range = `from=now-${minutes}m&to=now`
    await shoot('overview', '', async (page) => {
      await page.getByRole('link', { name: 'cart', exact: true }).waitFor()
    })
    const cart = encodeURIComponent('{service_name="shop/cart", profile_type="cpu"}')
    await shoot('flame-graph', `explore?q=${cart}&${range}`, async (page) => {
      await page.waitForSelector('.u-over')
      await clickDot(page)
      await page.waitForSelector('.flame-host canvas')
      await page.waitForSelector('.top-table tbody tr[aria-rowindex]')
    })
    const leaky = encodeURIComponent('{service_name="shop/leaky", profile_type="heap"}')
    await shoot('leak', `explore?q=${leaky}&${range}`, async (page) => {
      await page.waitForSelector('.u-over')
    })
    await shoot('targets', 'targets', async (page) => {
      await page.waitForSelector('.badge-bad')
    })
  }
}

const teardowns: (() => unknown)[] = []
try {
  await run({ teardown: (end) => void teardowns.unshift(end) })
} finally {
  for (const end of teardowns) await end()
}
