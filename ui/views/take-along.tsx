import { apiUrl } from '../api.ts'
import { useStore } from '../store.ts'
import { hasFile, type ViewSource, viewParams } from '../view-api.ts'
import { copyText } from './frame-actions.ts'
import { Icon } from './icon.tsx'
import { Popover } from './popover.tsx'

/** What is shown, for other programs: filters and the base included. */
const formats = [
  { format: 'collapsed', title: 'Collapsed stacks', file: 'stacks.txt' },
  { format: 'speedscope', title: 'Speedscope’s file', file: 'profile.speedscope.json' },
  { format: 'dot', title: 'Call graph as DOT', file: 'graph.dot' },
] as const

/** Download, the command to copy, and the viewer that comes with conprof. */
export function TakeAlong() {
  const store = useStore()
  const source = store.view.source.value
  if (source === undefined) return null
  return (
    <Popover
      class="take-along"
      title="Download, copy or open elsewhere (d)"
      label={
        <>
          <Icon name="download" />
          Take along
        </>
      }
    >
      {() => (hasFile(source) ? <TakeFile source={source} /> : <TakeStored source={source} />)}
    </Popover>
  )
}

function TakeStored({ source }: { readonly source: ViewSource }) {
  const store = useStore()
  const urlOf = (format: string) => apiUrl('profile', { ...viewParams(source), format })
  const pprof = urlOf('pprof')
  const command = `go tool pprof -http=: '${pprof.replaceAll("'", '%27')}'`
  const type = store.view.flame.value.data?.type
  return (
    <div class="take">
      <a class="button button-primary" href={pprof} download="">
        <Icon name="download" />
        Download pprof
      </a>
      <p class="actions">
        {formats.map(({ format, title, file }) => (
          <a key={format} class="button" href={urlOf(format)} download={file}>
            {title}
          </a>
        ))}
        {type === 'cpu' && 'query' in source.profile && (
          <a
            class="button"
            title="For go build -pgo"
            href={apiUrl('pgo', { query: source.profile.query, ...timesOf(source) })}
            download="default.pgo"
          >
            default.pgo
          </a>
        )}
      </p>
      <a class="button" href={speedscopeUrl(urlOf('speedscope'))} target="_blank" rel="noreferrer">
        Open in speedscope
      </a>
      <h3>Open with Go’s own tool</h3>
      <code class="command">{command}</code>
      <p class="actions">
        <button type="button" class="button" onClick={() => copyText(store, command, 'Command')}>
          <Icon name="copy" />
          Copy command
        </button>
        <button type="button" class="button" onClick={() => copyText(store, location.href, 'Link')}>
          <Icon name="copy" />
          Copy link to this view
        </button>
      </p>
    </div>
  )
}

/** Of a file in this browser there is no address: each view is asked for with the file as the body. */
function TakeFile({ source }: { readonly source: ViewSource }) {
  const store = useStore()
  const save = async (format: string, file: string) => {
    try {
      const response = await store.view.download(source, format)
      const link = document.createElement('a')
      link.href = URL.createObjectURL(await response.blob())
      link.download = file
      link.click()
      URL.revokeObjectURL(link.href)
    } catch (error) {
      store.say((error as Error).message)
    }
  }
  return (
    <div class="take">
      <button type="button" class="button button-primary" onClick={() => save('pprof', 'profile.pb.gz')}>
        <Icon name="download" />
        Download pprof, as filtered
      </button>
      <p class="actions">
        {formats.map(({ format, title, file }) => (
          <button key={format} type="button" class="button" onClick={() => save(format, file)}>
            {title}
          </button>
        ))}
      </p>
    </div>
  )
}

function timesOf({ profile }: ViewSource) {
  const { start, end } = viewParams({ profile, type: '', filters: {} as ViewSource['filters'] })
  return { start, end }
}

/** The viewer reads the profile from the same server. */
function speedscopeUrl(profileUrl: string): string {
  const url = new URL('speedscope/', document.baseURI)
  url.hash = `profileURL=${encodeURIComponent(profileUrl)}&title=${encodeURIComponent('conprof')}`
  return url.href
}
