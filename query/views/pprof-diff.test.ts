import { gunzipSync } from 'node:zlib'
import t from 'tap'
import { profileFromPprof } from '../../profile/profile-from-pprof.ts'
import { compareReports } from '../testdata/compare-reports.ts'
import { corpusFiles, corpusSeries } from '../testdata/corpus-files.ts'
import { inOneDictionary } from '../testdata/in-one-dictionary.ts'
import { mergeThroughBlock } from '../testdata/merge-through-block.ts'
import { filters, planReports } from '../testdata/pprof-plan.ts'

const filtersEach = 2

for (const [index, [program, type]] of corpusSeries().entries()) {
  // Whether it is scaled changes every figure, so half of them is enough.
  const isNormalized = index % 2 === 1
  t.test(`views of a comparison say what go tool pprof says: ${program} ${type}`, async (t) => {
    const files = corpusFiles(program, type)
    // Two: what pprof scales is rounded sample by sample, and of one file it does not add equal samples up.
    const [before, after] = [files[0]!, files.slice(-2)]
    const [merged, base] = inOneDictionary(
      await mergeThroughBlock(after),
      profileFromPprof(gunzipSync(before.body)),
    )
    const chosen = filters.filter((_, each) => (each + index * 2 + 9) % filters.length < filtersEach)
    const sources = [
      `-diff_base=${before.path}`,
      ...(isNormalized ? ['-normalize'] : []),
      ...after.map(({ path }) => path),
    ]
    await compareReports(
      t,
      { sources, merged: merged!, base: base!, isNormalized },
      planReports(merged!, { filters: chosen, isCompared: true }),
    )
  })
}
