// `node test/cluster/workloads/apply.ts NAME...`: puts workloads into the cluster that runs, with their images.
import { join } from 'node:path'
import { clusterPlace } from '../node/cluster-place.ts'
import { useCluster } from '../use-cluster.ts'
import { workloadImages } from './workload-images.ts'
import { applyWorkload, type WorkloadName, workloadNames } from './workloads.ts'

const names = process.argv.slice(2) as WorkloadName[]
const unknown = names.find((name) => !workloadNames.includes(name))
if (names.length === 0 || unknown !== undefined) {
  console.error(`apply workloads: "${unknown ?? ''}": want one or more of ${workloadNames.join(', ')}`)
  process.exit(1)
}
// One that has to be started for it stays, as after `npm run cluster up`.
const cluster = await useCluster({ teardown: () => {} })
await cluster.load(workloadImages)
for (const name of names) {
  await applyWorkload(cluster, name, { DATA: join(clusterPlace().folder, 's3') })
  console.log(`${name} is ready`)
}
