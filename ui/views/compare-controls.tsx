import { hasSeconds, norms } from '../model/compare-scale.ts'
import { diffColor, diffSteps } from '../model/diff-colors.ts'
import { useStore } from '../store.ts'
import type { FlameHead } from '../workers/flame-messages.ts'
import type { DifferenceView } from './difference-view.ts'

/** What is compared, what is noise, and what colours mean. */
export function CompareControls(props: { readonly head: FlameHead; readonly difference: DifferenceView }) {
  const { head, difference } = props
  const store = useStore()
  const { th, colors, shade } = store.url.value
  return (
    <div class="compare-controls">
      <div class="segments" role="group" aria-label="What is compared">
        {norms.map(({ norm, title, hint }) => (
          <button
            key={norm}
            type="button"
            title={hint}
            aria-pressed={difference.norm === norm}
            disabled={norm === 'sec' && !hasSeconds(head)}
            onClick={() => store.go({ norm }, { replace: true })}
          >
            {title}
          </button>
        ))}
      </div>
      <label class="field" title="Changes smaller than this share of the total are drawn grey">
        <span>Noise below</span>
        <input
          type="range"
          min={0}
          max={thresholds.length - 1}
          step={1}
          value={Math.max(0, thresholds.indexOf(Number(th)))}
          aria-valuetext={`${th} %`}
          onInput={(event) =>
            store.go({ th: String(thresholds[Number(event.currentTarget.value)] ?? 0) }, { replace: true })
          }
        />
        <output>{th} %</output>
      </label>
      <label class="field">
        <span>Shade by</span>
        <select
          value={shade}
          onChange={(event) => store.go({ shade: event.currentTarget.value }, { replace: true })}
        >
          <option value="">change of the frame</option>
          <option value="total">change in the total</option>
        </select>
      </label>
      <label class="field">
        <span>Colours</span>
        <select
          value={colors}
          onChange={(event) => store.go({ colors: event.currentTarget.value }, { replace: true })}
        >
          <option value="">blue and orange</option>
          <option value="redgreen">green and red</option>
        </select>
      </label>
      <Legend difference={difference} />
    </div>
  )
}

const thresholds = [0, 0.01, 0.03, 0.1, 0.3, 1, 3, 10]

function Legend({ difference }: { readonly difference: DifferenceView }) {
  const dark = useStore().dark.value
  const { palette } = difference
  return (
    <p class="diff-legend">
      <span>− less in B</span>
      {Array.from({ length: 2 * diffSteps + 1 }, (_, index) => index - diffSteps).map((step) => (
        <span
          key={step}
          class="diff-swatch"
          style={{ background: diffColor(step, { palette, dark }).fill }}
          aria-hidden="true"
        />
      ))}
      <span>+ more in B</span>
    </p>
  )
}
