import type { FrameColor } from './frame-colors.ts'

/** Blue and orange can be told apart by everybody; red and green are what some are used to. */
export type DiffPalette = 'blueorange' | 'redgreen'

const hues: Readonly<Record<DiffPalette, { readonly more: number; readonly less: number }>> = {
  blueorange: { more: 55, less: 250 },
  redgreen: { more: 25, less: 150 },
}

/** So many shades on either side; more cannot be told apart. */
export const diffSteps = 5

/** -5 to 5 for a change of -1 to 1; what changed at all is never 0. */
export function diffStep(change: number): number {
  return Math.sign(change) * Math.min(diffSteps, Math.ceil(Math.abs(change) * diffSteps))
}

/** Lightness falls and colour grows with the step; text stays readable on each. */
export function diffColor(
  step: number,
  options: { readonly palette: DiffPalette; readonly dark: boolean },
): FrameColor {
  const { palette, dark } = options
  if (step === 0) {
    return dark
      ? { fill: 'oklch(0.36 0.004 250)', faded: 'oklch(0.27 0.003 250)' }
      : { fill: 'oklch(0.92 0.003 250)', faded: 'oklch(0.965 0.002 250)' }
  }
  const hue = step > 0 ? hues[palette].more : hues[palette].less
  const strength = Math.abs(step) / diffSteps
  return dark
    ? {
        fill: `oklch(${0.36 + 0.13 * strength} ${0.03 + 0.11 * strength} ${hue})`,
        faded: `oklch(0.29 ${0.01 + 0.03 * strength} ${hue})`,
      }
    : {
        fill: `oklch(${0.93 - 0.15 * strength} ${0.03 + 0.12 * strength} ${hue})`,
        faded: `oklch(0.955 ${0.005 + 0.02 * strength} ${hue})`,
      }
}
