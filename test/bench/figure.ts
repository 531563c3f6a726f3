/** One line of the table. `reach` is what the figure is meant to be, `context` what else to know. */
export interface Figure {
  readonly name: string
  readonly value: number
  readonly unit: string
  readonly reach?: { readonly op: '>=' | '<='; readonly value: number }
  readonly context?: string
}

export function isReached({ value, reach }: Figure): boolean | undefined {
  if (reach === undefined) return undefined
  return reach.op === '>=' ? value >= reach.value : value <= reach.value
}

export function formatFigure(figure: Figure): string {
  const reached = isReached(figure)
  const mark = reached === undefined ? ' ' : reached ? '✓' : '✗'
  const reach =
    figure.reach === undefined ? '' : `${figure.reach.op === '>=' ? '≥' : '≤'} ${figure.reach.value}`
  const digits = Number.isInteger(figure.value) ? 0 : figure.value < 1 ? 3 : figure.value < 100 ? 2 : 1
  return `${mark} ${figure.name.padEnd(38)} ${figure.value.toFixed(digits).padStart(10)} ${figure.unit.padEnd(6)} ${reach.padEnd(8)} ${figure.context ?? ''}`
}
