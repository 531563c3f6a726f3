import fc from 'fast-check'
import t from 'tap'
import { parseResolvConf, searchNames } from './search-names.ts'

const pod = `
# of a pod
nameserver 10.96.0.10
search shop.svc.cluster.local svc.cluster.local cluster.local.
options edns0 ndots:5
`

t.test('parseResolvConf()', async (t) => {
  t.strictSame(parseResolvConf(pod), {
    search: ['shop.svc.cluster.local', 'svc.cluster.local', 'cluster.local'],
    ndots: 5,
  })
  t.strictSame(parseResolvConf(''), { search: [], ndots: 1 })
  t.strictSame(parseResolvConf('search a\ndomain b.example\noptions ndots:99'), {
    search: ['b.example'],
    ndots: 15,
  })
  t.doesNotThrow(() =>
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => !!parseResolvConf(text))),
  )
})

t.test('searchNames()', async (t) => {
  const conf = parseResolvConf(pod)
  t.strictSame(searchNames('_http._tcp.conprof.shop.svc', conf), [
    '_http._tcp.conprof.shop.svc.shop.svc.cluster.local',
    '_http._tcp.conprof.shop.svc.svc.cluster.local',
    '_http._tcp.conprof.shop.svc.cluster.local',
    '_http._tcp.conprof.shop.svc',
  ])
  t.strictSame(
    searchNames('_http._tcp.conprof.shop.svc.cluster.local', conf)[0],
    '_http._tcp.conprof.shop.svc.cluster.local',
  )
  t.strictSame(searchNames('conprof.shop.', conf), ['conprof.shop'])
  t.strictSame(searchNames('conprof', { search: [], ndots: 1 }), ['conprof'])
})
