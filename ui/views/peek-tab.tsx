import type { PeekEdge, PeekNode } from '../../query/api/view-types.ts'
import { normOf, scaleOf } from '../model/compare-scale.ts'
import { formatChange } from '../model/difference.ts'
import { formatShare, formatValue } from '../model/format.ts'
import { useStore } from '../store.ts'
import { type DifferenceView, useDifferenceView } from './difference-view.ts'
import { FunctionPicker, FunctionSuggestions } from './function-picker.tsx'
import { ErrorNotice, Loading } from './notices.tsx'

/** Edges of one function as a table, as `go tool pprof -peek`. */
export function PeekTab() {
  const store = useStore()
  const { fn } = store.url.value
  const { data, error, loading } = store.view.peek.value
  return (
    <div class={`views padded${loading ? ' is-loading' : ''}`}>
      <FunctionPicker what="Edges of" />
      {fn === '' ? (
        <FunctionSuggestions />
      ) : error !== undefined ? (
        <ErrorNotice error={error} />
      ) : data === undefined ? (
        <Loading what="Adding up edges…" />
      ) : data.nodes.length === 0 ? (
        <p class="empty-line">No stack has {fn}.</p>
      ) : (
        data.nodes.map((node) => <Node key={node.name} node={node} unit={data.unit} />)
      )}
    </div>
  )
}

function Node({ node, unit }: { readonly node: PeekNode; readonly unit: string }) {
  const head = useStore().view.flame.value.data
  const difference = useDifferenceView(head)
  const show = { unit, cum: Number(node.cum), difference }
  return (
    <div class="table-scroll peek" tabIndex={0} role="region" aria-label={`Edges of ${node.name}`}>
      <table class="table">
        <thead>
          <tr>
            <th scope="col">Function</th>
            {difference === undefined ? null : (
              <th scope="col" class="number">
                A
              </th>
            )}
            <th scope="col" class="number">
              {difference === undefined ? 'Value' : 'B'}
            </th>
            <th scope="col" class="number">
              {difference === undefined ? 'Of its total' : 'Δ %'}
            </th>
          </tr>
        </thead>
        <tbody>
          {node.callers.map((edge) => (
            <Edge key={`from ${edge.name}`} edge={edge} arrow="↳ called by" {...show} />
          ))}
          <tr class="peek-node">
            <th scope="row">{node.name}</th>
            <Values value={node.cum} base={node.baseCum} {...show} />
          </tr>
          <tr>
            <th scope="row" class="peek-edge">
              <span class="muted">its own</span>
            </th>
            <Values value={node.flat} base={node.baseFlat} {...show} />
          </tr>
          {node.callees.map((edge) => (
            <Edge key={`to ${edge.name}`} edge={edge} arrow="→ calls" {...show} />
          ))}
        </tbody>
      </table>
    </div>
  )
}

interface Shown {
  readonly unit: string
  readonly cum: number
  readonly difference: DifferenceView | undefined
}

function Edge({ edge, arrow, ...show }: Shown & { readonly edge: PeekEdge; readonly arrow: string }) {
  const store = useStore()
  return (
    <tr>
      <th scope="row" class="peek-edge">
        <span class="muted">{arrow}</span>{' '}
        <button type="button" class="link-button" onClick={() => store.go({ fn: edge.name })}>
          {edge.name}
        </button>
        {edge.isInline && <span class="muted"> (inlined)</span>}
      </th>
      <Values value={edge.value} base={edge.baseValue} {...show} />
    </tr>
  )
}

function Values(props: Shown & { readonly value: string; readonly base: string | undefined }) {
  const { unit, cum, difference } = props
  const head = useStore().view.flame.value.data
  const value = Number(props.value)
  if (difference === undefined || head === undefined) {
    return (
      <>
        <td class="number">{formatValue(value, unit)}</td>
        <td class="number">{formatShare(cum === 0 ? 0 : value / cum)}</td>
      </>
    )
  }
  const scale = scaleOf(head, normOf(head, difference.norm))
  const [before, now] = [Number(props.base ?? 0) * scale.base, value * scale.profile]
  return (
    <>
      <td class="number">{difference.format(before)}</td>
      <td class="number">{difference.format(now)}</td>
      <td class="number">{formatChange(before, now)}</td>
    </>
  )
}
