import type { Page } from 'playwright-core'

/**
 * In the pages that it opens from now on, what waits for the clock waits for ever: what they show all the same did not
 * wait. Work that was only put off until the page is drawn, some ms, is still done.
 */
export async function freezeTimers(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const { setTimeout } = window
    Object.assign(window, {
      setTimeout: (run: () => void, delayMs = 0) => (delayMs > 50 ? 0 : setTimeout(run, delayMs)),
      setInterval: () => 0,
    })
  })
}
