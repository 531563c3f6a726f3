import { useStore } from '../store.ts'
import { FlameGraph } from './flame-graph.tsx'
import { ErrorNotice, Loading } from './notices.tsx'

/** The flame graph of what is open, and how it is turned. */
export function FlamePanel({ files }: { readonly files: ReadonlyMap<string, string> }) {
  const store = useStore()
  const { data, error } = store.view.picture.value
  const { zoom, dir } = store.url.value
  if (error !== undefined) return <ErrorNotice error={error} />
  if (data === undefined) return <Loading what="Drawing…" />
  // Of what is drawn, which may still be what was there before.
  const { side, collapsed = false } = data.shape
  const isInverted = side === 'callers'
  return (
    <FlameGraph
      drawn={data}
      files={files}
      label={isInverted ? 'Flame graph, from the leaves to their callers' : 'Flame graph'}
      up={dir === 'up'}
      zoomPath={zoom}
      onZoom={(path) => store.go({ zoom: path })}
      shape={`${side} ${collapsed}`}
      onEnd={isInverted ? store.view.deepen : undefined}
    />
  )
}
