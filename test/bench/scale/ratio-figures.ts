import type { CorpusSeries } from '../corpus.ts'
import type { Figure } from '../figure.ts'
import type { CompactedFleet } from './compact-folder.ts'
import { gzipBytes } from './make-fleet.ts'
import type { Noise } from './noisy-profile.ts'

const reaches: Readonly<Record<string, number>> = { heap: 60, cpu: 12 }
/** Each value anew is what is asked for; a process that differs from the others is what a fleet is like. */
const suffixes: Readonly<Record<Noise, string>> = { each: '', pod: '.pods', none: '.quiet' }

/**
 * Gzip files against what is stored of a type. Symbols and tail are counted to each type as a whole, as if it were
 * there alone, so that no figure hangs on how they are shared out.
 */
export function ratioFigures(
  { fleet, sizes }: CompactedFleet,
  { corpus, stated }: { readonly corpus: readonly CorpusSeries[]; readonly stated: string },
): Figure[] {
  const { noise } = fleet.parameters
  const gzip = [...gzipBytes(fleet, corpus)]
  const types = [...sizes.byType.keys()].sort()
  const figures = types.map((type): Figure => {
    const isOf = ([name]: readonly [string, unknown]) => name.endsWith(`/${type}`)
    const gzipOfType = gzip.filter(isOf).reduce((sum, [, bytes]) => sum + bytes, 0)
    const totals = Object.entries(fleet.totals).filter(isOf)
    const profiles = totals.reduce((sum, [, each]) => sum + each.profiles, 0)
    const noiseBytes = totals.reduce((sum, [, each]) => sum + each.noiseBits, 0) / 8
    const stored = sizes.byType.get(type)! + sizes.symbols + sizes.tail
    const reach = reaches[type]
    const bound =
      noiseBytes > 0
        ? `; noise alone is ${(noiseBytes / profiles).toFixed(0)} bytes, so ${(gzipOfType / noiseBytes).toFixed(1)}× is the most there is`
        : ''
    return {
      name: `fleet.${type}.ratio${suffixes[noise]}`,
      value: gzipOfType / stored,
      unit: '×',
      ...(reach === undefined ? {} : { reach: { op: '>=', value: reach } }),
      context: `${profiles} profiles, gzip ${(gzipOfType / profiles).toFixed(0)} and stored ${(stored / profiles).toFixed(0)} bytes each${bound}; ${stated}`,
    }
  })
  const all = gzip.reduce((sum, [, bytes]) => sum + bytes, 0)
  return [
    ...figures,
    {
      name: `fleet.ratio${suffixes[noise]}`,
      value: all / sizes.all,
      unit: '×',
      context: `all types in one: ${sizes.all} bytes, of them symbols ${sizes.symbols}, tails ${sizes.tail}`,
    },
  ]
}
