import type { ComponentChildren } from 'preact'
import { coresOf, coverageWords, formatCores } from '../model/coverage.ts'
import { stepDot } from '../model/dots.ts'
import {
  formatBytes,
  formatClock,
  formatDay,
  formatSeconds,
  formatTime,
  formatValue,
} from '../model/format.ts'
import { withMatcher } from '../model/selector-edit.ts'
import { selectorPatch } from '../model/selector-patch.ts'
import { closeSelection, openOther } from '../model/url-state.ts'
import { useStore } from '../store.ts'
import type { FlameHead } from '../workers/flame-messages.ts'
import { CompareMenu } from './compare-menu.tsx'
import { Icon } from './icon.tsx'
import { Link } from './link.tsx'
import { TakeAlong } from './take-along.tsx'

/** What is open: time, labels, totals, coverage, and what can be done with it. */
export function SelectionHead() {
  const store = useStore()
  const source = store.source.value
  if (source === undefined) return null
  return (
    <header class="selection-head">
      <div class="selection-title">
        {'id' in source ? (
          <ProfileTitle id={source.id} />
        ) : (
          <MergeTitle startMs={source.startMs} endMs={source.endMs} />
        )}
        <div class="selection-actions">
          {'id' in source ? (
            <Steps id={source.id} />
          ) : (
            <ZoomToRange startMs={source.startMs} endMs={source.endMs} />
          )}
          <CompareMenu />
          <TakeAlong />
          <button
            type="button"
            class="button button-icon"
            title="Close (Esc)"
            aria-label="Close"
            onClick={() => store.go(closeSelection)}
          >
            <Icon name="close" />
          </button>
        </div>
      </div>
      {'id' in source ? <ProfileFacts /> : <MergeFacts />}
    </header>
  )
}

function ProfileTitle({ id }: { readonly id: string }) {
  const store = useStore()
  const item = store.item.value.data
  const type = item?.labels['profile_type']
  return (
    <h2>
      {type === undefined ? 'Profile' : `${type} profile`}{' '}
      <span class="muted">{formatTime(Number(id.split('-')[0]), store.utc.value)}</span>
    </h2>
  )
}

function MergeTitle({ startMs, endMs }: { readonly startMs: number; readonly endMs: number }) {
  const utc = useStore().utc.value
  const sameDay = formatDay(startMs, utc) === formatDay(endMs, utc)
  return (
    <h2>
      Merged range{' '}
      <span class="muted">
        {formatTime(startMs, utc)} – {sameDay ? formatClock(endMs, utc) : formatTime(endMs, utc)}
      </span>
    </h2>
  )
}

function Steps({ id }: { readonly id: string }) {
  const store = useStore()
  const dots = store.dots.value
  const before = stepDot(dots, id, -1)
  const after = stepDot(dots, id, 1)
  const step = (to: string | undefined) => {
    if (to !== undefined) store.go({ ...openOther, id: to })
  }
  return (
    <div class="group" role="group" aria-label="Other profiles of this series">
      <button
        type="button"
        class="button button-icon"
        title="Previous profile (p)"
        aria-label="Previous profile"
        disabled={before === undefined}
        onClick={() => step(before)}
      >
        <Icon name="left" />
      </button>
      <button
        type="button"
        class="button button-icon"
        title="Next profile (n)"
        aria-label="Next profile"
        disabled={after === undefined}
        onClick={() => step(after)}
      >
        <Icon name="right" />
      </button>
    </div>
  )
}

function ZoomToRange({ startMs, endMs }: { readonly startMs: number; readonly endMs: number }) {
  return (
    <Link class="button" title="Plot this range alone" patch={{ from: String(startMs), to: String(endMs) }}>
      <Icon name="zoom" />
      Zoom plot
    </Link>
  )
}

/** The answer, once it belongs to what is open: numbers of another profile would be lies, even for a moment. */
function useAnswer(): FlameHead | undefined {
  const store = useStore()
  const { data, key } = store.view.flame.value
  return JSON.stringify(key) === JSON.stringify(store.view.source.value) ? data : undefined
}

function ProfileFacts() {
  const store = useStore()
  const item = store.item.value.data
  const answer = useAnswer()
  const cores = answer === undefined ? undefined : coresOf(answer)
  return (
    <>
      <dl class="facts">
        {answer !== undefined && (
          <Fact name={answer.type}>{formatValue(Number(answer.sum), answer.unit)}</Fact>
        )}
        {item !== undefined && item.durationSeconds > 0 && (
          <Fact name="covers">{formatSeconds(item.durationSeconds)}</Fact>
        )}
        {cores !== undefined && answer?.type === 'cpu' && <Fact name="in use">{formatCores(cores)}</Fact>}
        {item !== undefined && <Fact name="size">{formatBytes(item.sizeBytes)}</Fact>}
        {item !== undefined && <Fact name="scrape took">{formatSeconds(item.scrapeSeconds ?? 0)}</Fact>}
      </dl>
      {item !== undefined && <LabelChips labels={item.labels} />}
    </>
  )
}

function MergeFacts() {
  const store = useStore()
  const answer = useAnswer()
  if (answer === undefined) return <p class="coverage">…</p>
  const kind = store.range.value.data?.type === answer.type ? store.range.value.data.kind : undefined
  return (
    <>
      <dl class="facts">
        <Fact name={answer.type}>{formatValue(Number(answer.sum), answer.unit)}</Fact>
        <Fact name="range">{formatSeconds(answer.rangeSeconds)}</Fact>
      </dl>
      <p class="coverage">{coverageWords(answer, kind).join(' · ')}</p>
    </>
  )
}

function Fact({ name, children }: { readonly name: string; readonly children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}

function LabelChips({ labels }: { readonly labels: Readonly<Record<string, string>> }) {
  const store = useStore()
  const selector = store.selector.value ?? '{}'
  return (
    <ul class="label-chips" aria-label="Labels; choosing one narrows the selector">
      {Object.entries(labels).map(([name, value]) => (
        <li key={name}>
          <Link
            title={`Select ${name}="${value}"`}
            patch={{ ...selectorPatch(selector, withMatcher(selector, name, value)), id: store.url.value.id }}
          >
            <span class="chip-name">{name}</span>
            {value}
          </Link>
        </li>
      ))}
    </ul>
  )
}
