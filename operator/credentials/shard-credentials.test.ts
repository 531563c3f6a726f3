import t from 'tap'
import type { CredentialSource, PlannedJob } from '../targets/decision.ts'
import { shardCredentials } from './shard-credentials.ts'

function job(...keys: string[]): { readonly job: PlannedJob } {
  const credentials = keys.map(
    (key): CredentialSource => ({ key, namespace: 'shop', ref: { name: 'pg', key } }),
  )
  return { job: { hash: keys.join(), spec: {} as PlannedJob['spec'], credentials } }
}

const base64 = (text: string) => Buffer.from(text).toString('base64')

t.test('a shard holds what its targets need, by key, each once', async (t) => {
  const b = job('b', 'a')
  const { data, missingKeys, problem } = shardCredentials([b, b, job('c', 'a'), job()], ({ key }) =>
    base64(key),
  )
  t.same(Object.entries(data), [
    ['a', base64('a')],
    ['b', base64('b')],
    ['c', base64('c')],
  ])
  t.equal(missingKeys.size, 0)
  t.equal(problem, undefined)
})

t.test('a key without a value is named, so that its jobs are not written', async (t) => {
  const { data, missingKeys } = shardCredentials([job('a', 'b')], ({ key }) =>
    key === 'a' ? base64('x') : undefined,
  )
  t.same(data, { a: base64('x') })
  t.same([...missingKeys], ['b'])
})

t.test('what does not fit is left out, always the same, and said', async (t) => {
  const options = { maxSizeBytes: 10 }
  const four = () => base64('1234')
  const { data, missingKeys, problem } = shardCredentials([job('c'), job('b'), job('a')], four, options)
  t.same(Object.keys(data), ['a', 'b'])
  t.same([...missingKeys], ['c'])
  t.equal(
    problem,
    'credentials of a shard: 12 bytes, want at most 10: 1 keys are left out and their targets not scraped; more collectors, or fewer certificates, make room',
  )
  t.same(shardCredentials([job('a'), job('b'), job('c')], four, options).data, data)
})
