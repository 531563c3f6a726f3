import { useEffect, useRef, useState } from 'preact/hooks'
import type { SelectorView } from '../editor/selector-view.ts'
import { useStore } from '../store.ts'

/**
 * A plain input at first, so that the page is usable at once and stays so without the editor; CodeMirror takes
 * its place when its chunk has arrived and nobody is typing.
 */
export function SelectorEditor(props: {
  readonly text: string
  /** A new object each time the text was not typed here. */
  readonly given: { readonly text: string }
  readonly invalid: boolean
  readonly errorAt: { readonly from: number; readonly to: number } | undefined
  readonly onChange: (text: string) => void
  readonly onApply: (text: string) => void
}) {
  const store = useStore()
  const host = useRef<HTMLDivElement>(null)
  const input = useRef<HTMLInputElement>(null)
  const view = useRef<SelectorView | undefined>(undefined)
  const latest = useRef(props)
  latest.current = props
  const [ready, setReady] = useState(false)
  useEffect(() => {
    let gone = false
    whenIdle()
      .then(() => import('../editor/selector-view.ts'))
      .then(
        async ({ createSelectorView }) => {
          while (!gone && document.activeElement === input.current) {
            await new Promise((resolve) => input.current?.addEventListener('blur', resolve, { once: true }))
          }
          if (gone || host.current === null) return
          view.current = createSelectorView(host.current, {
            text: latest.current.text,
            range: () => store.resolved.peek(),
            onChange: (text) => latest.current.onChange(text),
            onApply: (text) => latest.current.onApply(text),
          })
          setReady(true)
        },
        () => undefined,
      )
    return () => {
      gone = true
      view.current?.close()
    }
  }, [store])
  useEffect(() => {
    view.current?.setText(props.given.text)
  }, [props.given])
  useEffect(() => {
    view.current?.setError(props.errorAt)
  }, [props.errorAt?.from, props.errorAt?.to, ready])
  return (
    <div class={`selector-editor${props.invalid ? ' selector-invalid' : ''}`}>
      <div ref={host} hidden={!ready} />
      {!ready && (
        <input
          ref={input}
          value={props.text}
          aria-label="Selector"
          aria-invalid={props.invalid}
          placeholder='{service_name="…", profile_type="cpu"}'
          spellcheck={false}
          autocomplete="off"
          onInput={(event) => props.onChange(event.currentTarget.value)}
        />
      )}
    </div>
  )
}

/** The editor is larger than all else of the page, and can wait until that is drawn. */
function whenIdle(): Promise<void> {
  return new Promise((resolve) => {
    if ('requestIdleCallback' in globalThis) requestIdleCallback(() => resolve(), { timeout: 1500 })
    else setTimeout(resolve, 300)
  })
}
