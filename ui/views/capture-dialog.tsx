import { useEffect, useState } from 'preact/hooks'
import type { CaptureAnswer, CaptureRequest } from '../../query/api/capture-types.ts'
import { ApiError, fetchAnswer, sendJson } from '../api.ts'
import {
  captureCommand,
  captureDuration,
  captureItemName,
  captureProgress,
  captureResult,
} from '../model/capture-words.ts'
import { healthWords } from '../model/health-words.ts'
import { closeSelection } from '../model/url-state.ts'
import { useStore } from '../store.ts'
import { CopyButton } from './copy-button.tsx'
import { Dialog } from './dialog.tsx'
import { ErrorNotice } from './notices.tsx'
import { useAdmin } from './use-admin.ts'

/** Profiles taken now, of what is scraped anyway. */
export function CaptureDialog({ query, onClose }: { readonly query: string; readonly onClose: () => void }) {
  const [request, setRequest] = useState<CaptureRequest>({ query, seconds: 10, count: 1, pods: 5 })
  const [capture, setCapture] = useState<CaptureAnswer>()
  const [error, setError] = useState<ApiError>()
  const isAllowed = useAdmin()
  const start = async () => {
    setError(undefined)
    try {
      const { data } = await sendJson<CaptureAnswer>('POST', 'capture', request)
      setCapture(data)
    } catch (problem) {
      setError(problem instanceof ApiError ? problem : new ApiError(String(problem), 'internal'))
    }
  }
  const command = captureCommand(request, document.baseURI)
  return (
    <Dialog title="Profile now" onClose={onClose}>
      {capture === undefined ? (
        <form
          class="dialog-form"
          onSubmit={(event) => {
            event.preventDefault()
            start()
          }}
        >
          <Fields request={request} setRequest={setRequest} />
          {isAllowed === false && (
            <p class="hint">
              This server does not let pages write: start it with <code>--web.enable-admin-api</code>, in the
              chart <code>query.adminApi</code>. Whoever may reach such a server can use the command below.
            </p>
          )}
          {error !== undefined && <ErrorNotice error={error} />}
          <code class="command">{command}</code>
          <p class="actions">
            <button type="submit" class="button button-primary" disabled={isAllowed !== true}>
              Take {captureDuration(request)}
            </button>
            <CopyButton text={command} what="command" />
          </p>
        </form>
      ) : (
        <Progress capture={capture} setCapture={setCapture} onClose={onClose} />
      )}
    </Dialog>
  )
}

function Fields({
  request,
  setRequest,
}: {
  readonly request: CaptureRequest
  readonly setRequest: (request: CaptureRequest) => void
}) {
  const number = (name: 'seconds' | 'count' | 'pods', title: string, max: number) => (
    <label>
      {title}
      <input
        type="number"
        min={1}
        max={max}
        required
        value={request[name]}
        onInput={(event) => setRequest({ ...request, [name]: Number(event.currentTarget.value) })}
      />
    </label>
  )
  return (
    <>
      <label>
        What, of all that is scraped
        <input
          class="mono"
          value={request.query}
          spellcheck={false}
          required
          onInput={(event) => setRequest({ ...request, query: event.currentTarget.value })}
        />
      </label>
      <div class="dialog-fields">
        {number('seconds', 'Seconds each', 300)}
        {number('count', 'One after the other', 100)}
        {number('pods', 'Pods at most', 100)}
      </div>
      <label class="check">
        <input
          type="checkbox"
          checked={request.goroutineText === true}
          onChange={(event) => setRequest({ ...request, goroutineText: event.currentTarget.checked })}
        />
        Goroutines as text too, one by one
      </label>
    </>
  )
}

const pollMs = 700

function Progress(props: {
  readonly capture: CaptureAnswer
  readonly setCapture: (capture: CaptureAnswer) => void
  readonly onClose: () => void
}) {
  const { capture, setCapture, onClose } = props
  const store = useStore()
  const { id, state, items } = capture
  const [trouble, setTrouble] = useState<ApiError>()
  useEffect(() => {
    if (state === 'done') return
    const abort = new AbortController()
    const timer = setTimeout(() => {
      fetchAnswer<CaptureAnswer>(`capture/${encodeURIComponent(id)}`, {}, abort.signal).then(
        ({ data }) => {
          setTrouble(undefined)
          setCapture(data)
        },
        (error: unknown) => {
          if (error instanceof ApiError) setTrouble(error)
        },
      )
    }, pollMs)
    return () => {
      clearTimeout(timer)
      abort.abort()
    }
  }, [capture, trouble])
  const result = captureResult(capture, Date.now())
  const open = () => {
    if (result === undefined) return
    onClose()
    store.go({ ...closeSelection, ...result }, { page: 'explore' })
    store.reload()
  }
  const isWhole = state === 'done' && items.every((item) => item.state === 'done')
  useEffect(() => {
    if (isWhole) open()
  }, [isWhole])
  return (
    <>
      <p role="status">
        {items.length === 0 ? 'Nothing that is scraped matches.' : captureProgress(capture)}
      </p>
      {trouble !== undefined && <ErrorNotice error={trouble} />}
      <ul class="capture-items">
        {items.map((item) => (
          <li key={`${item.collector} ${JSON.stringify(item.labels)}`}>
            <span
              class={`badge badge-${item.state === 'failed' ? 'bad' : item.state === 'done' ? 'good' : 'plain'}`}
            >
              {item.state}
            </span>{' '}
            {captureItemName(item)}{' '}
            <span class="muted">
              {item.done} of {item.count}
            </span>
            {item.state === 'failed' && (
              <p class="danger">
                {item.reason || healthWords(item.health)}
                {item.remedy === '' ? '' : `. ${item.remedy}`}
              </p>
            )}
          </li>
        ))}
      </ul>
      <p class="actions">
        {result !== undefined && (
          <button type="button" class="button button-primary" onClick={open}>
            Open {state === 'done' ? 'them' : 'what is there'}
          </button>
        )}
        {state === 'running' && (
          <button
            type="button"
            class="button"
            onClick={() => {
              sendJson('DELETE', `capture/${encodeURIComponent(id)}`).catch((error: unknown) => {
                if (error instanceof ApiError) setTrouble(error)
              })
            }}
          >
            Stop
          </button>
        )}
      </p>
    </>
  )
}
