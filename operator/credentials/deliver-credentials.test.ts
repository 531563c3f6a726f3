import { setImmediate } from 'node:timers/promises'
import pino from 'pino'
import t from 'tap'
import type { CredentialSource, PlannedTarget } from '../targets/decision.ts'
import { CredentialsDelivery } from './deliver-credentials.ts'

/** With these keys of the Secret `shop/pg`. */
function target(...keys: string[]): PlannedTarget {
  const credentials = keys.map(
    (key): CredentialSource => ({ key, namespace: 'shop', ref: { name: 'pg', key } }),
  )
  return { job: { hash: keys.join(), spec: {}, credentials } } as unknown as PlannedTarget
}

function setUp(shards: ReadonlyMap<number, readonly PlannedTarget[]>) {
  const calls: string[] = []
  const lines: string[] = []
  const values = new Map([
    ['a', 'QQ=='],
    ['b', 'Qg=='],
  ])
  const state = { shards, refuses: '' }
  const delivery = new CredentialsDelivery({
    writer: {
      ensure: async (shard, data, { keepsOthers = false } = {}) => {
        calls.push(`${shard} ${Object.keys(data).join('')}${keepsOthers ? ' and others' : ''}`)
        if (state.refuses !== '') throw new Error(state.refuses)
      },
    },
    shards: () => state.shards,
    readValue: ({ key }) => values.get(key),
    logger: pino({ base: null }, { write: (line: string) => void lines.push(JSON.parse(line).msg) }),
  })
  const pass = async (...unwritten: number[]): Promise<string[]> => {
    calls.length = 0
    delivery.pass({ unwritten: new Set(unwritten) })
    await setImmediate()
    return [...calls]
  }
  return { delivery, calls, lines, values, state, pass }
}

const { signal } = new AbortController()

t.test('an object waits for its own keys, not for those that others lack', async (t) => {
  const own = target('a')
  const other = target('missing')
  const { delivery, calls } = setUp(new Map([[0, [own, other]]]))
  await delivery.before({ shard: 0, targets: [own] }, { signal })
  t.strictSame(calls, ['0 a and others'])
  await t.rejects(delivery.before({ shard: 0, targets: [other] }, { signal }), {
    message: 'write credentials of shard 0: Secret "shop/pg" key "missing": is not known yet',
  })
})

t.test('what is needed no more is taken away, also from a shard that is gone', async (t) => {
  const { delivery, pass, state } = setUp(
    new Map([
      [0, [target('a')]],
      [1, [target('b')]],
      [2, [target()]],
    ]),
  )
  delivery.begin()
  t.strictSame(await pass(1), ['0 a', '1 b and others', '2 '], 'a new leader looks at all of them')
  t.strictSame(await pass(), ['0 a', '1 b'])
  state.shards = new Map([[0, [target('a')]]])
  t.strictSame(await pass(1), ['0 a', '1  and others'], 'not while its objects are there')
  t.strictSame(await pass(), ['0 a', '1 '])
  t.strictSame(await pass(), ['0 a'])
})

t.test('what is needed and was not read yet stays as it is', async (t) => {
  const { pass, values } = setUp(new Map([[0, [target('a'), target('b')]]]))
  values.delete('b')
  t.strictSame(await pass(), ['0 a and others'])
  values.set('b', 'Qg==')
  t.strictSame(await pass(), ['0 ab'])
})

t.test('what goes wrong is said once', async (t) => {
  const { pass, lines, state } = setUp(new Map([[0, [target('a')]]]))
  state.refuses = 'forbidden'
  for (let i = 0; i < 3; i++) await pass()
  t.strictSame(lines, ['bring credentials, will try again: forbidden'])
  state.refuses = ''
  await pass()
  state.refuses = 'forbidden'
  await pass()
  t.equal(lines.length, 2)
})
