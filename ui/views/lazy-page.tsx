import type { ComponentType } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { Loading } from './notices.tsx'

/** A page whose script comes when it is first shown. */
export function lazyPage(load: () => Promise<ComponentType>): ComponentType {
  let loaded: ComponentType | undefined
  return function LazyPage() {
    const [problem, setProblem] = useState(false)
    const [Page, setPage] = useState<{ readonly component: ComponentType } | undefined>(
      loaded === undefined ? undefined : { component: loaded },
    )
    useEffect(() => {
      if (Page !== undefined) return
      let gone = false
      load().then(
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
    if (Page !== undefined) return <Page.component />
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
