import type { ComponentChildren } from 'preact'
import type { Page } from '../model/routes.ts'
import type { UrlPatch } from '../model/url-state.ts'
import { useStore } from '../store.ts'

/** A real link, so that it opens in a new tab and can be copied; a plain click stays in the page. */
export function Link(props: {
  readonly page?: Page
  readonly patch?: UrlPatch
  readonly class?: string
  readonly title?: string
  readonly 'aria-label'?: string
  readonly 'aria-current'?: 'page'
  readonly children: ComponentChildren
}) {
  const store = useStore()
  const { page = store.page.value, patch = {}, ...rest } = props
  return (
    <a
      {...rest}
      href={store.href(page, patch)}
      onClick={(event) => {
        if (event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return
        event.preventDefault()
        store.go(patch, { page })
      }}
    />
  )
}
