import { formatClock, formatDay, formatSeconds, formatTime } from '../model/format.ts'
import type { UrlPatch } from '../model/url-state.ts'
import { useStore } from '../store.ts'
import { Icon } from './icon.tsx'
import { Link } from './link.tsx'

interface Marked {
  readonly startMs: number
  readonly endMs: number
}

/** The ranges marked on the plot, and what they can be compared with. A is the base: how it was. */
export function PlotRanges() {
  const store = useStore()
  const { mfrom, mto, bfrom, bto, id } = store.url.value
  const a = marked(mfrom, mto)
  const b = marked(bfrom, bto)
  if (a === undefined && b === undefined) return null
  const selector = store.selector.value ?? '{}'
  const self = id !== '' ? { qa: '', fa: '', ta: '', ida: id } : asA(selector, a)
  return (
    <div class="plot-ranges" role="group" aria-label="Marked ranges">
      {a !== undefined && (
        <Range name={b === undefined ? '' : 'A'} range={a} clear={{ mfrom: '', mto: '' }} />
      )}
      {b !== undefined && <Range name="B" range={b} clear={{ bfrom: '', bto: '' }} />}
      {b !== undefined && (a !== undefined || id !== '') ? (
        <Link class="button button-primary" page="compare" patch={{ ...self, ...asB(selector, b) }}>
          Compare {id !== '' ? 'the open profile' : 'A'} with B
        </Link>
      ) : b !== undefined ? (
        <span class="hint">Shift+drag marks A, to compare it with B</span>
      ) : (
        a !== undefined && <Earlier range={a} />
      )}
    </div>
  )
}

/** The same length, earlier. */
function Earlier({ range }: { readonly range: Marked }) {
  const length = range.endMs - range.startMs
  const shifts: readonly (readonly [string, number])[] = [
    ['the same time before', length],
    ['1 h earlier', 3_600_000],
    ['1 d earlier', 86_400_000],
    ['1 w earlier', 604_800_000],
  ]
  const selector = useStore().selector.value ?? '{}'
  const b = asB(selector, range)
  return (
    <span class="plot-ranges-earlier">
      <span class="muted">Compare with</span>
      {shifts.map(([name, ms]) => (
        <Link
          key={name}
          page="compare"
          patch={{ ...asA(selector, { startMs: range.startMs - ms, endMs: range.endMs - ms }), ...b }}
        >
          {name}
        </Link>
      ))}
      <span class="hint">or Alt+drag a range B</span>
    </span>
  )
}

function Range({
  name,
  range,
  clear,
}: {
  readonly name: string
  readonly range: Marked
  readonly clear: UrlPatch
}) {
  const store = useStore()
  const utc = store.utc.value
  const { startMs, endMs } = range
  const sameDay = formatDay(startMs, utc) === formatDay(endMs, utc)
  return (
    <span class={`plot-range plot-range-${name === 'B' ? 'b' : 'a'}`}>
      {name !== '' && <strong>{name}</strong>}
      {formatTime(startMs, utc)} – {sameDay ? formatClock(endMs, utc) : formatTime(endMs, utc)}
      <span class="muted">{formatSeconds(Math.round((endMs - startMs) / 1000))}</span>
      <button
        type="button"
        class="button button-icon button-small button-quiet"
        aria-label={`Remove range ${name}`}
        title="Remove this range"
        onClick={() => store.go(clear)}
      >
        <Icon name="close" />
      </button>
    </span>
  )
}

function marked(from: string, to: string): Marked | undefined {
  const [startMs, endMs] = [Number(from), Number(to)]
  return from === '' || to === '' || !(startMs < endMs) ? undefined : { startMs, endMs }
}

/** A range as side A of the compare page: how it was. */
function asA(selector: string, range: Marked | undefined): UrlPatch {
  if (range === undefined) return {}
  return { qa: selector, fa: String(range.startMs), ta: String(range.endMs), ida: '' }
}

function asB(selector: string, range: Marked): UrlPatch {
  return { qb: selector, fb: String(range.startMs), tb: String(range.endMs), idb: '' }
}
