import { useState } from 'preact/hooks'
import type { SourceFunction, SourceLine } from '../../query/api/view-types.ts'
import { normOf, scaleOf } from '../model/compare-scale.ts'
import { formatChange } from '../model/difference.ts'
import { formatShare, formatValue } from '../model/format.ts'
import { sourceLink } from '../model/source-link.ts'
import { useStore } from '../store.ts'
import { useDifferenceView } from './difference-view.ts'
import { FunctionPicker, FunctionSuggestions } from './function-picker.tsx'
import { ErrorNotice, Loading } from './notices.tsx'

const templateKey = 'conprof.source-template'

/** Lines of one function that have a value; the text itself is where the labels or a template say. */
export function SourceTab() {
  const store = useStore()
  const { fn } = store.url.value
  const { data, error, loading } = store.view.lines.value
  const [template, setTemplate] = useState(() => localStorage.getItem(templateKey) ?? '')
  const labels = store.item.value.data?.labels ?? store.compare.b.item.value.data?.labels ?? {}
  return (
    <div class={`views padded${loading ? ' is-loading' : ''}`}>
      <FunctionPicker what="Lines of" />
      {fn === '' ? (
        <FunctionSuggestions />
      ) : error !== undefined ? (
        <ErrorNotice error={error} />
      ) : data === undefined ? (
        <Loading what="Adding up lines…" />
      ) : data.functions.length === 0 ? (
        <p class="empty-line">No stack has {fn}, or the profile has no lines.</p>
      ) : (
        data.functions.map((one) => (
          <Lines
            key={`${one.name} ${one.file}`}
            lines={one}
            unit={data.unit}
            total={Number(data.total)}
            linkOf={(line) => sourceLink({ file: one.file, line }, labels, template)}
          />
        ))
      )}
      <details class="source-template">
        <summary>Where the source is</summary>
        <p class="hint">
          The labels <code>service_repository</code>, <code>service_git_ref</code> and{' '}
          <code>service_root_path</code> of a profile make links. An address of your own comes first; it is
          kept in this browser.
        </p>
        <label class="field">
          <span>Address</span>
          <input
            value={template}
            placeholder="vscode://file{file}:{line}"
            spellcheck={false}
            onInput={(event) => {
              const text = event.currentTarget.value
              setTemplate(text)
              if (text === '') localStorage.removeItem(templateKey)
              else localStorage.setItem(templateKey, text)
            }}
          />
        </label>
        <p class="hint">
          <code>{'{file}'}</code> as the profile has it, <code>{'{path}'}</code> within the repository,{' '}
          <code>{'{line}'}</code>, <code>{'{ref}'}</code>, <code>{'{repository}'}</code>
        </p>
      </details>
    </div>
  )
}

function Lines(props: {
  readonly lines: SourceFunction
  readonly unit: string
  readonly total: number
  readonly linkOf: (line: number) => string | undefined
}) {
  const { lines, unit, total, linkOf } = props
  const isCompared = useStore().view.flame.value.data?.base !== undefined
  const titles = isCompared ? ['A', 'B', 'Δ %'] : ['Self', 'Total']
  return (
    <section class="source" aria-label={lines.name}>
      <h3 class="source-name">{lines.name}</h3>
      <p class="muted">
        <code>{lines.file}</code>
      </p>
      <div class="table-scroll" tabIndex={0} role="region" aria-label={`Lines of ${lines.name}`}>
        <table class="table source-lines">
          <thead>
            <tr>
              <th scope="col">Line</th>
              {titles.map((title) => (
                <th key={title} scope="col" class="number">
                  {title}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {lines.lines.map((line) => {
              const href = linkOf(line.line)
              return (
                <tr key={line.line}>
                  <th scope="row">
                    {href === undefined ? (
                      line.line
                    ) : (
                      <a href={href} rel="noreferrer">
                        line {line.line}
                      </a>
                    )}
                  </th>
                  <LineValues line={line} unit={unit} total={total} />
                </tr>
              )
            })}
          </tbody>
        </table>
      </div>
    </section>
  )
}

function LineValues(props: { readonly line: SourceLine; readonly unit: string; readonly total: number }) {
  const { line, unit, total } = props
  const store = useStore()
  const head = store.view.flame.value.data
  const difference = useDifferenceView(head)
  if (difference !== undefined && head !== undefined) {
    const scale = scaleOf(head, normOf(head, store.url.value.norm))
    const [before, now] = [Number(line.baseCum ?? 0) * scale.base, Number(line.cum) * scale.profile]
    return (
      <>
        <td class="number">{difference.format(before)}</td>
        <td class="number">{difference.format(now)}</td>
        <td class="number">{formatChange(before, now)}</td>
      </>
    )
  }
  return (
    <>
      {[Number(line.flat), Number(line.cum)].map((value, index) => (
        <td
          key={index === 0 ? 'flat' : 'cum'}
          class="number amount"
          style={{ '--share': `${total === 0 ? 0 : Math.min(100, (value / total) * 100)}%` }}
        >
          {value === 0 ? '' : formatValue(value, unit)}{' '}
          <span class="muted">{value === 0 ? '' : formatShare(total === 0 ? 0 : value / total)}</span>
        </td>
      ))}
    </>
  )
}
