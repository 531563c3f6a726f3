import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from 'playwright-core'
import t from 'tap'
import type { QueryRangeAnswer, SuccessAnswer } from '../../query/api/types.ts'
import { launchChromium } from '../support/chromium.ts'
import { clickDot, findDot, openPage } from '../support/ui-page.ts'

/** The real program scraping itself every few seconds, and a target that nobody answers at. */
async function startProgram(): Promise<{ base: string; process: ChildProcess; folder: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'conprof-browser-'))
  const [port, deadPort] = await Promise.all([freePort(), freePort()])
  const config = join(folder, 'conprof.yaml')
  await writeFile(
    config,
    `
scrape_configs:
  - job_name: conprof
    scrape_interval: 7s
    static_configs:
      - targets: ["127.0.0.1:${port}"]
    profiling_config:
      prefix: /conprof
      pprof_config:
        cpu: { enabled: true, seconds: 1 }
        goroutine: { enabled: false }
  - job_name: absent
    scrape_interval: 7s
    static_configs:
      - targets: ["127.0.0.1:${deadPort}"]
    profiling_config:
      prefix: /conprof
      pprof_config:
        cpu: { enabled: true, seconds: 1 }
        heap: { enabled: false }
        goroutine: { enabled: false }
`,
  )
  const root = fileURLToPath(new URL('../..', import.meta.url))
  // Behind a prefix, as behind a reverse proxy: every address of the page must follow it.
  const args = ['cli.ts', 'all', '--web.route-prefix=/conprof', `--config.file=${config}`]
  const child = spawn(
    process.execPath,
    [...args, `--http-address=127.0.0.1:${port}`, `--storage.path=${join(folder, 'data')}`],
    {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  let said = ''
  child.stdout?.on('data', (bytes) => {
    said += bytes
  })
  child.stderr?.on('data', (bytes) => {
    said += bytes
  })
  const base = `http://127.0.0.1:${port}/conprof/`
  const deadline = Date.now() + 90_000
  while (Date.now() < deadline) {
    if (child.exitCode !== null)
      throw new Error(`start conprof all: it ended with ${child.exitCode}:\n${said}`)
    if ((await countProfiles(base, '{job="conprof", profile_type="cpu"}')) >= 3)
      return { base, process: child, folder }
    await sleep(500)
  }
  child.kill('SIGKILL')
  throw new Error(`start conprof all: no three CPU profiles in 90 s:\n${said}`)
}

async function countProfiles(base: string, query: string): Promise<number> {
  try {
    const response = await fetch(
      `${base}api/v1/query_range?start=now-1h&end=now&query=${encodeURIComponent(query)}`,
    )
    const answer = (await response.json()) as SuccessAnswer<QueryRangeAnswer>
    return (answer.data?.result ?? []).reduce((sum, { values }) => sum + values.length, 0)
  } catch {
    return 0
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address !== null ? address.port : 0
}

async function violations(page: Page): Promise<string[]> {
  const { violations: found } = await new AxeBuilder({ page }).analyze()
  return found.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' | ')}`)
}

t.test('the UI in a real browser, on the real program', async (t) => {
  const program = await startProgram()
  const browser = await launchChromium()
  t.teardown(async () => {
    await browser.close()
    program.process.kill('SIGKILL')
    if (program.process.exitCode === null) await once(program.process, 'exit')
    await rm(program.folder, { recursive: true, force: true })
  })
  const { base } = program

  await t.test('explore: a dot, its flame graph, a range, and back', async (t) => {
    const { page, faults, close } = await openPage(browser, base, 'light', 'explore')
    t.teardown(close)
    await page.waitForSelector('.u-over')
    t.match(await page.locator('.plot-panel .panel-head').innerText(), /profiles of \d series/)
    t.match(
      await page.locator('.plot-panel .panel-head').innerText(),
      /failed attempt/,
      'the absent target shows',
    )
    await page.waitForSelector('.selector-editor .cm-content')
    t.match(await page.locator('.cm-content').innerText(), 'profile_type="cpu"')
    t.same(await violations(page), [])

    await findDot(page)
    t.match(await page.locator('.hovering').innerText(), /\d\d:\d\d:\d\d/)
    await clickDot(page)
    await page.waitForSelector('.flame-host canvas')
    await page.waitForSelector('.top-table tbody tr[aria-rowindex]')
    t.match(page.url(), /[?&]id=\d{13}-[0-9a-f]{16}/)
    const facts = await page.locator('.selection-head').innerText()
    t.match(facts, /cpu profile/)
    t.match(facts, /cores/)
    t.match(facts, /service_name/)
    t.same(await violations(page), [])

    await page.keyboard.press('/')
    await page.keyboard.type('/./')
    await page.waitForFunction(() =>
      /frames? · 100 %/.test(document.querySelector('.search-count')?.textContent ?? ''),
    )
    t.match(page.url(), /[?&]s=/)
    await page.keyboard.press('Escape')

    await page.locator('.flame-host').focus()
    for (const key of ['ArrowDown', 'ArrowDown', 'Enter']) await page.keyboard.press(key)
    await page.waitForSelector('.crumbs [aria-current]')
    t.match(page.url(), /[?&]zoom=[0-9a-f]+/)
    t.match(await page.locator('.flame [aria-live]').textContent(), /total .+ self /)
    const address = page.url()
    await page.reload()
    await page.waitForSelector('.crumbs [aria-current]')
    t.equal(page.url(), address, 'a link opens what was shared')
    await page.keyboard.press('0')
    await page.waitForFunction(() => !location.search.includes('zoom='))

    const command = await copiedCommand(page)
    t.match(command, /^go tool pprof -http=: 'http:\/\/127\.0\.0\.1:\d+\/conprof\/api\/v1\/profile\?id=/)
    await page.keyboard.press('Escape')
    const link = await page.request.get(/'(.+)'/.exec(command)?.[1] ?? '')
    t.equal(link.status(), 200)
    t.same([...(await link.body()).subarray(0, 2)], [0x1f, 0x8b], 'what the command opens is a gzip file')

    const opened = page.url()
    await page.keyboard.press('p')
    await page.waitForFunction((before) => location.href !== before, opened)
    await page.goBack()
    await page.waitForFunction((before) => location.href === before, opened)

    await page.evaluate(() => scrollTo(0, 0))
    const box = await page.locator('.u-over').boundingBox()
    if (box === null) throw new Error('the plot is gone')
    await page.keyboard.down('Shift')
    await page.mouse.move(box.x + 5, box.y + 40)
    await page.mouse.down()
    await page.mouse.move(box.x + box.width - 5, box.y + 60, { steps: 6 })
    await page.mouse.up()
    await page.keyboard.up('Shift')
    await page.waitForFunction(() => document.querySelector('.coverage')?.textContent?.includes('profile'))
    t.match(page.url(), /mfrom=\d{13}&mto=\d{13}/)
    t.match(
      await page.locator('.coverage').innerText(),
      /profiles of \d series · sampled .+ of the time .+ cores/,
    )
    t.same(await violations(page), [])
    t.same(faults, [])
  })

  await t.test('menus, sample types and the editor change the same address', async (t) => {
    const { page, faults, close } = await openPage(browser, base, 'dark', 'explore')
    t.teardown(close)
    await page.waitForSelector('.u-over')
    await page.getByRole('button', { name: 'heap', exact: true }).click()
    await page.waitForFunction(() => location.search.includes('heap'))
    const types = page.getByLabel('Sample type')
    await page.waitForFunction(
      () => document.querySelector('.plot-panel h2')?.textContent?.includes('cpu') === false,
    )
    const offered = await types
      .locator('option')
      .evaluateAll((options) => options.map((option) => (option as HTMLOptionElement).value))
    const other = offered.find((type) => !type.startsWith('inuse_space') && !type.startsWith('space')) ?? ''
    await types.selectOption(other)
    await page.waitForFunction(
      (type) => document.querySelector('.plot-panel h2')?.textContent?.includes(type),
      other,
    )
    t.match(page.url(), `type=${other}`)
    t.same(await violations(page), [])

    await page.waitForSelector('.cm-content')
    await page.keyboard.press('e')
    await page.keyboard.press('Control+a')
    await page.keyboard.type('{jo')
    await page.waitForSelector('.cm-tooltip-autocomplete li')
    t.match(await page.locator('.cm-tooltip-autocomplete').innerText(), 'job')
    await page.keyboard.press('Tab')
    await page.waitForFunction(() =>
      /absent[\s\S]*conprof/.test(document.querySelector('.cm-tooltip-autocomplete')?.textContent ?? ''),
    )
    await page.keyboard.type('conp')
    await page.waitForFunction(
      () => !/absent/.test(document.querySelector('.cm-tooltip-autocomplete')?.textContent ?? 'absent'),
    )
    await page.keyboard.press('Tab')
    t.equal((await page.locator('.cm-content').innerText()).trim(), '{job="conprof"}')
    await page.keyboard.press('Escape')
    t.same(faults, [])
  })

  await t.test('nothing matches: the page says what to drop', async (t) => {
    const { page, faults, close } = await openPage(
      browser,
      base,
      'dark',
      `?q=${encodeURIComponent('{job="conprof", pod="nowhere"}')}`,
    )
    t.teardown(close)
    await page.getByRole('link', { name: 'Without pod="nowhere"' }).waitFor()
    t.same(await violations(page), [])
    t.same(faults, [])
  })

  await t.test('a selector that cannot be read is underlined where it breaks', async (t) => {
    const { page, close } = await openPage(
      browser,
      base,
      'light',
      `?q=${encodeURIComponent('{job=conprof}')}`,
    )
    t.teardown(close)
    await page.waitForSelector('.selector-error')
    t.equal(await page.locator('.selector-error').innerText(), 'conprof')
    t.same(await violations(page), [])
  })

  for (const scheme of ['light', 'dark'] as const) {
    await t.test(`targets, status and the key sheet, ${scheme}`, async (t) => {
      const { page, faults, close } = await openPage(browser, base, scheme, 'targets')
      t.teardown(close)
      await page.waitForSelector('.badge-good')
      await page.waitForSelector('.badge-bad')
      t.match(await page.locator('main').innerText(), 'refused')
      t.same(await violations(page), [])
      await page.keyboard.press('?')
      await page.waitForSelector('.key-sheet[open]')
      t.same(await violations(page), [])
      await page.keyboard.press('Escape')
      await page.getByRole('link', { name: 'Status' }).click()
      await page.waitForSelector('.pairs')
      t.equal(page.url(), `${base}status`)
      await page.waitForLoadState('networkidle')
      t.same(await violations(page), [])
      t.same(faults, [])
    })
  }
})

async function copiedCommand(page: Page): Promise<string> {
  await page.getByRole('button', { name: 'Take along' }).click()
  return await page.locator('.command').innerText()
}
