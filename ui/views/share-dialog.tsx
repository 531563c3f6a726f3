import type { TopAnswer } from '../../query/api/types.ts'
import { apiUrl, type ProfileSource, profileParams } from '../api.ts'
import { coverageWords } from '../model/coverage.ts'
import { frozenTimes } from '../model/frozen-times.ts'
import { selectorOf } from '../model/selector-format.ts'
import { ticketText } from '../model/ticket-text.ts'
import { useStore } from '../store.ts'
import { CompareTicket } from './compare-ticket.tsx'
import { CopyButton } from './copy-button.tsx'
import { Dialog } from './dialog.tsx'
import { ErrorNotice, Loading } from './notices.tsx'
import { TicketText } from './ticket-text.tsx'
import { useAnswer } from './use-answer.ts'

/** A link whose times stand still, and the same as text for a ticket. */
export function ShareDialog({ onClose }: { readonly onClose: () => void }) {
  const store = useStore()
  const link = useFrozenLink()
  return (
    <Dialog title="Share" onClose={onClose}>
      <p class="muted">
        “now” is replaced by the time it stands for, so that this link shows the same tomorrow.
      </p>
      <code class="command">{link}</code>
      <p class="actions">
        <CopyButton text={link} what="link" />
      </p>
      {store.page.value === 'explore' && <Ticket link={link} />}
      {store.page.value === 'compare' && <CompareTicket link={link} />}
    </Dialog>
  )
}

export function useFrozenLink(): string {
  const store = useStore()
  const options = { nowMs: store.nowMs.value, utc: store.utc.value }
  const q = store.page.value === 'explore' ? { q: store.selector.value } : {}
  return store.href(store.page.value, { ...frozenTimes(store.url.value, options), ...q })
}

function Ticket({ link }: { readonly link: string }) {
  const store = useStore()
  const selector = store.selector.value ?? '{}'
  const range = store.resolved.value
  const type = store.url.value.type
  const source: ProfileSource = store.source.value ?? {
    query: selector,
    ...range,
    ...(type === '' ? {} : { type }),
  }
  const params = profileParams(source)
  const { data, error } = useAnswer<TopAnswer>('profile', { ...params, format: 'top' }, 0)
  if (error !== undefined) return <ErrorNotice error={error} />
  if (data === undefined) return <Loading what="Merging the stacks of this range…" />
  const item = store.item.value.data
  const isOne = 'id' in source
  const timeMs = isOne ? Number(source.id.split('-')[0]) : 0
  const text = ticketText({
    link,
    selector: isOne && item !== undefined ? selectorOf(item.labels) : selector,
    startMs: isOne ? timeMs : source.startMs,
    endMs: isOne ? timeMs : source.endMs,
    coverage: isOne ? [] : coverageWords(data, store.range.value.data?.kind),
    type: data.type,
    unit: data.unit,
    total: data.total,
    functions: data.functions,
    pprofUrl: apiUrl('profile', { ...params, format: 'pprof' }),
  })
  return <TicketText text={text} />
}
