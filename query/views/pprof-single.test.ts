import { gunzipSync } from 'node:zlib'
import t from 'tap'
import { profileFromPprof } from '../../profile/profile-from-pprof.ts'
import { compareReports } from '../testdata/compare-reports.ts'
import { corpusFiles, corpusSeries } from '../testdata/corpus-files.ts'
import { filters, planReports } from '../testdata/pprof-plan.ts'

// Every filter meets several programs and types, and no run takes minutes.
const filtersEach = 4

for (const [index, [program, type]] of corpusSeries().entries()) {
  t.test(`views say what go tool pprof says: ${program} ${type}`, async (t) => {
    const file = corpusFiles(program, type).at(-1)!
    const merged = profileFromPprof(gunzipSync(file.body))
    const chosen = filters.filter((_, each) => (each + index * 2) % filters.length < filtersEach)
    await compareReports(t, { sources: [file.path], merged }, planReports(merged, { filters: chosen }))
  })
}
