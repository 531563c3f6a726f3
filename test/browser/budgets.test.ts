import { gzipSync } from 'node:zlib'
import t from 'tap'
import { launchChromium } from '../support/chromium.ts'
import { freezeTimers } from '../support/frozen-timers.ts'
import { watchWork } from '../support/page-work.ts'
import { putCrowd } from '../support/shop-bucket.ts'
import { startShop } from '../support/shop-program.ts'
import { openPage } from '../support/ui-page.ts'

/**
 * The promise is a first plot within a second of following a link. A clock on the wall would measure what else this
 * machine does, so here it is what the processor computes for it, by its own clock: the page until the picture, and
 * the program for the page. Around 300 ms are usual; Chromium adds as much to begin a page, and a second holds both.
 */
const budgetMs = 400

const crowdQuery = (namespace: string) =>
  `explore?q=${encodeURIComponent(`{namespace="${namespace}", profile_type="cpu"}`)}&from=now-1h&refresh=0`

t.test('what the pages may cost, in a real browser over the real program', async (t) => {
  const program = await startShop({
    put: async (bucket, nowMs) => {
      await putCrowd(bucket, { namespace: 'crowd', nowMs, count: 10_000, pods: 50 })
      await putCrowd(bucket, { namespace: 'mass', nowMs, count: 51_000, pods: 60 })
    },
  })
  const browser = await launchChromium()
  t.teardown(async () => {
    await browser.close()
    await program.close()
  })
  const { base } = program

  await t.test('60 KB before the first picture', async (t) => {
    const html = await (await fetch(base)).text()
    const [, script = ''] = /src="(main-\w+\.js)"/.exec(html) ?? []
    const [, style = ''] = /href="(app-\w+\.css)"/.exec(html) ?? []
    const names = new Set([script])
    let bytes = gzipSync(await read(style)).length
    for (const name of names) {
      const text = await read(name)
      bytes += gzipSync(text).length
      for (const [, chunk = ''] of text.matchAll(/(?:from|import)"\.\/(chunk-[\w-]+\.js)"/g)) names.add(chunk)
    }
    t.comment(`${bytes} bytes of gzip in ${names.size + 1} files`)
    t.ok(bytes <= 60_000, `${bytes} bytes`)
  })

  async function read(name: string): Promise<string> {
    const response = await fetch(base + name)
    if (response.status !== 200) throw new Error(`read ${name}: status is ${response.status}`)
    return response.text()
  }

  for (const scheme of ['light', 'dark'] as const) {
    await t.test(`10,000 dots within a second, ${scheme}`, async (t) => {
      const pageMs: number[] = []
      const serverMs: number[] = []
      const costMs = () => Math.min(...pageMs) + Math.min(...serverMs)
      // A browser that has seen nothing yet each time. The least counts: the program also scrapes itself meanwhile, and
      // on a shared processor the same work takes longer.
      do {
        const beganMs = await cpuMs()
        const work = await watchWork(browser, async () => {
          const { page, faults, close } = await openPage(browser, base, scheme, crowdQuery('crowd'))
          await page.waitForFunction(() => performance.getEntriesByName('plot-first-picture').length > 0)
          serverMs.push((await cpuMs()) - beganMs)
          t.match(await page.locator('.plot-panel .panel-head').innerText(), /10,000 profiles of 50 series/)
          t.same(faults, [])
          await close()
        })
        pageMs.push(work.untilMark('plot-first-picture'))
      } while (costMs() > budgetMs && pageMs.length < 12)
      const list = (all: readonly number[]) => all.map((ms) => ms.toFixed(0)).join(' ')
      const shown = `first plot of 10,000 dots: ${list(pageMs)} ms in the page, ${list(serverMs)} ms in the program`
      t.comment(shown)
      t.ok(Math.min(...pageMs) > 0 && Math.min(...serverMs) > 0, 'both are measured')
      t.ok(costMs() <= budgetMs, shown)
    })
  }

  await t.test('the first plot waits for answers alone, never for a clock', async (t) => {
    const { page, faults, close } = await openPage(browser, base, 'light', 'status')
    t.teardown(close)
    await freezeTimers(page)
    await page.goto(base + crowdQuery('crowd'))
    await page.waitForFunction(() => performance.getEntriesByName('plot-first-picture').length > 0)
    t.match(await page.locator('.plot-panel .panel-head').innerText(), /10,000 profiles of 50 series/)
    t.same(faults, [])
  })

  /** That the program has used so far. */
  async function cpuMs(): Promise<number> {
    const metrics = await (await fetch(`${base}metrics`)).text()
    const [, seconds] = /^process_cpu_seconds_total (\S+)/m.exec(metrics) ?? []
    return Number(seconds) * 1000
  }

  await t.test('51,000 profiles are a heat map, which zooms to dots', async (t) => {
    const { page, faults, close } = await openPage(browser, base, 'light', crowdQuery('mass'))
    t.teardown(close)
    const head = page.locator('.plot-panel .panel-head')
    await head.getByText('a heat map; zoom in to see each').waitFor()
    t.match(await head.innerText(), /51,000 profiles of 60 series/)
    const over = await page.locator('.u-over').boundingBox()
    if (over === null) throw new Error('the plot is not there')
    // The profiles are in the last half of the range.
    await page.waitForFunction(() => performance.getEntriesByName('plot-first-picture').length > 0)
    await hoverCell(over.x + over.width * 0.75)
    t.match(await page.locator('.hovering').innerText(), /\d profiles?[\s\S]*click to zoom in/)
    await page.mouse.down()
    await page.mouse.up()
    await page.waitForFunction(() => /\bfrom=\d{13}.*\bto=\d{13}/.test(location.search))
    await page.waitForFunction(
      () => document.querySelector('.plot-panel .panel-head')?.textContent?.includes('heat map') === false,
    )
    t.same(faults, [])

    async function hoverCell(x: number): Promise<void> {
      if (over === null) return
      for (let y = over.y + over.height - 3; y > over.y; y -= 4) {
        await page.mouse.move(x, y)
        if ((await page.locator('.hovering').count()) > 0) return
      }
      throw new Error('no cell of the heat map answers')
    }
  })
})
