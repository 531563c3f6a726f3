import { scaleOf } from '../model/compare-scale.ts'
import { sideChoice, swapPatch } from '../model/compare-sides.ts'
import { differenceOf, differenceWords, formatChange } from '../model/difference.ts'
import { closeSelection } from '../model/url-state.ts'
import { useStore } from '../store.ts'
import { CompareControls } from './compare-controls.tsx'
import { CompareSide } from './compare-side.tsx'
import { useDifferenceView } from './difference-view.ts'
import { Empty } from './notices.tsx'
import { ProfileViews } from './profile-views.tsx'
import { SampleTypeChoice } from './sample-type-choice.tsx'
import { TakeAlong } from './take-along.tsx'

/** Two selections side by side: A is the base, how it was before; B is what is asked about. */
export function ComparePage() {
  const store = useStore()
  const { a, b, sides } = store.compare
  const highest = Math.max(highestOf(a.plot.value.data), highestOf(b.plot.value.data))
  const url = store.url.value
  const isNothing = sideChoice(url, 'a') === undefined && sideChoice(url, 'b') === undefined
  return (
    <div class="page compare-page">
      <header class="page-head">
        <h1>Compare</h1>
        <p class="muted">A is how it was before, B is what you ask about.</p>
        <div class="selection-actions page-head-end">
          <button
            type="button"
            class="button"
            title="A becomes B, and B becomes A"
            disabled={isNothing}
            onClick={() => store.go({ ...swapPatch(store.url.peek()), ...closeSelection })}
          >
            Swap
          </button>
          <TakeAlong />
        </div>
      </header>
      <div class="compare-sides">
        <CompareSide name="a" maxValue={highest} />
        <CompareSide name="b" maxValue={highest} />
      </div>
      {sides.value === undefined ? (
        <Empty title="Choose what to compare">
          <p>
            Write a selector on either side, or open a profile on the Explore page and press <kbd>b</kbd>: it
            becomes B, and what was an hour before becomes A.
          </p>
        </Empty>
      ) : (
        <section
          class={`panel selection${store.view.flame.value.loading ? ' is-loading' : ''}`}
          aria-label="Comparison"
        >
          <Summary />
          <ProfileViews tools={<SampleTypeChoice />} />
        </section>
      )}
    </div>
  )
}

function highestOf(
  data:
    | { readonly result: readonly { readonly values: readonly (readonly [number, string])[] }[] }
    | undefined,
): number {
  let highest = 0
  for (const { values } of data?.result ?? [])
    for (const [, value] of values) highest = Math.max(highest, Number(value))
  return highest
}

/** What changed in all, in words. */
function Summary() {
  const store = useStore()
  const head = store.view.flame.value.data
  const difference = useDifferenceView(head)
  if (head === undefined) return null
  if (head.base === undefined || difference === undefined) {
    return (
      <p class="compare-summary hint">
        Only one side is chosen: it is shown as it is. Choose the other to see what changed.
      </p>
    )
  }
  const scale = scaleOf(head, difference.norm === 'share' ? 'abs' : difference.norm)
  const [before, now] = [Number(head.base.sum) * scale.base, Number(head.sum) * scale.profile]
  const change = differenceOf(before, now)
  const format = difference.norm === 'share' ? undefined : difference.format
  return (
    <div class="compare-summary">
      <p>
        <strong>
          B{' '}
          {before === 0 || now === 0
            ? emptyWords(before, now)
            : differenceWords(change, head.type, head.unit)}
        </strong>
        {format !== undefined && (
          <>
            {' '}
            <span class="muted">
              {head.type}: {format(before)} in A, {format(now)} in B
            </span>
          </>
        )}{' '}
        <span class={`change change-${change.kind}`}>{formatChange(before, now)}</span>
      </p>
      <CompareControls head={head} difference={difference} />
    </div>
  )
}

function emptyWords(before: number, now: number): string {
  if (before === 0 && now === 0) return 'and A are empty'
  return before === 0 ? 'is all there is: A is empty' : 'is empty: all of A is shown as gone'
}
