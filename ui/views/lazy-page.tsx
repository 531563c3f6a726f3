import type { ComponentType } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { Loading } from './notices.tsx'

/** A page, or a dialog, whose script comes when it is first shown. */
export function lazyPage<Props extends object = object>(
  load: () => Promise<ComponentType<Props>>,
): ComponentType<Props> {
  let loaded: ComponentType<Props> | undefined
  return function LazyPage(props: Props) {
    const [problem, setProblem] = useState(false)
    const [Page, setPage] = useState<{ readonly component: ComponentType<Props> } | undefined>(
      loaded === undefined ? undefined : { component: loaded },
    )
    // Asked for at once, not when this is on the screen.
    const coming = useRef<Promise<ComponentType<Props>> | undefined>(undefined)
    if (Page === undefined) coming.current ??= load()
    useEffect(() => {
      if (Page !== undefined) return
      let gone = false
      coming.current?.then(
        (component) => {
          loaded = component
          if (!gone) setPage({ component })
        },
        () => {
          if (!gone) setProblem(true)
        },
      )
      return () => {
        gone = true
      }
    }, [])
    if (Page !== undefined) return <Page.component {...props} />
    if (!problem) return <Loading what="Loading the page…" />
    return (
      <div class="notice notice-bad" role="alert">
        <strong>This page could not be loaded</strong>
        <p>The server is away, or it was replaced by a newer one: load the page again.</p>
        <p>
          <button type="button" class="button" onClick={() => location.reload()}>
            Load again
          </button>
        </p>
      </div>
    )
  }
}
