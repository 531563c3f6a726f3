import { useEffect, useState } from 'preact/hooks'
import { fetchSeries, seconds } from '../api.ts'
import { plural } from '../model/format.ts'
import { healthWords } from '../model/health-words.ts'
import { readMatchers } from '../model/selector-edit.ts'
import { formatSelector } from '../model/selector-format.ts'
import { selectorPatch } from '../model/selector-patch.ts'
import { rangePresets } from '../model/time-range.ts'
import { useStore } from '../store.ts'
import { Link } from './link.tsx'
import { Empty, Loading, NothingToScrape } from './notices.tsx'

/** Nothing is stored, or nothing matches: says which, and what to do next. */
export function NothingFound() {
  const store = useStore()
  const matchers = readMatchers(store.selector.value ?? '') ?? []
  return matchers.length === 0 ? <NoProfiles /> : <NoMatch />
}

function NoProfiles() {
  const store = useStore()
  const targets = store.targets.value.data?.activeTargets
  if (targets === undefined && store.targets.value.loading) return <Loading what="Looking at the targets…" />
  const up = (targets ?? []).filter(({ health }) => health === 'ok').length
  const waiting = (targets ?? []).filter(({ health }) => health === 'unknown').length
  const sick = (targets ?? []).find(
    ({ health }) => health !== 'ok' && health !== 'unknown' && health !== 'empty',
  )
  return (
    <Empty
      title={
        targets === undefined || targets.length === 0
          ? 'Nothing is scraped yet'
          : 'No profiles in this range yet'
      }
    >
      {targets !== undefined && targets.length > 0 ? (
        <>
          <p>
            {up} of {plural(targets.length, 'scrape loop')} up
            {waiting > 0 ? `, ${waiting} waiting for their first turn` : ''}. New profiles show here by
            themselves.
          </p>
          {sick !== undefined && (
            <p>
              {sick.scrapeUrl}: {sick.reason || healthWords(sick.health)}
              {sick.remedy === '' ? '' : ` — ${sick.remedy}`}
            </p>
          )}
        </>
      ) : (
        <NothingToScrape />
      )}
      <p class="actions">
        <Link page="targets" class="button">
          See the targets
        </Link>
        <Widen />
      </p>
    </Empty>
  )
}

/** Drops one matcher at a time and counts what would be there: which of them empties the selection. */
function NoMatch() {
  const store = useStore()
  const selector = store.selector.value ?? ''
  const { startMs, endMs } = store.resolved.value
  const [counts, setCounts] =
    useState<readonly { readonly selector: string; readonly dropped: string; readonly series: number }[]>()
  useEffect(() => {
    const abort = new AbortController()
    const matchers = readMatchers(selector) ?? []
    const range = { start: seconds(startMs), end: seconds(endMs) }
    const ask = matchers.map(async (matcher) => {
      const rest = formatSelector(matchers.filter((other) => other !== matcher))
      const { data } = await fetchSeries(rest, range, abort.signal)
      return { selector: rest, dropped: formatSelector([matcher]).slice(1, -1), series: data.length }
    })
    Promise.all(ask).then(setCounts, () => undefined)
    return () => abort.abort()
  }, [selector, startMs, endMs])
  const helpful = (counts ?? []).filter(({ series }) => series > 0)
  return (
    <Empty title="No profile matches in this range">
      <p>
        <code>{selector}</code>
      </p>
      {helpful.length > 0 ? (
        <ul class="suggestions">
          {helpful.map((drop) => (
            <li key={drop.dropped}>
              <Link class="button" patch={selectorPatch(selector, drop.selector)}>
                Without <code>{drop.dropped}</code>
              </Link>
              <span class="hint">{plural(drop.series, 'series', 'series')}</span>
            </li>
          ))}
        </ul>
      ) : (
        counts !== undefined && <p>Dropping one matcher does not help either.</p>
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
