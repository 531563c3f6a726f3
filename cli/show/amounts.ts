import { percentage, scaledLabel } from '../../query/views/measurement.ts'

/** How the amounts of a view are printed: as `go tool pprof` does, each in the unit that suits it. */
export interface Amounts {
  /** `1.50MB`; a difference has a sign where it is negative. */
  text(value: string | number): string
  /** Of the total, as `12.34%`, seven wide. */
  share(value: string | number): string
}

export function amountsOf(unit: string, total: string | number): Amounts {
  return {
    text: (value) => scaledLabel(Number(value), unit, 'auto'),
    share: (value) => percentage(Number(value), Number(total)).padStart(7),
  }
}

/** Names come from other people's programs: what would steer a terminal is not printed. */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, '?')
}
