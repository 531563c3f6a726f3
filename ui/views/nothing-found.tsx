import type { ExplainAnswer, ExplainedMatcher } from '../../query/api/types.ts'
import { seconds } from '../api.ts'
import { formatAgo, formatSeconds, formatTime, plural } from '../model/format.ts'
import { readMatchers } from '../model/selector-edit.ts'
import { formatSelector } from '../model/selector-format.ts'
import { selectorPatch } from '../model/selector-patch.ts'
import { rangePresets } from '../model/time-range.ts'
import { useStore } from '../store.ts'
import { Link } from './link.tsx'
import { Empty, Loading } from './notices.tsx'
import { ScrapeSomething } from './scrape-something.tsx'
import { useAnswer } from './use-answer.ts'

/** Nothing is stored, or nothing matches: says which, and what to do next. */
export function NothingFound() {
  const store = useStore()
  const matchers = readMatchers(store.selector.value ?? '') ?? []
  return matchers.length === 0 ? <NoProfiles /> : <NoMatch />
}

function NoProfiles() {
  return (
    <Empty title="No profiles in this range yet">
      <ScrapeSomething />
      <p class="actions">
        <Widen />
      </p>
    </Empty>
  )
}

/** Which condition empties the selection, what to write instead, and when there was something. */
function NoMatch() {
  const store = useStore()
  const selector = store.selector.value ?? ''
  const { startMs, endMs } = store.resolved.value
  const { data } = useAnswer<ExplainAnswer>(
    'explain',
    { query: selector, start: seconds(startMs), end: seconds(endMs) },
    store.nowMs.value,
  )
  const helpful = (data?.matchers ?? []).flatMap((matcher, index) =>
    matcher.seriesWithout > 0 ? [{ matcher, index }] : [],
  )
  return (
    <Empty title="No profile matches in this range">
      <p>
        <code>{selector}</code>
      </p>
      {data === undefined && <Loading what="Looking why…" />}
      {helpful.length > 0 && (
        <ul class="suggestions">
          {helpful.map(({ matcher, index }) => (
            <Suggestion key={index} matcher={matcher} index={index} />
          ))}
        </ul>
      )}
      {data !== undefined && <Nearest answer={data} />}
      {data !== undefined && helpful.length === 0 && data.before === 0 && data.after === 0 && (
        <p>Leaving out one condition does not help either.</p>
      )}
      <p class="actions">
        <Link class="button" patch={{ ...selectorPatch(selector, ''), q: undefined, type: '' }}>
          Start over
        </Link>
        <Widen />
      </p>
    </Empty>
  )
}

function Suggestion({ matcher, index }: { readonly matcher: ExplainedMatcher; readonly index: number }) {
  const selector = useStore().selector.value ?? ''
  const matchers = readMatchers(selector) ?? []
  const own = matchers[index]
  if (own === undefined) return null
  const rest = formatSelector(matchers.filter((other) => other !== own))
  const instead = (value: string) =>
    formatSelector(matchers.map((other) => (other === own ? { label: own.label, op: '=', value } : other)))
  return (
    <li>
      <Link class="button" patch={selectorPatch(selector, rest)}>
        Without <code>{formatSelector([own]).slice(1, -1)}</code>
      </Link>
      <span class="hint">{plural(matcher.seriesWithout, 'series', 'series')}</span>
      {matcher.values.length > 0 && (
        <span class="hint">
          or{' '}
          {matcher.values.slice(0, 4).map((value, at) => (
            <span key={value}>
              {at > 0 && ', '}
              <Link patch={selectorPatch(selector, instead(value))} title={`${own.label}="${value}"`}>
                {value}
              </Link>
            </span>
          ))}
        </span>
      )}
    </li>
  )
}

/** The same length of time around the nearest profile that does match. */
function Nearest({ answer }: { readonly answer: ExplainAnswer }) {
  const store = useStore()
  const { startMs, endMs } = store.resolved.value
  const around = (ms: number) => {
    const half = Math.max(60_000, Math.round((endMs - startMs) / 2))
    return { from: String(ms - half), to: String(ms + half) }
  }
  const times = [answer.before, answer.after].filter((ms) => ms > 0)
  if (times.length === 0) return null
  return (
    <p>
      The nearest profile that matches:{' '}
      {times.map((ms, at) => (
        <span key={ms}>
          {at > 0 && ' and '}
          <Link patch={around(ms)}>{formatTime(ms, store.utc.value)}</Link>{' '}
          {ms < startMs
            ? `(${formatSeconds(Math.round((startMs - ms) / 1000))} before this range)`
            : `(${formatAgo(ms, store.nowMs.value)})`}
        </span>
      ))}
    </p>
  )
}

function Widen() {
  const store = useStore()
  const at = rangePresets.findIndex(({ from }) => from === store.url.value.from)
  const wider = rangePresets[at < 0 ? rangePresets.length - 1 : at + 1]
  if (wider === undefined) return null
  return (
    <Link class="button" patch={{ from: wider.from, to: 'now' }}>
      Look at: {wider.label.toLowerCase()}
    </Link>
  )
}
