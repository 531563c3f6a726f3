import type { Page } from 'playwright-core'
import t from 'tap'
import { axeViolations } from '../support/axe-violations.ts'
import { launchChromium } from '../support/chromium.ts'
import { freezeTimers } from '../support/frozen-timers.ts'
import { largeProfile } from '../support/large-profile.ts'
import { watchWork } from '../support/page-work.ts'
import { etcdCpu, startStoredProfiles } from '../support/stored-profiles.ts'
import { openPage } from '../support/ui-page.ts'
import { until } from '../support/until.ts'

const { firstMs } = etcdCpu
const big = (count: number, nodes: number) =>
  Array.from({ length: count }, (_, index) => {
    const timeMs = firstMs + index * 10_000
    return { type: 'cpu', timeMs, bytes: largeProfile({ nodes, timeMs, seed: index + 1 }) }
  })

/** The explore page with a merged range open. */
function merged(
  query: string,
  keys: Record<string, string> = {},
  range = [firstMs - 1000, firstMs + 100_000],
) {
  const [from, to] = range.map(String) as [string, string]
  const params = new URLSearchParams({ q: query, from, to, mfrom: from, mto: to, refresh: '0', ...keys })
  return `explore?${params}`
}

t.test('flame graphs of large profiles, in a real browser', async (t) => {
  const program = await startStoredProfiles([
    ...big(2, 100_000).map((profile) => ({ job: 'big', ...profile })),
    ...big(1, 260_000).map((profile) => ({ job: 'huge', ...profile })),
  ])
  const browser = await launchChromium()
  t.teardown(async () => {
    await browser.close()
    await program.close()
  })
  const { base } = program
  const open = async (path: string, scheme: 'light' | 'dark' = 'light') => {
    const opened = await openPage(browser, base, scheme, path)
    t.teardown(opened.close)
    return opened
  }

  const one = (index: number) =>
    merged('{job="big"}', { view: 'flame' }, [firstMs + index * 10_000 - 1, firstMs + index * 10_000 + 1])

  await t.test('100,000 nodes are drawn within 300 ms, zoomed within 150 ms', async (t) => {
    const { page, faults } = await open(one(0))
    await measured(page, 'flame-first-picture')
    const first: number[] = []
    const zooms: number[] = []
    const pans: number[] = []
    // The least of several: on a shared processor the same work takes longer.
    for (let turn = 1; turn < 6 || (turn < 15 && isSlow(first, zooms)); turn++) {
      const work = await watchWork(browser, async () => {
        await show(page, base + one(turn % 2))
        await measured(page, 'flame-first-picture')
        t.match(
          await page.locator('.frame-table caption').textContent(),
          /total and the \d+ frames next to it/,
        )
        await page.locator('.flame-host').focus()
        for (const key of ['ArrowDown', 'ArrowDown', 'ArrowRight', 'Enter']) await page.keyboard.press(key)
        await measured(page, 'flame-zoom')
      })
      first.push(work.ofMeasure('flame-first-picture'))
      zooms.push(work.ofMeasure('flame-zoom'))
      await page.keyboard.press('0')
      pans.push(await framesPerPan(page))
    }
    const list = (all: readonly number[]) => all.map((ms) => ms.toFixed(0)).join(' ')
    t.comment(
      `work for a first picture of 100,000 nodes: ${list(first)} ms; for a zoom: ${list(zooms)} ms; a frame while panning: ${list(pans)} ms`,
    )
    t.ok(Math.min(...first, ...zooms) > 0, 'both are measured')
    t.ok(Math.min(...first) <= firstBudgetMs, `first picture: ${list(first)} ms`)
    t.ok(Math.min(...zooms) <= zoomBudgetMs, `zoom: ${list(zooms)} ms`)
    t.same(faults, [])
  })

  await t.test('neither waits for a clock', async (t) => {
    const { page, faults } = await open('status')
    await freezeTimers(page)
    await page.goto(base + one(0))
    await measured(page, 'flame-first-picture')
    await page.locator('.flame-host').focus()
    for (const key of ['ArrowDown', 'ArrowDown', 'ArrowRight', 'Enter']) await page.keyboard.press(key)
    await measured(page, 'flame-zoom')
    t.same(faults, [])
  })

  await t.test('turned: from the leaves, recursion collapsed, one function in the middle', async (t) => {
    const { page, faults } = await open(merged('{job="big"}', { view: 'flame' }, [firstMs - 1, firstMs + 1]))
    await page.locator('.flame-host canvas').waitFor()
    const told = () => page.locator('.flame [aria-live]').textContent()
    await page.locator('.flame-host').focus()
    await page.keyboard.press('i')
    await page.waitForFunction(() => location.search.includes('inv=1'))
    await page.locator('.flame-host[aria-label*="leaves"]').waitFor()
    // Keys that are pressed while the turned graph is still on its way go to the one that it replaces.
    await until('a frame to be told', async () => {
      await page.locator('.flame-host').focus()
      await page.keyboard.press('ArrowDown')
      return /example\.org.+total .+ self /.test((await told()) ?? '')
    })
    await page.keyboard.press('Enter')
    await page.locator('.crumbs [aria-current]').waitFor()
    await page.keyboard.press('r')
    await page.waitForFunction(() => location.search.includes('rec=1') && !location.search.includes('zoom='))
    await page.keyboard.press('m')
    await page.locator('.sandwich-half').nth(1).waitFor()
    t.match(page.url(), /view=callers/)
    t.same(await page.locator('.sandwich-half h3').allInnerTexts(), ['What calls it', 'What it calls'])
    t.same(await axeViolations(page), [])
    t.same(faults, [])
  })

  await t.test('what is not loaded opens when asked', async (t) => {
    const { page, faults } = await open(merged('{job="huge"}', { view: 'flame' }, [firstMs - 1, firstMs + 1]))
    const hint = page.locator('.flame-rest')
    await hint.waitFor()
    const before = count(await hint.innerText())
    t.ok(before > 50_000, `${before} frames are not loaded`)
    await page.locator('.frame-table summary').click()
    // A caller with a rest: down the widest frames until one is there.
    const load = page.getByRole('button', { name: 'Load', exact: true })
    for (let depth = 0; depth < 20 && (await load.count()) === 0; depth++) {
      const told = await page.locator('.frame-table caption').textContent()
      await page.locator('.frame-table .frame-table-child button').first().click()
      await page.waitForFunction(
        (caption) => document.querySelector('.frame-table caption')?.textContent !== caption,
        told,
      )
    }
    await load.first().click()
    await page.waitForFunction(
      (text) => document.querySelector('.flame-rest')?.textContent !== text,
      await hint.innerText(),
    )
    const after = count(await hint.innerText())
    t.ok(after < before, `${after} of ${before} are left`)
    // Turned, everything is asked for: callers of a part would be wrong.
    await page.getByRole('button', { name: 'Invert' }).click()
    await page.waitForFunction(() => document.querySelector('.flame-rest') === null)
    t.same(faults, [])
  })
})

/**
 * The promise is 300 ms and 150 ms on the wall, where nothing else runs; what the page itself computes for that, by the
 * processor's own clock, is less than half of it. The rest is passing answers from thread to thread, and frames.
 */
const firstBudgetMs = 130
const zoomBudgetMs = 30

function isSlow(first: readonly number[], zooms: readonly number[]): boolean {
  return Math.min(...first) > firstBudgetMs || Math.min(...zooms) > zoomBudgetMs
}

/** Goes to an address within the page, as the back button does. */
async function show(page: Page, address: string): Promise<void> {
  await page.evaluate((to) => {
    performance.clearMeasures()
    history.pushState(null, '', to)
    dispatchEvent(new PopStateEvent('popstate'))
  }, address)
}

async function measured(page: Page, name: string): Promise<void> {
  await page.waitForFunction((wanted) => performance.getEntriesByName(wanted).length > 0, name)
}

/** Mean ms between frames while the graph is moved sideways, zoomed in as it is. */
async function framesPerPan(page: Page): Promise<number> {
  await page.locator('.flame-host').focus()
  for (const key of ['+', '+', '+']) await page.keyboard.press(key)
  return page.evaluate(async () => {
    const host = document.querySelector('.flame-host')
    const frames = 20
    const began = performance.now()
    for (let frame = 0; frame < frames; frame++) {
      host?.dispatchEvent(new KeyboardEvent('keydown', { key: frame % 10 < 5 ? 'd' : 'a', bubbles: true }))
      await new Promise(requestAnimationFrame)
    }
    return (performance.now() - began) / frames
  })
}

function count(text: string): number {
  return Number(/([\d,]+) small frames?/.exec(text)?.[1]?.replaceAll(',', ''))
}
