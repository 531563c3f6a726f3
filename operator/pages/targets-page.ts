import { html, type Markup } from './html.ts'
import type { TargetList, TargetsFilter } from './list-targets.ts'
import type { OperatorState } from './operator-state.ts'
import { page } from './page.ts'

export const views = ['dropped', 'active', 'profiletargets', 'namespaces', 'collectors'] as const
export type View = (typeof views)[number]

export interface TargetsPageOptions {
  readonly view: View
  readonly filter: TargetsFilter
  readonly nowMs: number
}

/** What is dropped comes first: who comes here misses something. Links are relative, so that any prefix works. */
export function targetsPage(state: OperatorState, list: TargetList, options: TargetsPageOptions): string {
  const { view, filter } = options
  return page('Targets', [
    html`<h1>Targets of ${state.namespace}/${state.release}</h1>
<p class="muted">${list.counts.active} active, ${list.counts.dropped} dropped, of ${list.counts.pods} pods that the operator sees.
The same as JSON: <a href="api/v1/targets${query(filter, {})}">api/v1/targets</a>.</p>`,
    ...(list.notReady === undefined
      ? []
      : [html`<p class="notice" role="status">Not all is known yet: ${list.notReady}</p>`]),
    tabs(state, list, options),
    ...(view === 'dropped' || view === 'active' ? [filterForm(options)] : []),
    content(state, list, options),
  ])
}

function tabs(state: OperatorState, list: TargetList, { view, filter }: TargetsPageOptions): Markup {
  const counts: Readonly<Record<View, number>> = {
    dropped: list.droppedTotal,
    active: list.activeTotal,
    profiletargets: [...state.profileTargets()].length,
    namespaces: list.namespaces.length,
    collectors: state.members().length,
  }
  const links = views.map((each) => {
    const href = `targets${query({ ...filter, offset: 0 }, { view: each })}`
    const text = `${titles[each]} ${counts[each]}`
    return each === view
      ? html`<a href="${href}" aria-current="page">${text}</a>`
      : html`<a href="${href}">${text}</a>`
  })
  return html`<nav aria-label="Lists">${links}</nav>`
}

const titles: Readonly<Record<View, string>> = {
  dropped: 'Dropped',
  active: 'Active',
  profiletargets: 'ProfileTargets',
  namespaces: 'Namespaces',
  collectors: 'Collectors',
}

function filterForm({ view, filter }: TargetsPageOptions): Markup {
  return html`<form action="targets" method="get">
<input type="hidden" name="view" value="${view}">
<label>Namespace <input name="namespace" value="${filter.namespace ?? ''}" autocomplete="off"></label>
<label>Part of the pod's name <input name="pod" value="${filter.pod ?? ''}" autocomplete="off"></label>
<button>Show</button>
</form>`
}

function content(state: OperatorState, list: TargetList, options: TargetsPageOptions): Markup {
  switch (options.view) {
    case 'dropped':
      return droppedTable(list, options)
    case 'active':
      return activeTable(list, options)
    case 'profiletargets':
      return profileTargetsTable(state)
    case 'namespaces':
      return namespacesTable(list, options)
    case 'collectors':
      return collectorsTable(state, options)
  }
}

function droppedTable({ droppedTargets, droppedTotal }: TargetList, options: TargetsPageOptions): Markup {
  const rows = droppedTargets.map(
    (drop) => html`<tr><td>${drop.namespace}</td><td>${podLink(drop)}</td>
<td><code>${drop.code}</code></td><td class="why">${drop.reason}</td>
<td>${drop.port}</td><td>${drop.container}</td><td>${drop.profileType || 'all'}</td><td>${drop.owner}</td></tr>`,
  )
  const heads = ['Namespace', 'Pod', 'Code', 'Why', 'Port', 'Container', 'Types', 'Asked for by']
  return html`${table(heads, rows, 'Nothing is dropped.')}${pages(droppedTotal, options)}`
}

function activeTable({ activeTargets, activeTotal }: TargetList, options: TargetsPageOptions): Markup {
  const rows = activeTargets.map((target) => {
    const waitMs = (target.startAfter ?? 0) - options.nowMs
    const shard =
      target.shard === null
        ? html`<span class="warn">none yet</span>`
        : html`${target.shard}${waitMs > 0 ? html` <span class="warn">in ${Math.ceil(waitMs / 1000)} s</span>` : ''}`
    const mesh = target.mesh === '' ? '' : html` <span class="muted">(${target.mesh})</span>`
    return html`<tr><td>${target.namespace}</td><td>${podLink(target)}</td><td>${target.container}${mesh}</td>
<td><code>${target.address}${target.pathPrefix}</code></td><td>${target.profileTypes.join(', ')}</td>
<td class="n">${shard}</td><td>${target.owner}</td></tr>`
  })
  const heads = ['Namespace', 'Pod', 'Container', 'Address', 'Types', '#Collector', 'Asked for by']
  return html`${table(heads, rows, 'There is nothing to scrape.')}${pages(activeTotal, options)}`
}

function profileTargetsTable(state: OperatorState): Markup {
  const sorted = [...state.profileTargets()].sort((a, b) =>
    `${a.namespace}/${a.name}` < `${b.namespace}/${b.name}` ? -1 : 1,
  )
  const rows = sorted.map(
    (target) => html`<tr><td>${target.namespace}</td><td>${target.name}</td>
<td class="${target.isAccepted ? 'good' : 'bad'}">${target.acceptedReason}</td><td class="why">${target.message}</td>
<td class="n">${target.pods}</td><td class="n">${target.targets}</td></tr>`,
  )
  return table(
    ['Namespace', 'Name', 'Accepted', 'Why', '#Pods', '#Targets'],
    rows,
    'There is no ProfileTarget.',
  )
}

function namespacesTable({ namespaces }: TargetList, { filter }: TargetsPageOptions): Markup {
  const rows = namespaces.map(({ namespace, pods, active, dropped }) => {
    const link = (view: View, count: number) =>
      count === 0
        ? html`0`
        : html`<a href="targets${query({ ...filter, offset: 0, namespace }, { view })}">${count}</a>`
    return html`<tr><td>${namespace}</td><td class="n">${pods}</td><td class="n">${link('active', active)}</td>
<td class="n">${link('dropped', dropped)}</td></tr>`
  })
  return table(['Namespace', '#Pods', '#Active', '#Dropped'], rows, 'No pod is seen.')
}

function collectorsTable(state: OperatorState, { nowMs }: TargetsPageOptions): Markup {
  const rows = state.members().map(({ ordinal, pod, isReady, lastAnswerMs, targets }) => {
    const seconds = Math.max(0, Math.round((nowMs - lastAnswerMs) / 1000))
    const answer = lastAnswerMs === 0 ? html`<span class="bad">never</span>` : html`${seconds} s ago`
    return html`<tr><td class="n">${ordinal}</td><td>${pod}</td>
<td class="${isReady ? 'good' : 'bad'}">${isReady ? 'yes' : 'no'}</td><td>${answer}</td><td class="n">${targets}</td></tr>`
  })
  return table(['#Ordinal', 'Pod', 'Ready', 'Last answer', '#Targets'], rows, 'There is no collector.')
}

/** Titles that begin with # are of numbers. */
function table(titles: readonly string[], rows: readonly Markup[], empty: string): Markup {
  if (rows.length === 0) return html`<p class="muted">${empty}</p>`
  const heads = titles.map((title) =>
    title.startsWith('#')
      ? html`<th class="n" scope="col">${title.slice(1)}</th>`
      : html`<th scope="col">${title}</th>`,
  )
  return html`<div class="scroll" tabindex="0" role="region" aria-label="List"><table>
<thead><tr>${heads}</tr></thead>
<tbody>
${rows}
</tbody></table></div>`
}

function pages(total: number, { view, filter }: TargetsPageOptions): Markup {
  const { offset, limit } = filter
  if (total <= limit && offset === 0) return html``
  const link = (from: number, text: string) =>
    html`<a href="targets${query({ ...filter, offset: from }, { view })}">${text}</a>`
  const to = Math.min(total, offset + limit)
  return html`<p class="pages"><span class="muted">${Math.min(total, offset + 1)} to ${to} of ${total}</span>
${offset > 0 ? link(Math.max(0, offset - limit), '← before') : ''}
${to < total ? link(offset + limit, 'after →') : ''}</p>`
}

function podLink({ namespace, pod }: { readonly namespace: string; readonly pod: string }): Markup {
  return html`<a href="targets/${encodeURIComponent(namespace)}/${encodeURIComponent(pod)}">${pod}</a>`
}

/** The parameters that are not as they are anyway. */
function query(filter: TargetsFilter, more: { readonly view?: View }): string {
  const parameters = new URLSearchParams()
  if (more.view !== undefined) parameters.set('view', more.view)
  if (filter.namespace !== undefined) parameters.set('namespace', filter.namespace)
  if (filter.pod !== undefined) parameters.set('pod', filter.pod)
  if (filter.offset > 0) parameters.set('offset', String(filter.offset))
  if (filter.limit !== defaultLimit) parameters.set('limit', String(filter.limit))
  const text = parameters.toString()
  return text === '' ? '' : `?${text}`
}

export const defaultLimit = 200
export const maxLimit = 2000
