import { useEffect, useRef, useState } from 'preact/hooks'
import { chosenValue, readMatchers, withMatcher } from '../model/selector-edit.ts'
import { selectorPatch } from '../model/selector-patch.ts'
import { type MenuLabel, useStore } from '../store.ts'
import { lazyPage } from './lazy-page.tsx'
import { SelectorEditor } from './selector-editor.tsx'

/** The selector as text, and as menus for people who do not type; both edit the same string. */
export function SelectorBar() {
  const store = useStore()
  const selector = store.selector.value ?? ''
  const [text, setText] = useState(selector)
  // What the editor is told to hold; its own keystrokes come back as `text` and must not be told again.
  const [given, setGiven] = useState({ text: selector })
  const applied = useRef(selector)
  const give = (now: string) => {
    applied.current = now
    setText(now)
    setGiven({ text: now })
  }
  useEffect(() => {
    if (applied.current !== selector) give(selector)
  }, [selector])
  const apply = (now: string) => {
    give(now)
    store.go(selectorPatch(selector, now.trim() === '' ? '{}' : now.trim()))
    store.reload()
  }
  const changed = text.trim() !== selector.trim()
  const unreadable = readMatchers(text) === undefined
  const serverError = store.range.value.error
  return (
    <section class="selector-bar" aria-label="Which profiles">
      <form
        class="selector-line"
        onSubmit={(event) => {
          event.preventDefault()
          apply(text)
        }}
      >
        <SelectorEditor
          text={text}
          given={given}
          invalid={!changed && serverError?.position !== undefined}
          errorAt={changed ? undefined : serverError?.position}
          onChange={setText}
          onApply={apply}
        />
        <button type="submit" class={`button${changed ? ' button-primary' : ''}`} disabled={unreadable}>
          Show
        </button>
      </form>
      <div class="chips">
        <ProfileTypes selector={selector} onChoose={apply} />
        <LabelMenu label="service_name" title="Service" selector={selector} onChoose={apply} />
        <LabelMenu label="job" title="Job" selector={selector} onChoose={apply} />
        <SampleTypes />
        <SelectorActions selector={selector} />
        {changed && (
          <span class="hint">
            {unreadable ? 'not a selector yet, as {job="api", profile_type="cpu"}' : 'Enter shows it'}
          </span>
        )}
      </div>
    </section>
  )
}

const CaptureDialog = lazyPage(async () => (await import('./capture-dialog.tsx')).CaptureDialog)
const PinDialog = lazyPage(async () => (await import('./pin-dialog.tsx')).PinDialog)

/** What can be done with what is selected. */
function SelectorActions({ selector }: { readonly selector: string }) {
  const [open, setOpen] = useState<'capture' | 'pin'>()
  const close = () => setOpen(undefined)
  return (
    <div class="selector-actions">
      <button
        type="button"
        class="button button-small"
        title="Take profiles of these processes now"
        onClick={() => setOpen('capture')}
      >
        Profile now
      </button>
      <button
        type="button"
        class="button button-small"
        title="Keep these profiles beyond retention"
        onClick={() => setOpen('pin')}
      >
        Pin
      </button>
      {open === 'capture' && <CaptureDialog query={selector} onClose={close} />}
      {open === 'pin' && <PinDialog onClose={close} />}
    </div>
  )
}

interface MenuProps {
  readonly selector: string
  readonly onChoose: (selector: string) => void
}

/** Few and the first question, so they stand open. */
function ProfileTypes({ selector, onChoose }: MenuProps) {
  const store = useStore()
  const types = store.menus.profile_type.value.data ?? []
  const chosen = chosenValue(selector, 'profile_type')
  if (types.length === 0) return null
  return (
    <div class="segments" role="group" aria-label="Profile type">
      {types.map((type) => (
        <button
          key={type}
          type="button"
          aria-pressed={type === chosen}
          onClick={() => onChoose(withMatcher(selector, 'profile_type', type))}
        >
          {type}
        </button>
      ))}
    </div>
  )
}

function LabelMenu({
  label,
  title,
  selector,
  onChoose,
}: MenuProps & { readonly label: MenuLabel; readonly title: string }) {
  const store = useStore()
  const values = store.menus[label].value.data ?? []
  const chosen = chosenValue(selector, label)
  const mentioned = (readMatchers(selector) ?? []).some((matcher) => matcher.label === label)
  if (values.length === 0 && !mentioned) return null
  const offered = chosen === undefined || values.includes(chosen) ? values : [chosen, ...values]
  return (
    <label class="field">
      <span>{title}</span>
      <select
        value={chosen ?? (mentioned ? '\u0001' : '')}
        onChange={(event) => {
          const value = event.currentTarget.value
          if (value !== '\u0001') onChoose(withMatcher(selector, label, value === '' ? undefined : value))
        }}
      >
        <option value="">all ({values.length})</option>
        {mentioned && chosen === undefined && <option value={'\u0001'}>as written</option>}
        {offered.map((value) => (
          <option key={value} value={value}>
            {value}
          </option>
        ))}
      </select>
    </label>
  )
}

function SampleTypes() {
  const store = useStore()
  const data = store.range.value.data
  const types = data?.sampleTypes ?? []
  const type = store.url.value.type
  const shown = data?.type ?? type
  if (types.length === 0) return null
  return (
    <label class="field">
      <span>Sample type</span>
      <select value={shown} onChange={(event) => store.go({ type: event.currentTarget.value, zoom: '' })}>
        {types.some((offered) => offered.type === shown) ? null : <option value={shown}>{shown}</option>}
        {types.map((offered) => (
          <option key={offered.type} value={offered.type}>
            {offered.type} ({offered.unit})
          </option>
        ))}
      </select>
    </label>
  )
}
