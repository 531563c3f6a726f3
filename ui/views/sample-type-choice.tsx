import { useStore } from '../store.ts'

/** Which of a profile's sample types is shown. */
export function SampleTypeChoice() {
  const store = useStore()
  const head = store.view.flame.value.data
  if (head === undefined || head.sampleTypes.length < 2) return null
  return (
    <label class="field">
      <span>Sample type</span>
      <select
        value={head.type}
        onChange={(event) => store.go({ type: event.currentTarget.value, zoom: '' }, { replace: true })}
      >
        {head.sampleTypes.map(({ type, unit }) => (
          <option key={type} value={type}>
            {type} ({unit})
          </option>
        ))}
      </select>
    </label>
  )
}
