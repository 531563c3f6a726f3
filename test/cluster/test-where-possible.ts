// The end of `npm test`: the tests on a cluster, where there can be one. Elsewhere one line says what did not run;
// `npm run test:cluster` by itself, and CI, take that for a failure.
import { spawnSync } from 'node:child_process'
import { requireRoot } from './node/require-root.ts'

function whyNot(): string | undefined {
  if (process.env['CI'] || process.env['CONPROF_TEST_KUBECONFIG']) return undefined
  try {
    requireRoot()
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

const reason = whyNot()
if (reason === undefined)
  process.exitCode = spawnSync('npm', ['run', '-s', 'test:cluster'], { stdio: 'inherit' }).status ?? 1
else console.log(`npm run test:cluster: not run: ${reason}`)
