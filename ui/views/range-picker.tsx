import { useState } from 'preact/hooks'
import { formatTime } from '../model/format.ts'
import { describeRange, isRelative, rangePresets, resolveTime } from '../model/time-range.ts'
import { useStore } from '../store.ts'
import { Icon } from './icon.tsx'
import { Popover } from './popover.tsx'

export function RangePicker() {
  const store = useStore()
  const url = store.url.value
  const utc = store.utc.value
  const live = isRelative(url) && Number(url.refresh) > 0
  const shift = (direction: -1 | 1) => {
    const { startMs, endMs } = store.resolved.value
    const step = Math.round(((endMs - startMs) / 2) * direction)
    store.go({ from: String(startMs + step), to: String(endMs + step) })
  }
  return (
    <div class="group" role="group" aria-label="Time range">
      <button
        type="button"
        class="button button-icon"
        title="Earlier by half the range"
        aria-label="Earlier by half the range"
        onClick={() => shift(-1)}
      >
        <Icon name="left" />
      </button>
      <Popover
        title="Choose the time range"
        label={
          <>
            <Icon name="clock" />
            <span class="range-label">
              {describeRange(url, { utc, format: (ms) => formatTime(ms, utc) })}
            </span>
          </>
        }
      >
        {(close) => <RangePanel close={close} />}
      </Popover>
      <button
        type="button"
        class="button button-icon"
        title="Later by half the range"
        aria-label="Later by half the range"
        onClick={() => shift(1)}
      >
        <Icon name="right" />
      </button>
      <button
        type="button"
        class={`button${live ? ' button-live' : ''}`}
        title={live ? `Reload now (r); reloads by itself every ${url.refresh} s` : 'Reload now (r)'}
        aria-label="Reload"
        onClick={store.reload}
      >
        <Icon name="reload" />
        {live ? `${url.refresh} s` : ''}
      </button>
    </div>
  )
}

function RangePanel({ close }: { readonly close: () => void }) {
  const store = useStore()
  const url = store.url.value
  const utc = store.utc.value
  const show = (text: string) => {
    const ms = text.startsWith('now') ? undefined : resolveTime(text, { nowMs: Date.now(), utc })
    return ms === undefined ? text : formatTime(ms, utc)
  }
  const [from, setFrom] = useState(show(url.from))
  const [to, setTo] = useState(show(url.to))
  const nowMs = Date.now()
  const startMs = resolveTime(from, { nowMs, utc })
  const endMs = resolveTime(to, { nowMs, utc })
  const problem =
    startMs === undefined || endMs === undefined
      ? 'Write a time as 2026-11-23 14:05 or now-90m'
      : startMs >= endMs
        ? 'The beginning must lie before the end'
        : ''
  const keep = (text: string, ms: number | undefined) =>
    text.trim().startsWith('now') ? text.replaceAll(' ', '') : String(ms)
  return (
    <div class="range-panel">
      <ul class="menu">
        {rangePresets.map((preset) => (
          <li key={preset.from}>
            <button
              type="button"
              aria-pressed={url.from === preset.from && url.to === 'now'}
              onClick={() => {
                store.go({ from: preset.from, to: 'now' })
                store.reload()
                close()
              }}
            >
              {preset.label}
            </button>
          </li>
        ))}
      </ul>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          if (problem !== '') return
          store.go({ from: keep(from, startMs), to: keep(to, endMs) })
          store.reload()
          close()
        }}
      >
        <label>
          From
          <input value={from} spellcheck={false} onInput={(event) => setFrom(event.currentTarget.value)} />
        </label>
        <label>
          To
          <input value={to} spellcheck={false} onInput={(event) => setTo(event.currentTarget.value)} />
        </label>
        <p class={problem === '' ? 'hint' : 'hint hint-bad'} role="status">
          {problem === '' ? `Times are in ${utc ? 'UTC' : 'local time'}` : problem}
        </p>
        <button type="submit" class="button button-primary" disabled={problem !== ''}>
          Apply
        </button>
        <label>
          Reload by itself
          <select
            value={url.refresh}
            onChange={(event) => store.go({ refresh: event.currentTarget.value }, { replace: true })}
          >
            <option value="0">never</option>
            <option value="5">every 5 s</option>
            <option value="10">every 10 s</option>
            <option value="30">every 30 s</option>
            <option value="60">every minute</option>
          </select>
        </label>
      </form>
    </div>
  )
}
