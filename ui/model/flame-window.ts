/** The part of the root's width that is in sight. */
export interface ViewWindow {
  readonly from: number
  readonly to: number
}

/** Closer (`factor` below 1) or wider, `at` staying where it is. Never wider than `whole`, never less than a hair. */
export function zoomWindow(
  window: ViewWindow,
  { at, factor, whole }: { readonly at: number; readonly factor: number; readonly whole: number },
): ViewWindow {
  const span = window.to - window.from
  const next = Math.min(whole, Math.max(span * factor, whole * 1e-7))
  const share = span === 0 ? 0 : (at - window.from) / span
  return within({ from: at - share * next, to: at + (1 - share) * next }, whole)
}

/** Sideways by so much of what is in sight. */
export function panWindow(window: ViewWindow, share: number, whole: number): ViewWindow {
  const step = (window.to - window.from) * share
  return within({ from: window.from + step, to: window.to + step }, whole)
}

export function centerWindow(window: ViewWindow, at: number, whole: number): ViewWindow {
  const half = (window.to - window.from) / 2
  return within({ from: at - half, to: at + half }, whole)
}

function within({ from, to }: ViewWindow, whole: number): ViewWindow {
  const span = to - from
  if (span >= whole) return { from: 0, to: whole }
  const start = Math.min(Math.max(0, from), whole - span)
  return { from: start, to: start + span }
}
