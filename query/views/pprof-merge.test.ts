import t from 'tap'
import { compareReports } from '../testdata/compare-reports.ts'
import { corpusFiles } from '../testdata/corpus-files.ts'
import { mergeThroughBlock } from '../testdata/merge-through-block.ts'
import { filters, planReports } from '../testdata/pprof-plan.ts'

const series = [
  ['etcd', 'cpu'],
  ['etcd', 'heap'],
  ['etcd', 'mutex'],
  ['kube-apiserver', 'cpu'],
  ['kube-apiserver', 'heap'],
  ['prometheus', 'goroutine'],
  ['prometheus', 'block'],
] as const

for (const [index, [program, type]] of series.entries()) {
  t.test(`views of a merge say what go tool pprof says: ${program} ${type}`, async (t) => {
    const files = corpusFiles(program, type)
    const merged = await mergeThroughBlock(files)
    const chosen = filters.filter((_, each) => each % series.length === index)
    const sources = files.map(({ path }) => path)
    await compareReports(t, { sources, merged }, planReports(merged, { filters: chosen }))
  })
}
