import { useEffect, useState } from 'preact/hooks'
import type { Answer } from '../../query/api/types.ts'
import type { TableAnswer } from '../../query/api/view-types.ts'
import { ApiError, apiUrl } from '../api.ts'
import { changeText, type SideWords } from '../model/change-text.ts'
import { normOf, scaleOf } from '../model/compare-scale.ts'
import type { SideName } from '../model/compare-sides.ts'
import { readRows } from '../model/table-rows.ts'
import { type Store, useStore } from '../store.ts'
import { hasFile, type ViewSource, viewParams } from '../view-api.ts'
import { ErrorNotice, Loading } from './notices.tsx'
import { TicketText } from './ticket-text.tsx'

/** What changed most between two sides, as text for a ticket. */
export function CompareTicket({ link }: { readonly link: string }) {
  const store = useStore()
  const source = store.view.source.value
  const head = store.view.flame.value.data
  const { data, error } = useFunctions(store, source)
  if (source?.base === undefined) return null
  if (error !== undefined) return <ErrorNotice error={error} />
  if (data === undefined || head?.base === undefined) return <Loading what="Adding up functions…" />
  const norm = normOf(head, store.url.value.norm)
  const again = hasFile(source)
    ? {}
    : { link, pprofUrl: apiUrl('profile', { ...viewParams(source), format: 'pprof' }) }
  const text = changeText({
    a: wordsOf(store, 'a'),
    b: wordsOf(store, 'b'),
    head,
    norm,
    rows: readRows(data.functions, scaleOf(head, norm)),
    ...again,
  })
  return (
    <>
      {hasFile(source) && <p class="muted">Opened files stay in this browser: the link is without them.</p>}
      <TicketText text={text} />
    </>
  )
}

/** Asked anew whatever is open below: not every tab has them, nor by function. */
function useFunctions(store: Store, source: ViewSource | undefined) {
  const [found, setFound] = useState<{ readonly data?: TableAnswer; readonly error?: ApiError }>({})
  useEffect(() => {
    let isGone = false
    setFound({})
    if (source?.base === undefined) return
    const load = async () => {
      const answer: Answer<TableAnswer> = await (await store.view.download(source, 'top')).json()
      if (answer.status !== 'success') throw new ApiError(answer.error, answer.errorType)
      return answer.data
    }
    load().then(
      (data) => !isGone && setFound({ data }),
      (error: ApiError) => !isGone && setFound({ error }),
    )
    return () => {
      isGone = true
    }
  }, [source])
  return found
}

function wordsOf(store: Store, name: SideName): SideWords {
  const side = store.compare[name]
  const choice = side.choice.value
  if (choice?.kind === 'file') return { what: store.file.get(choice.number)?.name ?? '' }
  return { what: side.query.value ?? '{}', ...side.resolved.value }
}
