import { useEffect, useState } from 'preact/hooks'
import type { SideName } from '../model/compare-sides.ts'
import { type Store, useStore } from '../store.ts'
import { openFiles } from './choose-file.tsx'

/** A file that is dropped on any page is opened, two are compared; on the compare page one becomes a side. */
export function DropAnywhere() {
  const store = useStore()
  const [isOver, setIsOver] = useState(false)
  useEffect(() => {
    const abort = new AbortController()
    const { signal } = abort
    const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') === true
    addEventListener(
      'dragover',
      (event) => {
        if (!hasFiles(event)) return
        event.preventDefault()
        setIsOver(true)
      },
      { signal },
    )
    addEventListener(
      'dragleave',
      (event) => {
        if (event.relatedTarget === null) setIsOver(false)
      },
      { signal },
    )
    addEventListener(
      'drop',
      (event) => {
        setIsOver(false)
        const files = [...(event.dataTransfer?.files ?? [])]
        if (files.length === 0) return
        event.preventDefault()
        openFiles(store, files, store.page.peek() === 'compare' ? sideAt(event.target, store) : undefined)
      },
      { signal },
    )
    return () => abort.abort()
  }, [store])
  return isOver ? (
    <div class="drop-target" aria-hidden="true">
      <p>Drop to open</p>
    </div>
  ) : null
}

/** The side it was dropped on; elsewhere A if that is still to be chosen, else B. */
function sideAt(target: EventTarget | null, store: Store): SideName {
  const side = target instanceof Element ? target.closest('.compare-side') : null
  if (side !== null) return side.classList.contains('compare-side-a') ? 'a' : 'b'
  return store.compare.a.choice.peek() === undefined ? 'a' : 'b'
}
