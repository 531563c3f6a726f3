import { useState } from 'preact/hooks'
import { useStore } from '../store.ts'
import { FlameGraph } from './flame-graph.tsx'
import { FunctionPicker, FunctionSuggestions } from './function-picker.tsx'
import { ErrorNotice, Loading } from './notices.tsx'

/** One function in the middle: what calls it above, what it calls below. */
export function CallersTab({ files }: { readonly files: ReadonlyMap<string, string> }) {
  const store = useStore()
  const { fn } = store.url.value
  const callers = store.view.callers.value
  const callees = store.view.callees.value
  const error = callers.error ?? callees.error
  return (
    <div class="views sandwich">
      <FunctionPicker what="Callers and callees of" />
      {fn === '' ? (
        <FunctionSuggestions />
      ) : error !== undefined ? (
        <ErrorNotice error={error} />
      ) : callers.data === undefined || callees.data === undefined ? (
        <Loading what="Turning stacks…" />
      ) : (
        <>
          <Half title="What calls it" drawn={callers.data} files={files} up key={`callers ${fn}`} />
          <Half title="What it calls" drawn={callees.data} files={files} up={false} key={`callees ${fn}`} />
        </>
      )}
    </div>
  )
}

function Half(props: {
  readonly title: string
  readonly drawn: NonNullable<ReturnType<typeof useStore>['view']['callers']['value']['data']>
  readonly files: ReadonlyMap<string, string>
  readonly up: boolean
}) {
  const { title, drawn, files, up } = props
  const { fn } = useStore().url.value
  const [zoom, setZoom] = useState('')
  return (
    <section aria-label={title} class="sandwich-half">
      <h3>{title}</h3>
      <FlameGraph
        drawn={drawn}
        files={files}
        label={title}
        up={up}
        zoomPath={zoom}
        onZoom={setZoom}
        shape={title}
        about={fn}
      />
    </section>
  )
}
