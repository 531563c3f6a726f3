import type { Browser, Page } from 'playwright-core'
import { until } from './until.ts'

export interface UiPage {
  readonly page: Page
  /** What should never happen: errors on the console, and requests to other hosts. */
  readonly faults: readonly string[]
  close(): Promise<void>
}

/** Opens a page below `base`, which ends with a slash. */
export async function openPage(
  browser: Browser,
  base: string,
  colorScheme: 'light' | 'dark',
  path = '',
): Promise<UiPage> {
  const context = await browser.newContext({ colorScheme, viewport: { width: 1400, height: 950 } })
  context.setDefaultTimeout(120_000)
  // What is waited for comes within a second or so, but a busy machine takes its time.
  context.setDefaultTimeout(120_000)
  const page = await context.newPage()
  const faults: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error') faults.push(message.text())
  })
  page.on('pageerror', (error) => faults.push(String(error)))
  page.on('request', (request) => {
    const url = request.url()
    if (!url.startsWith(base) && !url.startsWith('data:')) faults.push(`asked ${url}`)
  })
  await page.goto(base + path)
  return { page, faults, close: () => context.close() }
}

/** Moves over the plot until a dot answers, then gives its place. */
export async function findDot(page: Page): Promise<{ x: number; y: number }> {
  const box = await page.locator('.u-over').boundingBox()
  if (box === null) throw new Error('find a dot: the plot is not there')
  // The newest profiles are at the right end.
  for (let x = box.x + box.width - 2; x > box.x; x -= 8) {
    for (let y = box.y + 4; y < box.y + box.height - 14; y += 8) {
      await page.mouse.move(x, y)
      const cursor = await page.locator('.u-over').evaluate((over) => (over as HTMLElement).style.cursor)
      if (cursor === 'pointer') return { x, y }
    }
  }
  throw new Error('find a dot: none answered')
}

/** Opens the profile of a dot. A plot that follows the clock may move on before the click, which then meets nothing. */
export async function clickDot(page: Page): Promise<void> {
  const click = async () => {
    const dot = await findDot(page)
    await page.mouse.click(dot.x, dot.y)
    return page.waitForURL(/[?&]id=/, { timeout: 2000 }).then(
      () => true,
      () => false,
    )
  }
  await until('a click on a dot to open its profile', click, 120_000)
}
