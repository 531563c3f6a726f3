import { effect, type ReadonlySignal } from '@preact/signals'
import type { Page } from '../model/routes.ts'
import { isRelative } from '../model/time-range.ts'
import type { UrlState } from '../model/url-state.ts'

/** Reloads while the range moves with the clock and somebody looks. */
export function keepReloading({
  url,
  page,
  reload,
  hurry,
}: {
  readonly url: ReadonlySignal<UrlState>
  readonly page: ReadonlySignal<Page>
  readonly reload: () => void
  /** Somebody waits for the first profile. */
  readonly hurry: ReadonlySignal<boolean>
}): void {
  effect(() => {
    const everySeconds = Number(url.value.refresh)
    if (!(everySeconds > 0) || (page.value === 'explore' && !isRelative(url.value))) return
    const timer = setInterval(
      () => {
        if (document.visibilityState === 'visible') reload()
      },
      (hurry.value ? 3 : Math.max(2, everySeconds)) * 1000,
    )
    return () => clearInterval(timer)
  })
}
