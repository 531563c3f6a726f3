// What tests need and Go builds, before any test waits for it: cold, the control plane takes longer than a test may.
import { grafanaClient } from '../grafana/grafana-client.ts'
import { controlPlaneBinaries } from './control-plane-binaries.ts'
import { helmPrograms } from './helm.ts'
import { versitygwProgram } from './versitygw.ts'

try {
  const { kubeApiserver, etcd } = await controlPlaneBinaries()
  const programs = [
    kubeApiserver,
    etcd,
    ...(await helmPrograms()),
    await versitygwProgram(),
    await grafanaClient(),
  ]
  console.log(`test programs: ${programs.join(', ')}`)
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
