import t from 'tap'
import { axeViolations } from '../support/axe-violations.ts'
import { launchChromium } from '../support/chromium.ts'
import { startShop } from '../support/shop-program.ts'
import { openPage } from '../support/ui-page.ts'

t.test('every page is accessible in both schemes, and fits a narrow window', async (t) => {
  const program = await startShop()
  const browser = await launchChromium()
  t.teardown(async () => {
    await browser.close()
    await program.close()
  })
  const { base, nowMs } = program
  const shop = `explore?q=${encodeURIComponent('{namespace="shop", profile_type="heap"}')}&from=now-1h&refresh=0`
  const ranges = `mfrom=${nowMs - 600_000}&mto=${nowMs - 300_000}&bfrom=${nowMs - 200_000}&bto=${nowMs}`
  const pages: readonly (readonly [path: string, selector: string])[] = [
    ['', '.overview tbody tr'],
    ['?find=nobody', '.empty'],
    [shop, '.plot-panel .legend li'],
    [`${shop}&below=breakdown&by=workload`, '.share-bar'],
    [`${shop}&${ranges}`, '.plot-range-b'],
    [`explore?q=${encodeURIComponent('{workload="card"}')}&refresh=0`, '.suggestions li'],
    ['targets', '.badge'],
    ['status', '[aria-label="Storage"] tbody tr'],
  ]
  for (const scheme of ['light', 'dark'] as const) {
    await t.test(scheme, async (t) => {
      for (const [path, selector] of pages) {
        const { page, faults, close } = await openPage(browser, base, scheme, path)
        await page.waitForSelector(selector)
        t.same(await axeViolations(page), [], path)
        await page.setViewportSize({ width: 800, height: 950 })
        // The plot follows the window a moment later.
        await page.waitForFunction(() => document.documentElement.scrollWidth <= innerWidth).catch(() => {})
        const tooWide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
        t.ok(tooWide <= 0, `${path} at 800 pixels is ${tooWide} pixels too wide`)
        t.same(faults, [], path)
        await close()
      }
    })
  }
})
