import { setTimeout as sleep } from 'node:timers/promises'
import { ClusterCollectors } from '../../support/cluster-collectors.ts'
import { createNamespace, createPod, putStatefulSet } from '../../support/cluster-pods.ts'
import { release, releaseNamespace, startOperatorRig } from '../../support/operator-rig.ts'
import { startPprofTargets } from '../../support/pprof-targets.ts'
import type { Figure } from '../figure.ts'
import type { Teardowns } from './teardowns.ts'

const targetCount = 40
const statefulSet = `${release}-collector`

/**
 * Real collectors on 40 programs: 3, then 4, then 2 of them, then one is frozen for three minutes and comes back. Counts,
 * at the programs, scrapes of one type that began while another ran.
 */
export async function overlapFigure(teardowns: Teardowns, say: (line: string) => void): Promise<Figure> {
  const rig = await startOperatorRig(teardowns, { replicas: 3 })
  const targets = await startPprofTargets(targetCount)
  teardowns.teardown(() => targets.close())
  await createNamespace(rig.client, 'shop')
  for (const [i, ip] of targets.ips.entries()) {
    await createPod(rig.client, {
      namespace: 'shop',
      name: `cart-${i}`,
      ip,
      annotations: {
        'conprof.io/scrape': 'true',
        'conprof.io/interval': '15s',
        'conprof.io/seconds': '4',
        'conprof.io/profiles': 'cpu,heap,goroutine',
      },
      containers: [{ name: 'app', ports: [{ containerPort: targets.port, name: 'pprof' }] }],
    })
  }
  const collectors = await ClusterCollectors.open(teardowns, rig)
  for (const ordinal of [0, 1, 2]) await collectors.start(ordinal)
  await rig.startOperator({ flags: [`--collectors.port=${collectors.port}`] })
  const scrapes = () => [...targets.scrapes().values()].reduce((sum, count) => sum + count, 0)
  const stage = async (name: string, seconds: number) => {
    const before = scrapes()
    await sleep(seconds * 1000)
    say(`${name}: ${scrapes() - before} scrapes in ${seconds} s, ${targets.overlaps()} overlaps so far`)
  }
  await stage('3 collectors', 60)
  await collectors.start(3)
  await putStatefulSet(rig.client, { namespace: releaseNamespace, name: statefulSet, replicas: 4 })
  await stage('4 collectors', 60)
  await putStatefulSet(rig.client, { namespace: releaseNamespace, name: statefulSet, replicas: 2 })
  await collectors.end(3)
  await collectors.end(2)
  await stage('2 collectors', 60)
  collectors.freeze(1)
  await stage('one of them frozen', 180)
  const moved = (await rig.configs()).filter(({ spec }) => spec.shard === 1).length
  collectors.thaw(1)
  await stage('it comes back', 60)
  return {
    name: 'operator.overlap',
    value: targets.overlaps(),
    unit: '',
    reach: { op: '<=', value: 0 },
    context: `of ${scrapes()} scrapes of ${targetCount} programs; the frozen collector kept ${moved} objects; ${targets.busy()} answers of busy`,
  }
}
