import type { TargetAnswer } from '../../query/api/types.ts'

/** Those of which every word of `text` stands in the address, a label's value, or what is said about their health. */
export function filterTargets(targets: readonly TargetAnswer[], text: string): readonly TargetAnswer[] {
  const words = text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '')
  if (words.length === 0) return targets
  return targets.filter(({ scrapeUrl, labels, health, reason, collector = '' }) => {
    const said = [scrapeUrl, ...Object.values(labels), health, reason, collector].join(' ').toLowerCase()
    return words.every((word) => said.includes(word))
  })
}
