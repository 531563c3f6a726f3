import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import t from 'tap'
import { launchChromium } from '../support/chromium.ts'
import { startConprof } from '../support/conprof.ts'
import { startShop } from '../support/shop-program.ts'
import { openPage } from '../support/ui-page.ts'

const explore = (selector: string, keys = 'from=now-1h') =>
  `explore?q=${encodeURIComponent(selector)}&${keys}`
const heap = '{namespace="shop", profile_type="heap"}'
const cpu = '{namespace="shop", profile_type="cpu"}'

t.test('the pages around profiles, in a real browser over the real program', async (t) => {
  const program = await startShop()
  const browser = await launchChromium()
  t.teardown(async () => {
    await browser.close()
    await program.close()
  })
  const { base, nowMs } = program
  const open = async (path: string, scheme: 'light' | 'dark' = 'light') => {
    const opened = await openPage(browser, base, scheme, path)
    t.teardown(opened.close)
    return opened
  }

  await t.test('overview: what changed, without typing anything', async (t) => {
    const { page, faults } = await open('')
    const row = (name: string) => page.locator('.overview tbody tr').filter({ hasText: name })
    await row('cart').waitFor()
    t.match(await row('cart').innerText(), /shop · 3 pods/)
    t.match(await row('cart').innerText(), /\+\d+ ×/, 'goroutines, many times as many')
    t.match(await row('import').innerText(), /gone, last profile \d+ h/)
    t.match(await row('search').innerText(), /−\d+ %/, 'fewer cores than yesterday')
    t.match(await row('search').locator('td').nth(12).innerText(), /^2/, 'restarts')
    t.match(await row('pay').innerText(), /6 of 6\s*refused/)

    await page.getByRole('button', { name: 'Workload' }).click()
    const names = () => page.locator('.overview .workload a').allInnerTexts()
    await page.waitForFunction(() => location.search.includes('osort=name'))
    t.same((await names()).toSorted(), await names())
    await page.getByLabel('Filter workloads').fill('shop ca')
    await page.waitForFunction(() => document.querySelectorAll('.overview tbody tr').length === 1)
    t.match(page.url(), /find=shop/)

    await row('cart').locator('.change a').nth(1).click()
    await page.waitForURL(/\/compare\?/)
    const sides = new URL(page.url()).searchParams
    t.equal(sides.get('qa'), '{namespace="shop", workload="cart", profile_type="cpu"}')
    t.equal(Number(sides.get('tb')) - Number(sides.get('ta')), 86_400_000)
    await page.goBack()
    await row('cart').locator('td').nth(4).getByRole('link').click()
    await page.waitForURL(/\/explore\?/)
    await page
      .locator('.plot-panel')
      .getByText(/inuse_space/)
      .first()
      .waitFor()
    t.same(faults, [])
  })

  await t.test('explore: restarts, freshness, groups, cores, the largest, a breakdown', async (t) => {
    const { page, faults } = await open(explore(cpu, 'from=now-30m&refresh=0'))
    const head = page.locator('.plot-panel .panel-head')
    await head.getByText('2 restarts').waitFor()
    t.match(await head.innerText(), /failed attempts/)
    t.match(
      await page.locator('.selection-health').innerText(),
      /newest profile .+ ago[\s\S]+2 series failing/,
    )

    await page.getByLabel('Colour by').selectOption('workload')
    await page.waitForFunction(() => document.querySelectorAll('.legend li').length === 4)
    t.match(await page.locator('.legend').innerText(), /cart\s*3/)
    await page.locator('.legend button').first().click()
    await page.waitForFunction(() => location.search.includes('hide=vcart'))
    await page.locator('.legend button').first().click()

    await page.getByRole('button', { name: 'cores' }).click()
    await head.getByText('in cores, while sampled').waitFor()

    const list = page.locator('[aria-label="Stored profiles"]')
    await list.getByRole('button', { name: 'cpu' }).click()
    await list.getByText('largest first').waitFor()
    await page.waitForFunction(() =>
      /search-0/.test(document.querySelector('[aria-label="Stored profiles"] tbody tr')?.textContent ?? ''),
    )
    await page.getByRole('button', { name: 'Breakdown' }).click()
    const rows = page.locator('[aria-label="Breakdown by a label"] tbody tr')
    await rows.first().waitFor()
    t.match(await rows.first().innerText(), /cart/)
    await rows.getByRole('link', { name: 'search' }).click()
    await page.waitForFunction(() => location.search.includes('search'))
    t.match(new URL(page.url()).searchParams.get('q'), 'workload="search"')
    t.same(faults, [])
  })

  await t.test('dragging zooms, Shift merges, Alt marks B, ends are moved, and both compared', async (t) => {
    const { page, faults } = await open(explore(heap, `from=${nowMs - 900_000}&to=${nowMs}&refresh=0`))
    const drag = async (from: number, to: number, key?: 'Shift' | 'Alt') => {
      await page.waitForSelector('.u-over')
      const box = await page.locator('.u-over').boundingBox()
      if (box === null) throw new Error('the plot is not there')
      if (key !== undefined) await page.keyboard.down(key)
      await page.mouse.move(box.x + box.width * from, box.y + 50)
      await page.mouse.down()
      await page.mouse.move(box.x + box.width * to, box.y + 60, { steps: 8 })
      await page.mouse.up()
      if (key !== undefined) await page.keyboard.up(key)
    }
    const key = (name: string) => Number(new URL(page.url()).searchParams.get(name))
    await page.waitForFunction(() => performance.getEntriesByName('plot-first-picture').length > 0)
    await drag(0.1, 0.3, 'Shift')
    await page.waitForFunction(() => location.search.includes('mfrom='))
    await page.getByRole('link', { name: '1 d earlier' }).waitFor()
    await drag(0.5, 0.8, 'Alt')
    await page.waitForFunction(() => location.search.includes('bfrom='))
    t.ok(key('mfrom') < key('mto') && key('mto') < key('bfrom') && key('bfrom') < key('bto'))

    const before = key('bto')
    await drag(0.8, 0.9)
    await page.waitForFunction((old) => !location.search.includes(`bto=${old}`), before)
    t.ok(Math.abs(key('bto') - (before + 90_000)) < 10_000, 'the end follows the pointer')
    t.equal(key('from'), nowMs - 900_000, 'and the plot was not zoomed')

    const link = page.getByRole('link', { name: 'Compare A with B' })
    const compared = new URL((await link.getAttribute('href')) ?? '').searchParams
    t.same(
      ['fa', 'ta', 'fb', 'tb'].map((name) => Number(compared.get(name))),
      [key('mfrom'), key('mto'), key('bfrom'), key('bto')],
    )
    await page.getByLabel('Remove range B').click()
    await page.getByLabel('Remove range', { exact: true }).click()
    await drag(0.2, 0.6)
    await page.waitForFunction((old) => !location.search.includes(`from=${old}`), nowMs - 900_000)
    t.ok(Math.abs(key('to') - key('from') - 360_000) < 12_000, 'zoomed to what was dragged over')
    await page.goBack()
    await page.waitForFunction((old) => location.search.includes(`from=${old}`), nowMs - 900_000)
    t.same(faults, [])
  })

  await t.test('links of other programs, old links, and nothing found', async (t) => {
    const { page, faults } = await open(
      `?namespace=shop&workload=cart&type=inuse_space&at=${nowMs - 300_000}`,
    )
    await page.waitForURL(/\/explore\?/)
    await page.locator('.plot-panel').getByText('45 profiles of 3 series').waitFor()
    t.equal(
      new URL(page.url()).searchParams.get('q'),
      '{namespace="shop", workload="cart", profile_type="heap"}',
    )
    await page.goto(`${base}?q=${encodeURIComponent(heap)}&from=now-1h`)
    await page.waitForURL(/\/explore\?q=/)
    await page.locator('.plot-panel').waitFor()

    await page.goto(base + explore('{workload="card", profile_type="cpu"}'))
    await page.getByRole('link', { name: 'Without workload="card"' }).waitFor()
    await page.getByRole('link', { name: 'cart', exact: true }).click()
    await page.locator('.plot-panel').waitFor()
    t.match(new URL(page.url()).searchParams.get('q'), 'workload="cart"')
    await page.goto(base + explore('{workload="import", profile_type="cpu"}', 'from=now-15m'))
    const nearest = page.getByText('The nearest profile that matches')
    await nearest.getByRole('link').first().click()
    await page.locator('.plot-panel').waitFor()
    t.same(faults, [])
  })

  await t.test('share: times stand still, text for a ticket, a line for go tool pprof', async (t) => {
    const { page, faults } = await open(explore(heap))
    await page.locator('.plot-panel').waitFor()
    await page.keyboard.press('y')
    const text = await page.locator('.ticket').innerText()
    t.match(
      text,
      /^inuse_space of \{namespace="shop", profile_type="heap"\}\nfrom 20.+Z to 20.+Z\n110 profiles of 8 series/,
    )
    t.match(text, /self +share +total +function\n.+encoding\/json\.Unmarshal/)
    const [, link = ''] = /\n(http\S+\/explore\S+)\n/.exec(text) ?? []
    t.match(link, /from=\d{13}&to=\d{13}/)
    const [, pprof = ''] = /go tool pprof -http=: '(.+)'/.exec(text) ?? []
    const answer = await page.request.get(pprof)
    t.same([answer.status(), ...(await answer.body()).subarray(0, 2)], [200, 0x1f, 0x8b])
    await page.goto(link)
    await page.locator('.plot-panel').getByText('110 profiles of 8 series').waitFor()
    t.same(faults, [])
  })

  await t.test('views are saved, opened, taken to another browser', async (t) => {
    const { page, faults } = await open(explore(heap))
    await page.locator('.plot-panel').waitFor()
    await page.getByRole('button', { name: 'Views' }).click()
    await page.getByLabel('Name of this view').fill('heap of the shop')
    await page.keyboard.press('Enter')
    const view = page.getByRole('link', { name: 'heap of the shop' })
    await view.waitFor()
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'Export' }).click(),
    ])
    const exported = await readFile(await download.path(), 'utf8')
    t.match(JSON.parse(exported), { views: [{ name: 'heap of the shop', path: /^explore\?q=/ }] })

    const other = await open('status')
    await other.page.getByRole('button', { name: 'Views' }).click()
    await other.page
      .getByLabel('File with views')
      .setInputFiles({ name: 'views.json', mimeType: 'application/json', buffer: Buffer.from(exported) })
    await other.page.getByRole('link', { name: 'heap of the shop' }).click()
    await other.page.locator('.plot-panel').waitFor()
    t.match(other.page.url(), /explore\?q=/)
    t.same([...faults, ...other.faults], [])
  })

  await t.test('a pin is set and let go', async (t) => {
    const { page, faults } = await open(explore(heap))
    await page.locator('.plot-panel').waitFor()
    await page.getByRole('button', { name: 'Pin', exact: true }).click()
    const dialog = page.locator('dialog[open].dialog')
    await dialog.getByLabel('Name of the pin').fill('incident-7')
    await dialog.getByRole('button', { name: 'Pin', exact: true }).click()
    const pin = page.locator('.pins li').filter({ hasText: 'incident-7' })
    await pin.waitFor()
    t.match(await pin.innerText(), 'profile_type="heap"')
    const { data } = (await (await fetch(`${base}api/v1/pins`)).json()) as { data: { pins: unknown[] } }
    t.match(data.pins, [{ name: 'incident-7', match: heap }])
    await pin.getByRole('button', { name: 'Unpin' }).click()
    await pin.waitFor({ state: 'detached' })
    t.same(faults, [])
  })

  await t.test('profile now: progress, and the profile opens', async (t) => {
    const { page, faults } = await open('targets')
    await page
      .locator('tr')
      .filter({ hasText: 'debug/pprof/heap' })
      .getByRole('button', { name: 'Profile now' })
      .click()
    const dialog = page.getByRole('dialog', { name: 'Profile now' })
    await dialog.getByLabel('Seconds each').fill('1')
    t.match(await dialog.locator('.command').innerText(), /^conprof capture '\{.+\}' --seconds 1 --url http/)
    await dialog.getByRole('button', { name: /^Take/ }).click()
    await page.waitForURL(/\/explore\?.*id=\d{13}-/)
    await page.locator('.selection-head').getByText('capture').first().waitFor()
    t.match(new URL(page.url()).searchParams.get('q'), /^\{capture=".+", profile_type="heap"\}$/)
    t.same(faults, [])
  })

  await t.test('storage by any label', async (t) => {
    const { page, faults } = await open('status')
    const panel = page.locator('[aria-label="Storage"]')
    await panel.locator('tbody tr').first().waitFor()
    await panel.locator('select').nth(1).selectOption('workload')
    await panel.getByRole('link', { name: 'cart' }).waitFor()
    t.match(await panel.locator('.panel-head').innerText(), /stored of .+ scraped, [\d.]+ times smaller/)
    t.same(faults, [])
  })

  await t.test('the server goes away: what is there stays, and it is said', async (t) => {
    const { page } = await open(explore(heap, 'from=now-1h&refresh=2'))
    await page.locator('.plot-panel').getByText('110 profiles of 8 series').waitFor()
    const overview = await open('?refresh=2')
    await overview.page.locator('.overview tbody tr').first().waitFor()
    await program.stop()
    for (const shown of [page, overview.page]) await shown.getByText('Connection lost').first().waitFor()
    t.match(await page.locator('.plot-panel .panel-head').innerText(), '110 profiles of 8 series')
    t.ok((await overview.page.locator('.overview tbody tr').count()) > 4)
  })
})

t.test('a program that has nothing, and one that may not write, say the next step', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'conprof-empty-'))
  const bucket = join(folder, 'bucket.yaml')
  await writeFile(bucket, `type: FILESYSTEM\nconfig: { directory: ${join(folder, 'bucket')} }\n`)
  const config = join(folder, 'conprof.yaml')
  await writeFile(config, 'scrape_configs: []\n')
  const [all, query] = await Promise.all([
    startConprof([`--storage.path=${folder}`, `--config.file=${config}`, '--web.enable-admin-api=false']),
    startConprof([`--objstore.config-file=${bucket}`, `--storage.path=${join(folder, 'query')}`], 'query'),
  ])
  const browser = await launchChromium()
  t.teardown(async () => {
    await browser.close()
    await Promise.all([all.stop(), query.stop()])
    await rm(folder, { recursive: true, force: true })
  })

  for (const [name, program] of [
    ['all', all],
    ['query', query],
  ] as const) {
    await t.test(`${name}: no page asks for what is not there`, async (t) => {
      const base = program.url.endsWith('/') ? program.url : `${program.url}/`
      const { page, faults, close } = await openPage(browser, base, 'dark')
      t.teardown(close)
      await page.getByText('scrape_configs:').waitFor()
      t.match(await page.locator('main').innerText(), 'conprof.io/scrape: "true"')
      for (const title of ['Explore', 'Compare', 'File', 'Targets', 'Status']) {
        await page.getByRole('navigation').getByRole('link', { name: title }).click()
        await settled(page)
      }
      t.same(faults, [])
    })
  }

  await t.test('profiles and pins: which flag allows them, and the command that does the same', async (t) => {
    const base = all.url.endsWith('/') ? all.url : `${all.url}/`
    const { page, faults, close } = await openPage(browser, base, 'light', explore(cpu))
    t.teardown(close)
    for (const [button, command] of [
      ['Profile now', `conprof capture '${cpu}' --url `],
      ['Pin', 'conprof pin incident-'],
    ] as const) {
      await page.getByRole('button', { name: button, exact: true }).click()
      const dialog = page.locator('dialog[open].dialog')
      await dialog.getByText('--web.enable-admin-api').waitFor()
      t.match(await dialog.locator('.command').innerText(), command)
      t.ok(await dialog.locator('[type=submit]').isDisabled())
      await page.keyboard.press('Escape')
    }
    t.same(faults, [])
  })
})

async function settled(page: Page): Promise<void> {
  await page.waitForLoadState('networkidle')
  await page.locator('h1').first().waitFor({ state: 'attached' })
}
