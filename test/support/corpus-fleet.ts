import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { FolderBucket } from '../../bucket/folder-bucket.ts'
import { findFiles } from '../../import/find-files.ts'
import { parsePathTemplate } from '../../import/path-template.ts'
import { planImport } from '../../import/plan-import.ts'
import { writeBlocks } from '../../import/write-blocks.ts'
import { corpusFiles } from '../../query/testdata/corpus-files.ts'
import { drawProfile } from './drawn-profile.ts'

const types: Readonly<Record<string, readonly string[]>> = {
  etcd: ['cpu', 'heap', 'goroutine', 'allocs', 'mutex'],
  prometheus: ['cpu', 'heap', 'block'],
}

/**
 * The corpus as a small fleet in `<storage>/bucket`: etcd in `kube-system`, of team `platform`; prometheus in
 * `monitoring`, of team `metrics`, its second half as a new version in a new pod; and a service without namespace,
 * whose numbers do not fit 53 bits.
 */
export async function importFleet(storage: string): Promise<void> {
  const files = join(storage, 'files')
  const put = (
    program: string,
    namespace: string,
    pods: readonly [pod: string, version: string, team: string][],
  ) => {
    for (const type of types[program]!) {
      const all = corpusFiles(program, type)
      for (const [index, { timeMs, path }] of all.entries()) {
        const [pod, version, team] = pods[Math.floor((index * pods.length) / all.length)]!
        const to = join(files, namespace, program, pod, version, team, type, `${timeMs}.pb.gz`)
        mkdirSync(dirname(to), { recursive: true })
        cpSync(path, to)
      }
    }
  }
  put('etcd', 'kube-system', [['etcd-0', 'v3.6.5', 'platform']])
  put('prometheus', 'monitoring', [
    ['prometheus-a', 'v3.7.2', 'metrics'],
    ['prometheus-b', 'v3.7.3', 'metrics'],
  ])
  const bucket = await FolderBucket.open(join(storage, 'bucket'))
  const inNamespaces = await planImport(findFiles([files]), {
    labels: {},
    pathTemplate: parsePathTemplate(
      '{namespace}/{workload}/{pod}/{version}/{team}/{profile_type}/{timeMs}.pb.gz',
    ),
  })
  if (inNamespaces.problems.length > 0) throw new Error(inNamespaces.problems.join('\n'))
  await writeBlocks(inNamespaces, { bucket })

  const wide = join(storage, 'wide')
  mkdirSync(wide)
  for (const second of [1, 2, 3]) {
    const stacks = { 'main;work': [2n ** 60n + BigInt(second)], 'main;idle': [-5n], '': [7n] }
    const drawn = drawProfile({ types: ['cpu/nanoseconds'], stacks, durationNanos: 10n ** 9n })
    writeFileSync(join(wide, `${1795381000 + second}.pb`), drawn)
  }
  const plan = await planImport(findFiles([wide]), {
    labels: { job: 'batch' },
    pathTemplate: parsePathTemplate('{timeSeconds}.pb'),
  })
  await writeBlocks(plan, { bucket })
}
