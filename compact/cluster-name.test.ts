import { hostname } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { ownClusterName } from './cluster-name.ts'

t.test('ownClusterName() is made up once for each folder', async (t) => {
  const folder = t.testdir({ taken: { 'cluster-name': 'east\n' }, empty: { 'cluster-name': '' } })
  const name = await ownClusterName(join(folder, 'data'))
  t.match(name, /-[0-9a-f]{8}$/)
  t.ok(name.startsWith(hostname()))
  t.equal(await ownClusterName(join(folder, 'data')), name)
  t.not(await ownClusterName(join(folder, 'other')), name)
  t.equal(await ownClusterName(join(folder, 'taken')), 'east')
  t.match(await ownClusterName(join(folder, 'empty')), /-[0-9a-f]{8}$/, 'one that was not written is none')
  const below = join(folder, 'taken/cluster-name')
  await t.rejects(ownClusterName(below), { message: `read "${join(below, 'cluster-name')}": ENOTDIR` })
})
