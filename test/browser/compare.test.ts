import t from 'tap'
import { axeViolations } from '../support/axe-violations.ts'
import { launchChromium } from '../support/chromium.ts'
import { corpusProfile } from '../support/corpus-profile.ts'
import { drawProfile } from '../support/drawn-profile.ts'
import { etcdCpu, startStoredProfiles } from '../support/stored-profiles.ts'
import { openPage } from '../support/ui-page.ts'

const { firstMs } = etcdCpu
const query = '{job="etcd", profile_type="cpu"}'

/** The compare page with five profiles on either side, or with what `keys` say. */
function compare(keys: Readonly<Record<string, string>> = {}): string {
  const [fa, ta, fb, tb] = [-1000, 45_000, 49_000, 95_000].map((ms) => String(firstMs + ms))
  const given = { qa: query, fa, ta, qb: query, fb, tb, ...keys }
  return `compare?${new URLSearchParams(given as Record<string, string>)}`
}

t.test('the compare page and opened files, in a real browser', async (t) => {
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

  for (const scheme of ['light', 'dark'] as const) {
    await t.test(`two ranges, ${scheme}`, async (t) => {
      const { page, faults } = await open(compare(), scheme)
      await page.locator('.flame-host canvas').waitFor()
      await page.locator('.u-over').nth(1).waitFor()
      t.match(await page.locator('.compare-summary').innerText(), /B takes (more|less) time/)
      t.match(await page.locator('.compare-summary').innerText(), /ms\/s in A, .+ms\/s in B/)
      const axes = await page.locator('.compare-side').evaluateAll((sides) => sides.length)
      t.equal(axes, 2)
      const changes = await page.locator('.change-cell').allInnerTexts()
      t.ok(
        changes.includes('new') && changes.includes('gone'),
        `both are seen: ${changes.slice(0, 9).join(', ')}`,
      )
      t.same(await axeViolations(page), [])

      await page.getByRole('button', { name: 'Relative' }).click()
      await page.waitForFunction(() =>
        /%$/.test(document.querySelector('.top-compared tbody td')?.textContent ?? '%'),
      )
      t.match(page.url(), /norm=share/)
      await page.getByLabel('Colours').selectOption('redgreen')
      await page.waitForFunction(() => location.search.includes('colors=redgreen'))
      t.same(await axeViolations(page), [])
      t.same(faults, [])
    })
  }

  await t.test('a text for a ticket says what changed most', async (t) => {
    const { page, faults } = await open(compare())
    await page.locator('.flame-host canvas').waitFor()
    await page.getByRole('button', { name: 'Share' }).click()
    await page.locator('.ticket').waitFor()
    const text = await page.locator('.ticket').innerText()
    t.match(text, /^cpu, per second: B against A\nA {2}\{job="etcd", profile_type="cpu"\} from /)
    t.match(text, / A +B +change +% {2}function, its own\n/)
    t.equal(text.split('function, its own\n')[1]?.split('\n\n')[0]?.split('\n').length, 10, text)
    t.match(text, /\nhttp:.+\/compare\?.+\ngo tool pprof -http=: 'http:.+base_query=/)
    t.same(await axeViolations(page), [])
    t.same(faults, [])
  })

  await t.test('frames say what changed, in words and with a sign', async (t) => {
    const { page, faults } = await open(compare({ norm: 'abs' }))
    await page.locator('.flame-host canvas').waitFor()
    await page.locator('.flame-host').focus()
    for (const key of ['ArrowDown', 'ArrowDown']) await page.keyboard.press(key)
    const told = page.locator('.flame [aria-live]')
    await page.waitForFunction(() => document.querySelector('.flame [aria-live]')?.textContent !== '')
    t.match(await told.textContent(), /: (takes (more|less) time|only in [AB]|no change); A .+, B .+/)
    await page.locator('.frame-table summary').click()
    t.same(await page.locator('.frame-table thead th').allInnerTexts(), ['Frame', 'A', 'B', 'Δ %', 'Zoom'])
    t.same(faults, [])
  })

  await t.test('swap, presets, and one click to either side', async (t) => {
    const { page, faults } = await open(compare())
    await page.locator('.flame-host canvas').waitFor()
    const before = new URL(page.url()).searchParams
    await page.getByRole('button', { name: 'Swap' }).click()
    await page.waitForFunction(
      (fb) => new URLSearchParams(location.search).get('fa') === fb,
      before.get('fb'),
    )
    t.equal(new URL(page.url()).searchParams.get('fb'), before.get('fa'))
    await page.getByRole('button', { name: 'Hour before' }).click()
    await page.waitForFunction(
      (fb) => Number(new URLSearchParams(location.search).get('fa')) === Number(fb) - 3_600_000,
      before.get('fa'),
    )
    await page.waitForFunction(() =>
      document.querySelector('.compare-summary')?.textContent?.includes('A is empty'),
    )
    t.ok(await page.locator('.flame-host canvas').isVisible(), 'the other side is still drawn')
    await page.getByRole('link', { name: 'Open B' }).click()
    await page.waitForFunction(
      () => location.pathname.endsWith('/explore') && location.search.includes('mfrom='),
    )
    await page.locator('.flame-host canvas').waitFor()
    await page.locator('.flame-host').focus()
    await page.keyboard.press('b')
    await page.waitForFunction(() => location.pathname.endsWith('/compare'))
    const marked = new URL(page.url()).searchParams
    t.equal(Number(marked.get('fb')) - Number(marked.get('fa')), 3_600_000)
    t.same(faults, [])
  })

  await t.test('a file is dropped, viewed, and compared with what is stored', async (t) => {
    const { page, faults } = await open('targets')
    const bytes = [...corpusProfile('cpu')]
    await page.waitForSelector('main h1')
    await page.evaluate((numbers) => {
      const file = new File([Uint8Array.from(numbers)], 'mine.pb.gz')
      const dataTransfer = new DataTransfer()
      dataTransfer.items.add(file)
      document.body.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }))
    }, bytes)
    await page.getByRole('heading', { name: 'mine.pb.gz' }).waitFor()
    await page.locator('.flame-host canvas').waitFor()
    await page.locator('.top-table tbody tr[aria-rowindex]').first().waitFor()
    t.match(page.url(), /\/file/)
    t.match(await page.locator('.facts').innerText(), /cpu/)
    t.same(await axeViolations(page), [])
    await page.keyboard.press('d')
    const saved = page.waitForEvent('download')
    await page.getByRole('button', { name: 'Collapsed stacks' }).click()
    t.equal((await saved).suggestedFilename(), 'stacks.txt')
    await page.keyboard.press('Escape')

    await page.getByRole('link', { name: 'Compare with stored profiles' }).click()
    await page.waitForFunction(() => location.search.includes('idb=file'))
    await page.evaluate(
      (path) => {
        history.replaceState(null, '', path)
        dispatchEvent(new PopStateEvent('popstate'))
      },
      base + compare({ qb: '', fb: '', tb: '', idb: 'file' }),
    )
    await page.locator('.compare-summary strong').waitFor()
    t.match(await page.locator('.compare-side-b').innerText(), 'mine.pb.gz')
    t.match(await page.locator('.compare-summary').innerText(), /^B /)
    await page.reload()
    await page.getByText('no file is open').waitFor()
    t.same(faults, [])
  })

  await t.test(
    'two files are compared with each other, dropped at once or one after the other',
    async (t) => {
      const { page, faults } = await open('file')
      const files = ['before.pb.gz', 'after.pb.gz'].map((name, index) => ({
        name,
        // The later has all stacks of the earlier, and one more.
        bytes: drawProfile({
          types: ['cpu/nanoseconds'],
          stacks: { 'main.main;main.old': [2e9], ...(index === 1 && { 'main.main;main.new': [1e9] }) },
        }),
      }))
      const drop = (selector: string, names: readonly string[]) =>
        page.evaluate(
          ([target, given]) => {
            const dataTransfer = new DataTransfer()
            for (const { name, numbers } of given)
              dataTransfer.items.add(new File([Uint8Array.from(numbers)], name))
            const event = new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true })
            document.querySelector(target)?.dispatchEvent(event)
          },
          [
            selector,
            files
              .filter(({ name }) => names.includes(name))
              .map(({ name, bytes }) => ({ name, numbers: [...bytes] })),
          ] as const,
        )
      const difference = async () => {
        await page.locator('.compare-summary strong').waitFor()
        await page.locator('.change-cell', { hasText: 'new' }).waitFor()
        t.match(await page.locator('.compare-side-a').innerText(), 'before.pb.gz')
        t.match(await page.locator('.compare-side-b').innerText(), 'after.pb.gz')
        t.match(await page.locator('.compare-summary').innerText(), /B takes more time[\s\S]+\+50 %/)
      }
      await page.waitForSelector('main h1')
      await drop('main', ['before.pb.gz', 'after.pb.gz'])
      await difference()
      t.same(await axeViolations(page), [])
      await page.getByRole('button', { name: 'Share' }).click()
      await page.locator('.ticket').waitFor()
      t.match(await page.locator('.ticket').innerText(), /A {2}before.pb.gz\nB {2}after.pb.gz\n/)
      t.match(await page.locator('.ticket').innerText(), /\n *0 s +1 s +\+1 s +new {2}main.new\n/)
      await page.keyboard.press('Escape')
      await page.keyboard.press('d')
      const saved = page.waitForEvent('download')
      await page.getByRole('button', { name: 'Collapsed stacks' }).click()
      t.equal((await saved).suggestedFilename(), 'stacks.txt')
      await page.keyboard.press('Escape')
      await page.getByRole('button', { name: 'Swap' }).click()
      await page.locator('.change-cell', { hasText: 'gone' }).waitFor()

      await page.reload()
      await page.getByRole('link', { name: 'File', exact: true }).click()
      await drop('main', ['before.pb.gz'])
      await page.getByRole('heading', { name: 'before.pb.gz' }).waitFor()
      await drop('main', ['after.pb.gz'])
      await page.getByRole('heading', { name: 'after.pb.gz' }).waitFor()
      t.same(await axeViolations(page), [])
      await page.getByRole('link', { name: 'Compare with before.pb.gz' }).click()
      await difference()

      await drop('.compare-side-a', ['after.pb.gz'])
      await page.locator('.compare-side-a').getByText('after.pb.gz').first().waitFor()
      await page.locator('.change-cell').first().waitFor({ state: 'attached' })
      await page.waitForFunction(() =>
        document.querySelector('.compare-summary')?.textContent?.includes('B no change'),
      )
      await page.locator('.compare-side-a').getByRole('button', { name: 'Use before.pb.gz' }).click()
      await difference()
      t.same(faults, [])
    },
  )
})
