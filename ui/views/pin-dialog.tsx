import { useState } from 'preact/hooks'
import type { PinsAnswer } from '../../query/api/overview-types.ts'
import { ApiError, sendJson } from '../api.ts'
import { formatTime } from '../model/format.ts'
import { selectorOf } from '../model/selector-format.ts'
import { shellQuote } from '../model/shell-quote.ts'
import { useStore } from '../store.ts'
import { CopyButton } from './copy-button.tsx'
import { Dialog } from './dialog.tsx'
import { ErrorNotice } from './notices.tsx'
import { useAdmin } from './use-admin.ts'
import { useAnswer } from './use-answer.ts'

/** Keeps what is shown, or what is open, beyond retention. */
export function PinDialog({ onClose }: { readonly onClose: () => void }) {
  const store = useStore()
  const what = usePinned()
  const utc = store.utc.value
  const isAllowed = useAdmin()
  const [name, setName] = useState(`incident-${new Date(what.end).toISOString().slice(0, 10)}`)
  const [changed, setChanged] = useState(0)
  const [error, setError] = useState<ApiError>()
  const { data, error: unlisted } = useAnswer<PinsAnswer>('pins', {}, changed)
  const write = async (act: () => Promise<unknown>, done: string) => {
    setError(undefined)
    try {
      await act()
      store.say(done)
      setChanged(changed + 1)
    } catch (problem) {
      setError(problem instanceof ApiError ? problem : new ApiError(String(problem), 'internal'))
    }
  }
  const iso = (ms: number) => new Date(ms).toISOString()
  const command = `conprof pin ${shellQuote(name)} --match=${shellQuote(what.match)} --start=${iso(what.start)} --end=${iso(what.end)}`
  return (
    <Dialog title="Keep beyond retention" onClose={onClose}>
      <form
        class="dialog-form"
        onSubmit={(event) => {
          event.preventDefault()
          write(() => sendJson('POST', 'pins', { name: name.trim(), ...what }), `Pinned as ${name.trim()}`)
        }}
      >
        <p>
          <code>{what.match}</code>
          <br />
          {formatTime(what.start, utc)} – {formatTime(what.end, utc)}
        </p>
        <label>
          Name of the pin
          <input
            value={name}
            required
            maxLength={63}
            onInput={(event) => setName(event.currentTarget.value)}
          />
        </label>
        {isAllowed === false && (
          <p class="hint">
            This server does not let pages write: start it with <code>--web.enable-admin-api</code>, in the
            chart <code>query.adminApi</code>. Whoever has the bucket can use the command below.
          </p>
        )}
        {error !== undefined && <ErrorNotice error={error} />}
        <code class="command">{command}</code>
        <p class="actions">
          <button
            type="submit"
            class="button button-primary"
            disabled={isAllowed !== true || name.trim() === ''}
          >
            Pin
          </button>
          <CopyButton text={command} what="command" />
        </p>
      </form>
      {unlisted === undefined && data !== undefined && data.pins.length > 0 && (
        <>
          <h3>Pins there are</h3>
          <ul class="pins">
            {data.pins.map((pin) => (
              <li key={pin.name}>
                <strong>{pin.name}</strong> <code>{pin.match}</code>
                <span class="muted">
                  {formatTime(pin.start, utc)} – {formatTime(pin.end, utc)}
                </span>
                <button
                  type="button"
                  class="button button-small"
                  disabled={isAllowed !== true}
                  title="Retention may have it again"
                  onClick={() =>
                    write(
                      () => sendJson('DELETE', `pins/${encodeURIComponent(pin.name)}`),
                      `${pin.name} unpinned`,
                    )
                  }
                >
                  Unpin
                </button>
              </li>
            ))}
          </ul>
        </>
      )}
    </Dialog>
  )
}

/** The open profile, the marked range, or all that the plot shows. */
function usePinned(): { readonly match: string; readonly start: number; readonly end: number } {
  const store = useStore()
  const source = store.source.value
  const item = store.item.value.data
  const { startMs, endMs } = store.resolved.value
  const match = store.selector.value ?? '{}'
  if (source !== undefined && 'id' in source) {
    const timeMs = Number(source.id.split('-')[0])
    return { match: item === undefined ? match : selectorOf(item.labels), start: timeMs, end: timeMs }
  }
  if (source !== undefined) return { match, start: source.startMs, end: source.endMs }
  return { match, start: Math.round(startMs), end: Math.round(endMs) }
}
