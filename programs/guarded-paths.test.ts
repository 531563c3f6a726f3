import t from 'tap'
import { guardsAllButProbes, guardsInternals } from './guarded-paths.ts'

t.test('guardsAllButProbes() leaves three paths open', async (t) => {
  for (const path of ['/-/healthy', '/-/ready', '/metrics']) t.notOk(guardsAllButProbes(path), path)
  for (const path of ['/', '/metrics/', '/-/healthy/x', '/api/v1/head']) t.ok(guardsAllButProbes(path), path)
})

t.test('guardsInternals() guards heads, pending blocks and orders and our own profiles', async (t) => {
  const closed = [
    '/debug/pprof/heap',
    '/debug/pprof',
    '/api/v1/head',
    '/api/v1/HEAD/',
    '/api/v1/blocks/pending/a/b',
    '/api/v1/collector/captures',
    '/api/v1/Collector/Captures/a',
  ]
  for (const path of closed) t.ok(guardsInternals(path), path)
  for (const path of ['/', '/api/v1/capture', '/api/v1/profiles', '/api/v1/headers', '/metrics'])
    t.notOk(guardsInternals(path), path)
})
