import { useState } from 'preact/hooks'
import { type SideChoice, type SideName, shiftedRange, shifts, sidePatch } from '../model/compare-sides.ts'
import { formatSeconds, formatTime, plural } from '../model/format.ts'
import { selectorOf } from '../model/selector-format.ts'
import { resolveTime } from '../model/time-range.ts'
import { closeSelection, type UrlPatch } from '../model/url-state.ts'
import { useStore } from '../store.ts'
import { FileButton, fileSide, openFiles } from './choose-file.tsx'
import { ComparePlot } from './compare-plot.tsx'
import { Link } from './link.tsx'
import { ErrorNotice } from './notices.tsx'
import { OtherSeries } from './other-series.tsx'
import { SelectorEditor } from './selector-editor.tsx'

const titles = { a: 'A · before', b: 'B' } as const

/** One side of a comparison: what it is, and where it lies in time. */
export function CompareSide({ name, maxValue }: { readonly name: SideName; readonly maxValue: number }) {
  const store = useStore()
  const side = store.compare[name]
  const choice = side.choice.value
  const plot = side.plot.value
  const open = openPatch(choice, side.resolved.value)
  return (
    <section class={`panel compare-side compare-side-${name}`} aria-label={`Side ${name.toUpperCase()}`}>
      <header class="panel-head">
        <h2>{titles[name]}</h2>
        <p class="muted">{choice === undefined ? 'not chosen yet' : <SideWords name={name} />}</p>
        {open !== undefined && (
          <Link page="explore" class="button button-small panel-head-end" patch={open}>
            Open {name.toUpperCase()}
          </Link>
        )}
      </header>
      <SideForm name={name} key={JSON.stringify(choice)} />
      {name === 'a' && <Presets />}
      {plot.error !== undefined && <ErrorNotice error={plot.error} />}
      {choice !== undefined && choice.kind !== 'file' && <ComparePlot name={name} maxValue={maxValue} />}
    </section>
  )
}

function SideWords({ name }: { readonly name: SideName }) {
  const store = useStore()
  const side = store.compare[name]
  const choice = side.choice.value
  const utc = store.utc.value
  const range = side.resolved.value
  const head = store.view.flame.value.data
  const answer = name === 'b' || head?.base === undefined ? head : head.base
  if (choice?.kind === 'file') return <>{store.file.get(choice.number)?.name ?? 'no file is open'}</>
  if (choice?.kind === 'id') return <>one profile, {formatTime(Number(choice.id.split('-')[0]), utc)}</>
  if (range === undefined) return null
  return (
    <>
      {formatSeconds(Math.round((range.endMs - range.startMs) / 1000))}
      {answer !== undefined && `, ${plural(answer.profiles, 'profile')}`}
    </>
  )
}

function SideForm({ name }: { readonly name: SideName }) {
  const store = useStore()
  const side = store.compare[name]
  const choice = side.choice.value
  const utc = store.utc.value
  const resolved = side.resolved.value
  const shown = (text: string) => (/^\d{11,}$/.test(text) ? formatTime(Number(text), utc) : text)
  const begin =
    choice?.kind === 'range'
      ? choice
      : {
          query: side.query.value ?? store.url.value.q ?? '{}',
          from: around(resolved?.startMs, -1),
          to: around(resolved?.endMs, 1),
        }
  const [query, setQuery] = useState(begin.query)
  const [given] = useState({ text: begin.query })
  const [from, setFrom] = useState(shown(begin.from))
  const [to, setTo] = useState(shown(begin.to))
  const now = { nowMs: store.compare.nowMs.value, utc }
  const isWrong = (text: string) => resolveTime(text, now) === undefined
  const apply = (text: string) => {
    if (isWrong(from) || isWrong(to)) return
    const time = (shownText: string) =>
      shownText.startsWith('now') ? shownText : String(resolveTime(shownText, now) ?? '')
    store.go({
      ...sidePatch(name, { kind: 'range', query: text, from: time(from), to: time(to) }),
      ...afresh,
    })
  }
  return (
    <form
      class="side-form"
      onSubmit={(event) => {
        event.preventDefault()
        apply(query)
      }}
    >
      <SelectorEditor
        text={query}
        given={given}
        invalid={false}
        errorAt={undefined}
        onChange={setQuery}
        onApply={(text) => apply(text)}
      />
      <label class="field">
        <span>from</span>
        <input
          value={from}
          aria-invalid={isWrong(from)}
          onInput={(event) => setFrom(event.currentTarget.value)}
        />
      </label>
      <label class="field">
        <span>to</span>
        <input value={to} aria-invalid={isWrong(to)} onInput={(event) => setTo(event.currentTarget.value)} />
      </label>
      <button type="submit" class="button">
        Show
      </button>
      <SideFiles name={name} />
    </form>
  )
}

/** Files that are open and could be this side, and one that is not open yet. */
function SideFiles({ name }: { readonly name: SideName }) {
  const store = useStore()
  const choice = store.compare[name].choice.value
  const used = choice?.kind === 'file' ? store.file.get(choice.number)?.number : undefined
  const others = store.file.all.value.filter(({ number }) => number !== used)
  return (
    <>
      {others.slice(0, 2).map((file) => (
        <button
          key={file.number}
          type="button"
          class="button button-named"
          title={`${file.name} as ${name.toUpperCase()}`}
          onClick={() => store.go({ ...fileSide(name, file.number), ...afresh })}
        >
          Use {file.name}
        </button>
      ))}
      <FileButton
        title={`A pprof file as ${name.toUpperCase()}; it can be dropped here too`}
        onChoose={(files) => openFiles(store, files, name)}
      >
        File…
      </FileButton>
    </>
  )
}

/** What A can be, seen from B. */
function Presets() {
  const store = useStore()
  const { b } = store.compare
  const choice = b.choice.value
  const item = b.item.value.data
  const range =
    choice?.kind === 'range'
      ? choice
      : item === undefined
        ? undefined
        : {
            kind: 'range' as const,
            query: selectorOf(item.labels),
            from: around(item.time, -1),
            to: around(item.time, 1),
          }
  if (range === undefined) return null
  const options = { nowMs: store.compare.nowMs.value, utc: store.utc.value }
  return (
    <div class="side-presets" role="group" aria-label="What A is">
      {shifts.map(({ title, ms }) => (
        <button
          key={title}
          type="button"
          class="button button-small"
          onClick={() => store.go({ ...sidePatch('a', shiftedRange(range, ms, options)), ...afresh })}
        >
          {title}
        </button>
      ))}
      <OtherSeries range={range} />
    </div>
  )
}

/** A zoom and a mark are of what was there before. */
const afresh: UrlPatch = { zoom: '' }

/** Five minutes on either side of a moment, as one profile alone says little. */
function around(ms: number | undefined, side: 1 | -1): string {
  return ms === undefined ? (side < 0 ? 'now-1h' : 'now') : String(ms + side * 5 * 60_000)
}

function openPatch(
  choice: SideChoice | undefined,
  range: { readonly startMs: number; readonly endMs: number } | undefined,
): UrlPatch | undefined {
  if (choice?.kind === 'id') return { ...closeSelection, id: choice.id }
  if (choice?.kind !== 'range' || range === undefined) return undefined
  const [from, to] = [String(range.startMs), String(range.endMs)]
  return { ...closeSelection, q: choice.query, from, to, mfrom: from, mto: to }
}
