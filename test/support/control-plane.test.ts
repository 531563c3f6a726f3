import { readFile } from 'node:fs/promises'
import t from 'tap'
import { startControlPlane } from './control-plane.ts'
import { until } from './until.ts'

t.test('a control plane serves, keeps its state over a restart, and grants what it is told', async (t) => {
  const plane = await startControlPlane(t)
  const { serverVersion } = JSON.parse(await plane.mustKubectl(['version', '-o', 'json'])) as {
    serverVersion: { gitVersion: string }
  }
  t.match(serverVersion.gitVersion, /^v1\./)

  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'cart-0', namespace: 'default' },
    spec: { containers: [{ name: 'cart', image: 'cart:1' }] },
  }
  await plane.mustKubectl(['create', '-f', '-'], { stdin: JSON.stringify(pod) })
  const status = { status: { phase: 'Running', podIP: '10.244.0.7' } }
  await plane.mustKubectl(['patch', 'pod', 'cart-0', '--subresource=status', '-p', JSON.stringify(status)])

  const refused = await plane.kubectl(['get', 'pod', 'no-such'])
  t.equal(refused.code, 1)
  t.match(refused.stderr, /NotFound/)

  const { kubeconfig } = await plane.createServiceAccount('shop', 'operator')
  const mayList = ['auth', 'can-i', 'list', 'pods', '-n', 'default']
  const as = ['--as=system:serviceaccount:shop:operator']
  t.equal((await plane.kubectl([...mayList, ...as])).stdout.trim(), 'no')
  await plane.mustKubectl(['create', 'clusterrole', 'lists', '--verb=list', '--resource=pods'])
  const to = ['--clusterrole=lists', '--serviceaccount=shop:operator']
  await plane.mustKubectl(['create', 'clusterrolebinding', 'lists', ...to])
  // The authorizer hears of it by a watch.
  const granted = async () => (await plane.kubectl([...mayList, ...as])).stdout.trim() === 'yes'
  t.ok(await until('the right', granted, 60_000))
  t.match(await readFile(kubeconfig, 'utf8'), plane.url)

  const before = plane.pids
  await plane.compact()
  await plane.restart()
  t.not(plane.pids.apiServer, before.apiServer)
  t.equal(plane.pids.etcd, before.etcd)
  const ip = await plane.mustKubectl(['get', 'pod', 'cart-0', '-o', 'jsonpath={.status.podIP}'])
  t.equal(ip, '10.244.0.7')
  t.match(await (await fetch(plane.etcdMetricsUrl)).text(), /etcd_disk_wal_write_bytes_total/)
})
