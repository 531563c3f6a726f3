import {
  elementScroll,
  observeElementOffset,
  observeElementRect,
  Virtualizer,
  type VirtualizerOptions,
} from '@tanstack/virtual-core'
import type { RefObject } from 'preact'
import { useEffect, useLayoutEffect, useState } from 'preact/hooks'

export interface VirtualRows {
  /** Rows `from` up to `to` are in the document. */
  readonly from: number
  readonly to: number
  /** Heights that stand for the others. */
  readonly abovePx: number
  readonly belowPx: number
  readonly scrollTo: (index: number) => void
}

/** Which of `count` rows of one height are worth being in the document. */
export function useVirtualRows(
  scroller: RefObject<HTMLElement | null>,
  { count, rowPx }: { readonly count: number; readonly rowPx: number },
): VirtualRows {
  const [, draw] = useState(0)
  const options: VirtualizerOptions<HTMLElement, HTMLElement> = {
    count,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowPx,
    overscan: 8,
    initialRect: { width: 0, height: 800 },
    scrollToFn: elementScroll,
    observeElementRect,
    observeElementOffset,
    onChange: () => draw((turn) => turn + 1),
  }
  const [virtualizer] = useState(() => new Virtualizer(options))
  virtualizer.setOptions(options)
  useEffect(() => virtualizer._didMount(), [virtualizer])
  useLayoutEffect(() => virtualizer._willUpdate())
  const items = virtualizer.getVirtualItems()
  const first = items[0]
  const last = items.at(-1)
  return {
    from: first?.index ?? 0,
    to: last === undefined ? 0 : last.index + 1,
    abovePx: first?.start ?? 0,
    belowPx: last === undefined ? 0 : virtualizer.getTotalSize() - last.end,
    scrollTo: (index) => virtualizer.scrollToIndex(index, { align: 'auto' }),
  }
}
