import { attributes } from './dot-text.ts'
import { type GraphTag, maxTagsOfNode, type NodeTags } from './graph-tags.ts'
import { scale, scaledLabel } from './measurement.ts'

export interface NodeletOptions {
  /** Of the node. */
  readonly number: number
  /** Whether it shows what ends here; of a leaf it is all that comes here, what was left out below it included. */
  readonly isFlat: boolean
  readonly amount: (value: number) => string
}

/** Small boxes for the heaviest labels of a node; close numbers share one, as `1kB..4kB`. */
export function nodelets(tags: NodeTags | undefined, options: NodeletOptions): string[] {
  if (tags === undefined) return []
  const { number, isFlat } = options
  const lines: string[] = []
  const heaviest = sortTags(tags.texts, isFlat).slice(0, maxTagsOfNode)
  for (const [index, tag] of heaviest.entries()) {
    const value = isFlat ? tag.flat : tag.cum
    if (value === 0) continue
    const id = `N${number}_t${index}`
    lines.push(
      ...nodelet({ id, parent: `N${number}`, label: tag.name.replaceAll('\\n', '\n'), value }, options),
    )
    lines.push(...numberNodelets(tags.numbers.get(tag.name) ?? [], id, options))
  }
  lines.push(...numberNodelets(tags.numbers.get('') ?? [], `N${number}`, options))
  return lines
}

function numberNodelets(tags: readonly GraphTag[], parent: string, options: NodeletOptions): string[] {
  return groupNumbers(tags, options.isFlat).flatMap(({ name, flat, cum }, index) => {
    const isFlat = options.isFlat || flat === cum
    const value = isFlat ? flat : cum
    if (value === 0) return []
    return nodelet({ id: `${parent}_n${index}`, parent, label: name, value, isDotted: !isFlat }, options)
  })
}

interface Nodelet {
  readonly id: string
  readonly parent: string
  readonly label: string
  readonly value: number
  readonly isDotted?: boolean
}

function nodelet(
  { id, parent, label, value, isDotted = false }: Nodelet,
  { amount }: NodeletOptions,
): string[] {
  const text = amount(value)
  return [
    `${id} ${attributes({ label, id, fontsize: 8, shape: 'box3d', tooltip: text })}`,
    `${parent} -> ${id} ${attributes({
      label: ` ${text}`,
      weight: 100,
      tooltip: text,
      labeltooltip: text,
      ...(isDotted && { style: 'dotted' }),
    })}`,
  ]
}

/** The four heaviest, each with the lighter ones nearest to it. */
function groupNumbers(
  tags: readonly GraphTag[],
  isFlat: boolean,
): readonly Pick<GraphTag, 'name' | 'flat' | 'cum'>[] {
  const sorted = sortTags(tags, isFlat)
  if (sorted.length <= maxTagsOfNode) return sorted
  const groups = sorted.slice(0, maxTagsOfNode).map((tag) => [tag])
  for (const tag of sorted.slice(maxTagsOfNode)) {
    const distances = groups.map(([first]) =>
      Math.abs(scale(first!.value, first!.unit, tag.unit).value - tag.value),
    )
    groups[distances.indexOf(Math.min(...distances))]!.push(tag)
  }
  const joined = groups.map((group) => ({
    name: rangeName(group),
    flat: group.reduce((sum, { flat }) => sum + flat, 0),
    cum: group.reduce((sum, { cum }) => sum + cum, 0),
  }))
  return sortTags(joined, isFlat)
}

function rangeName(group: readonly GraphTag[]): string {
  const byValue = group.toSorted((a, b) => a.value - b.value)
  const [least, most] = [byValue[0]!, byValue.at(-1)!]
  const label = ({ value, unit }: GraphTag): string => scaledLabel(value, unit, 'auto')
  return group.length === 1 ? label(least) : `${label(least)}..${label(most)}`
}

function sortTags<T extends Pick<GraphTag, 'name' | 'flat' | 'cum'>>(
  tags: readonly T[],
  isFlat: boolean,
): T[] {
  return tags.toSorted(
    (a, b) =>
      (isFlat ? 0 : Math.abs(b.cum) - Math.abs(a.cum)) ||
      Math.abs(b.flat) - Math.abs(a.flat) ||
      (a.name < b.name ? -1 : 1),
  )
}
