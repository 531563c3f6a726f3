import type { MergedProfile } from '../../profile/merged-profile.ts'
import { compareSums } from './frame-order.ts'
import { FrameTable } from './frame-table.ts'
import { scaledLabel } from './measurement.ts'
import { sampleTags } from './sample-tags.ts'
import type { ComparedOptions } from './view-options.ts'
import { viewStacks } from './view-stacks.ts'

const rule = `${'-'.repeat(11)}+${'-'.repeat(55)}`

/**
 * Every sample as text, as `go tool pprof -traces` lays it out: its labels, then its stack, innermost first, with the
 * value before the first. Largest first. Of a comparison it is the difference, and equal samples are left out.
 */
export function traces(merged: MergedProfile, sampleType: number, options: ComparedOptions = {}): string {
  const stacks = viewStacks(merged, sampleType, options)
  const { symbols, values, tagUnits, unit } = stacks
  const { keyNode, keyLabelSet, nodeParent, nodeLocation, locationLines } = symbols
  const frames = new FrameTable(symbols, { granularity: options.granularity })
  const keys: number[] = []
  for (let key = 0; key < symbols.keyCount; key++)
    if (!values.isEmpty(key) && values.big(key) !== 0n && keyNode[key] !== 0) keys.push(key)
  keys.sort((a, b) => compareSums(values, a, b) || a - b)

  const total = scaledLabel(Number(stacks.total), unit, 'minimum')
  const lines = [`Type: ${stacks.head.type}`, `Total: ${total}`]
  for (const key of keys) {
    lines.push(rule)
    const { texts, numbers } = sampleTags(symbols, keyLabelSet[key]!)
    // Sorted as they are printed, and so by the length of the key first.
    lines.push(...[...texts].map(([name, all]) => tagLine(name, all)).sort())
    const amount = (name: string) => (number: bigint) =>
      scaledLabel(Number(number), tagUnits.get(name) ?? '', 'auto')
    lines.push(...[...numbers].map(([name, all]) => tagLine(name, all.map(amount(name)))).sort())
    let value = scaledLabel(values.number(key), unit, 'minimum')
    for (let node = keyNode[key]!; node !== 0; node = nodeParent[node]!) {
      const location = nodeLocation[node]!
      const end = locationLines[location + 1]!
      let line = locationLines[location]!
      do {
        const frame = line < end ? frames.ofLine(line, location) : frames.ofBare(location)
        const inline = line < end - 1 ? ' (inline)' : ''
        lines.push(`${value.padStart(10)}   ${frames.names[frame]}${inline}`)
        value = ''
      } while (++line < end)
    }
  }
  lines.push(rule)
  return `${lines.join('\n')}\n`
}

function tagLine(name: string, values: readonly string[]): string {
  return `${name.padStart(10)}:  ${values.join(' ')}`
}
