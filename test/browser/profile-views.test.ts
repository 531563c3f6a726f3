import t from 'tap'
import { axeViolations } from '../support/axe-violations.ts'
import { launchChromium } from '../support/chromium.ts'
import { etcdCpu, startStoredProfiles } from '../support/stored-profiles.ts'
import { openPage } from '../support/ui-page.ts'

/** The explore page with all of etcd's CPU profiles merged. */
function etcd(keys: Readonly<Record<string, string>>): string {
  const [from, to] = [String(etcdCpu.firstMs - 1000), String(etcdCpu.lastMs + 1000)] as const
  const q = '{job="etcd", profile_type="cpu"}'
  return `explore?${new URLSearchParams({ q, from, to, mfrom: from, mto: to, refresh: '0', ...keys })}`
}

t.test('the views of an open profile, in a real browser', async (t) => {
  const program = await startStoredProfiles()
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

  await t.test('search, filters and the menu of a frame', async (t) => {
    const { page, faults } = await open(etcd({ view: 'both' }))
    await page.locator('.flame-host canvas').waitFor()
    await page.keyboard.press('/')
    await page.keyboard.type('mallocgc')
    await page.waitForFunction(() =>
      /\d frames? · /.test(document.querySelector('.search-count')?.textContent ?? ''),
    )
    t.equal(await page.locator('.top-table tbody tr[aria-rowindex]').count(), 1, 'the table follows')
    await page.keyboard.press('Enter')
    await page.locator('.crumbs [aria-current]').waitFor()
    t.match(await page.locator('.crumbs [aria-current]').innerText(), 'mallocgc')
    const first = page.url()
    await page.locator('h2').first().click()
    await page.keyboard.press('n')
    await page.waitForFunction((url) => location.href !== url, first)
    await page.keyboard.press('p')
    await page.waitForFunction((url) => location.href === url, first)
    await page.keyboard.press('0')
    await page.keyboard.press('Escape')
    await page.waitForFunction(() => !location.search.includes('s='))

    await page.locator('.flame-host').focus()
    for (const key of ['ArrowDown', 'ArrowDown', '.']) await page.keyboard.press(key)
    const menu = page.getByRole('menu')
    await menu.waitFor()
    const name = await menu.getAttribute('aria-label')
    t.same(await axeViolations(page), [])
    await page.getByRole('menuitem', { name: /Focus/ }).click()
    await page.locator('.filter-chips li').waitFor()
    t.equal(await page.locator('.filter-chips code').innerText(), name)
    await page.waitForFunction((text) => {
      const rows = [...document.querySelectorAll('.frame-table-child')]
      return rows.length === 1 && rows[0]?.textContent === text
    }, name)
    await page.goBack()
    await page.waitForFunction(() => document.querySelector('.filter-chips') === null)

    await page.getByRole('button', { name: 'Filter', exact: true }).click()
    await page.getByRole('button', { name: 'Hide Go’s runtime' }).click()
    await page.locator('.filter-chips li').waitFor()
    t.match(new URL(page.url()).searchParams.get('h'), 'runtime')
    await page.waitForFunction(
      () =>
        ![...document.querySelectorAll('.function-base')].some((one) =>
          one.textContent?.startsWith('runtime.'),
        ),
    )
    t.same(faults, [])
  })

  await t.test('downloads carry the filters, and speedscope reads them here', async (t) => {
    const { page, faults } = await open(etcd({ f: '^runtime\\.mallocgc$' }))
    await page.locator('.flame-host canvas').waitFor()
    await page.keyboard.press('d')
    const link = page.getByRole('link', { name: 'Collapsed stacks' })
    const collapsed = await (await page.request.get((await link.getAttribute('href')) ?? '')).text()
    const lines = collapsed.trim().split('\n')
    t.ok(lines.length > 1 && lines.every((line) => line.includes('runtime.mallocgc')), `${lines[0]}`)
    const pgo = await page.getByRole('link', { name: 'default.pgo' }).getAttribute('href')
    t.equal((await page.request.get(pgo ?? '')).status(), 200)
    const viewer = await page.getByRole('link', { name: 'Open in speedscope' }).getAttribute('href')
    t.match(viewer, /\/speedscope\/#profileURL=/)
    await page.goto(viewer ?? '')
    await page.waitForFunction(() => document.querySelector('canvas') !== null, undefined, {
      timeout: 20_000,
    })
    t.match(await page.locator('body').innerText(), /Time Order/)
    t.same(faults, [], 'and nobody else is asked')
  })

  for (const scheme of ['light', 'dark'] as const) {
    await t.test(`every view, ${scheme}`, async (t) => {
      const views = {
        both: '.flame-host canvas',
        top: '.top-table tbody tr[aria-rowindex]',
        graph: '.graph svg .node',
        source: '.source-lines tbody tr',
        peek: '.peek-node',
        callers: '.sandwich-half:last-child canvas',
        tags: '.tag-table tr, .tags-tab .hint',
      }
      const { page, faults } = await open(etcd({ view: 'both', fn: 'runtime.mallocgc' }), scheme)
      for (const [view, shown] of Object.entries(views)) {
        await page.goto(base + etcd({ view, fn: 'runtime.mallocgc' }))
        await page.locator(shown).first().waitFor()
        t.same(await axeViolations(page), [], view)
      }
      await page.goto(base + etcd({ view: 'top', g: 'packages' }))
      await page.waitForFunction(() =>
        [...document.querySelectorAll('.function-base')].some((one) => one.textContent === 'runtime'),
      )
      t.same(faults, [])
    })
  }
})
