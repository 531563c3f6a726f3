import { useEffect, useState } from 'preact/hooks'
import { useStore } from '../store.ts'
import { openFile } from './choose-file.tsx'

/** A file that is dropped on any page is opened; on the compare page too it becomes a side when chosen there. */
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
        const file = event.dataTransfer?.files[0]
        if (file === undefined) return
        event.preventDefault()
        if (store.page.peek() === 'compare') {
          store.file.open(file)
          store.say(`${file.name} is open: use it as A or as B`)
        } else openFile(store, file)
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
