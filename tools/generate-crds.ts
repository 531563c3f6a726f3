// Writes the custom resource definitions from the operator's schemas; `crds.test.ts` fails where that was forgotten.
// The chart has them too, since it can hold nothing that lies outside of it.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { crdFiles } from '../operator/api/create-crd.ts'

for (const folder of ['crds', 'charts/conprof/crd-files']) {
  for (const { name, text } of crdFiles()) {
    writeFileSync(join(import.meta.dirname, '..', folder, name), text)
    console.log(`${folder}/${name} written`)
  }
}
