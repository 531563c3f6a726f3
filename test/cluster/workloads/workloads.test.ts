import t from 'tap'
import { readWorkload, workloadNames } from './workloads.ts'

t.test('each workload is a namespace and a Deployment of its name', async (t) => {
  for (const name of workloadNames) {
    const [first, ...others] = await readWorkload(name, { DATA: '/data' })
    t.equal(first?.kind, 'Namespace', name)
    const deployments = others.filter(({ kind }) => kind === 'Deployment')
    t.same(
      deployments.map(({ metadata }) => metadata),
      [{ name, namespace: first?.metadata.name }],
    )
  }
})

t.test('what a file leaves open is filled in', async (t) => {
  const text = JSON.stringify(await readWorkload('s3', { DATA: '/a "b"' }))
  t.match(text, '"/a \\"b\\"/profiles"')
  await t.rejects(readWorkload('s3'), { message: 'read workload "s3": no value for DATA' })
})
