// Writes the custom resource definitions from the operator's schemas; `crds.test.ts` fails where that was forgotten.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { crdFiles } from '../operator/api/create-crd.ts'

const folder = join(import.meta.dirname, '..', 'crds')
for (const { name, text } of crdFiles()) {
  writeFileSync(join(folder, name), text)
  console.log(`crds/${name} written`)
}
