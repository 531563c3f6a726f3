import type { Problem } from './decision.ts'
import { scrapeKey } from './keep-annotations.ts'
import type { NamespaceView, PodView } from './pod-view.ts'
import { createProblem, quote } from './problem.ts'

/** What `conprof.io/scrape` says, as annotation or label: `wrong` where it is neither "true" nor "false". */
export type Wish = 'yes' | 'no' | 'none' | 'wrong'

export function scrapeWish(of: PodView | NamespaceView | undefined): Wish {
  const said = [of?.annotations[scrapeKey], of?.labels[scrapeKey]].filter((value) => value !== undefined)
  if (said.includes('false')) return 'no'
  if (said.some((value) => value !== 'true')) return 'wrong'
  return said.length > 0 ? 'yes' : 'none'
}

/** `place` is added to the key: ` of namespace shop`. */
export function wishProblems(of: PodView | NamespaceView, place: string): readonly Problem[] {
  return (['annotations', 'labels'] as const).flatMap((where) => {
    const value = of[where][scrapeKey]
    if (value === undefined || value === 'true' || value === 'false') return []
    const what = where === 'labels' ? 'label' : 'annotation'
    const note = `${what} ${scrapeKey}${place} is ${quote(value)}: want "true" or "false"; nothing is scraped for it until it is right`
    return [createProblem({ reason: 'InvalidProfileAnnotation', key: scrapeKey, value, note })]
  })
}
