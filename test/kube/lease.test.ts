import { setTimeout } from 'node:timers/promises'
import pino from 'pino'
import { Registry } from 'prom-client'
import t, { type Test } from 'tap'
import { type Clock, systemClock } from '../../lib/kube/clock.ts'
import { Lease, type LeaseOptions } from '../../lib/kube/lease.ts'
import { silentLogger } from '../../lib/log.ts'
import { startControlPlane } from '../support/control-plane.ts'
import { startFaultProxy, statusBody } from '../support/fault-proxy.ts'
import { until } from '../support/until.ts'

/** Many times what a renewal takes here, also where other tests run: who loses a Lease below was made to. */
const timing = { leaseMs: 4000, renewDeadlineMs: 3000, retryMs: 100 }
/** Longer than anybody waits here: whoever leads next was let. */
const patient = { leaseMs: 120_000, renewDeadlineMs: 100_000, retryMs: 100 }
const plane = await startControlPlane(t)
const direct = await plane.client()
let leases = 0

interface LeaseSpec {
  readonly holderIdentity?: string
  readonly leaseTransitions: number
  readonly renewTime: string
}

function newLease() {
  const name = `lease-${++leases}`
  const path = `/apis/coordination.k8s.io/v1/namespaces/default/leases/${name}`
  return {
    name,
    path,
    read: async () => (await direct.request<{ spec: LeaseSpec }>({ path })).spec,
  }
}

/** One that runs for it, behind a network of its own, until the test ends. */
async function candidate(
  t: Test,
  { name }: { readonly name: string },
  options: Partial<LeaseOptions> & { readonly work?: () => Promise<void> } = {},
) {
  const proxy = await startFaultProxy(t, plane)
  const kubeconfig = await plane.writeKubeconfig({ token: plane.token, server: proxy.url })
  const client = await plane.client({ kubeconfig })
  const registry = new Registry()
  const terms: { readonly epoch: number; readonly fromMs: number; toMs: number; reason: string }[] = []
  const lease = new Lease({
    client,
    namespace: 'default',
    name,
    identity: `pod-${Math.random()}`,
    logger: silentLogger(),
    registry,
    timing,
    ...options,
  })
  const stop = new AbortController()
  let lost = 0
  const ended = lease.run({
    signal: stop.signal,
    onLeading: async (epoch, { signal }) => {
      const term = { epoch, fromMs: performance.now(), toMs: Number.POSITIVE_INFINITY, reason: '' }
      terms.push(term)
      signal.addEventListener('abort', () => {
        term.toMs = performance.now()
        term.reason = (signal.reason as Error).message
      })
      await options.work?.()
    },
    onLost: () => lost++,
  })
  ended.catch(() => {})
  const end = async () => {
    stop.abort(new Error('the test is over'))
    await ended.catch(() => {})
  }
  t.teardown(end)
  return { lease, proxy, terms, registry, end, ended, lost: () => lost }
}

t.test('one of two leads, and hands over at once when it ends', async (t) => {
  const record = newLease()
  const options = { timing: patient }
  const [a, b] = [await candidate(t, record, options), await candidate(t, record, options)]
  await until('a leader', () => a.lease.isLeader() || b.lease.isLeader())
  const [leader, other] = a.lease.isLeader() ? [a, b] : [b, a]
  const { renewTime } = await record.read()
  await until('a renewal', async () => (await record.read()).renewTime > renewTime)
  t.equal(leader.lease.isLeader(), true)
  t.equal(other.lease.isLeader(), false)
  t.strictSame([leader.lease.epoch, other.lease.epoch], [1, undefined])
  t.match(await leader.registry.metrics(), 'conprof_operator_leader 1')
  t.match(await other.registry.metrics(), 'conprof_operator_leader 0')
  t.equal((await record.read()).holderIdentity, leader.lease.identity)

  await leader.end()
  t.equal(leader.terms[0]?.reason, 'asked to stop')
  t.equal(leader.lost(), 1)
  await until('the other to lead', () => other.lease.isLeader())
  t.equal(other.lease.isLeader(), true, 'without waiting for the lease to end')
  t.equal(other.lease.epoch, 2)
  await other.end()
  t.equal((await record.read()).holderIdentity, undefined)
})

t.test('it hands over as well where a renewal arrived whose answer did not', async (t) => {
  const record = newLease()
  const options = { timing: patient }
  const a = await candidate(t, record, options)
  await until('a to lead', () => a.lease.isLeader())
  const b = await candidate(t, record, options)
  const rule = a.proxy.inject({ type: 'lose-answer' }, { match: ({ method }) => method === 'PUT', times: 1 })
  await until('a lost answer', () => rule.hits === 1)
  await a.end()
  t.equal((await record.read()).holderIdentity, undefined)
  await until('b to lead', () => b.lease.isLeader())
  t.equal(b.lease.epoch, 2)
})

t.test('a leader that is cut off stops before another begins', async (t) => {
  const record = newLease()
  const a = await candidate(t, record)
  await until('a to lead', () => a.lease.isLeader())
  const b = await candidate(t, record)
  await until('b to have looked', () => b.proxy.count(({ status }) => status === 200) > 0)
  a.proxy.disconnect()
  await until('b to lead', () => b.lease.isLeader())
  t.equal(a.lease.isLeader(), false)
  t.equal(b.lease.epoch, 2)
  t.equal(a.terms[0]?.reason, 'not renewed in time')
  t.ok(a.terms[0]!.toMs < b.terms[0]!.fromMs, 'no moment with two')
  a.proxy.connect()
  await setTimeout(1300)
  t.equal(b.lease.isLeader(), true, 'who comes back does not take it')
  t.equal(a.terms.length, 1)
})

t.test('clocks of replicas do not matter', async (t) => {
  for (const skewMs of [3_600_000, -3_600_000]) {
    const record = newLease()
    const a = await candidate(t, record, { wallNow: () => Date.now() + skewMs })
    await until('a to lead', () => a.lease.isLeader())
    t.ok(Math.abs(Date.parse((await record.read()).renewTime) - Date.now() - skewMs) < 60_000)
    const b = await candidate(t, record)
    await setTimeout(1500)
    t.strictSame([a.lease.isLeader(), b.lease.isLeader()], [true, false], 'not while it renews')
    a.proxy.disconnect()
    // By its clock it would have to wait for an hour.
    await until('b to lead', () => b.lease.isLeader())
    t.ok(a.terms[0]!.toMs < b.terms[0]!.fromMs)
    await Promise.all([a.end(), b.end()])
  }
})

t.test('a leader that stood still is none, though no timer told it', async (t) => {
  const record = newLease()
  const clock = new StoppableClock()
  const a = await candidate(t, record, { clock })
  await until('a to lead', () => a.lease.isLeader())
  const b = await candidate(t, record)
  clock.stop()
  await until('b to lead', () => b.lease.isLeader())
  t.equal(a.terms[0]!.toMs, Number.POSITIVE_INFINITY, 'it has not noticed')
  t.equal(a.lease.isLeader(), false, 'but it may not write')
  t.equal(a.lease.epoch, undefined)
  const writes = a.proxy.count(({ kind }) => kind === 'write')
  clock.go()
  await until('the end of its term', () => a.terms[0]!.toMs < Number.POSITIVE_INFINITY)
  await setTimeout(500)
  t.equal(
    a.proxy.count(({ kind }) => kind === 'write'),
    writes,
    'it does not renew what is over',
  )
  t.strictSame([a.lease.isLeader(), b.lease.isLeader(), b.lease.epoch], [false, true, 2])
})

t.test('a renewal whose answer is lost is a renewal', async (t) => {
  const record = newLease()
  const a = await candidate(t, record, { timing: patient })
  await until('a to lead', () => a.lease.isLeader())
  const rule = a.proxy.inject({ type: 'lose-answer' }, { match: ({ method }) => method === 'PUT', times: 2 })
  await until('two lost answers', () => rule.hits === 2)
  const { renewTime } = await record.read()
  await until('one that is heard of', async () => (await record.read()).renewTime > renewTime)
  t.equal(a.lease.isLeader(), true)
  t.equal(a.terms.length, 1)
})

t.test('errors that are shorter than the deadline are no loss', async (t) => {
  const record = newLease()
  const a = await candidate(t, record, { timing: patient })
  await until('a to lead', () => a.lease.isLeader())
  const rule = a.proxy.inject({ type: 'answer', status: 500, body: statusBody(500, 'InternalError') })
  await until('two errors', () => rule.hits >= 2)
  rule.remove()
  const { renewTime } = await record.read()
  await until('a renewal', async () => (await record.read()).renewTime > renewTime)
  t.strictSame([a.lease.isLeader(), a.terms.length], [true, 1])
})

t.test('an outage is told once, and again when it is another', async (t) => {
  const record = newLease()
  const lines: string[] = []
  const logger = pino({}, { write: (line: string) => void lines.push(JSON.parse(line).msg) })
  const a = await candidate(t, record)
  await until('a to lead', () => a.lease.isLeader())
  const b = await candidate(t, record, { logger })
  const failing = async (status: number) => {
    const rule = b.proxy.inject({ type: 'answer', status, body: statusBody(status, 'InternalError') })
    await until('it to fail again and again', () => rule.hits >= 4)
    rule.remove()
    const before = b.proxy.requests.length
    // The first may have been answered by the rule still.
    const isWell = () => b.proxy.requests.slice(before).filter(({ status }) => status === 200).length >= 2
    await until('it to be well again', isWell)
  }
  await failing(500)
  t.equal(lines.length, 1, lines.join('\n'))
  await failing(503)
  await failing(503)
  t.equal(lines.length, 3, 'also where it was over for a moment')
  for (const line of lines) t.match(line, /^acquire the lease, will try again: get "[^"]+": 50[03]/)
})

t.test('a write that was on its way when the lease was lost changes nothing', async (t) => {
  const record = newLease()
  const a = await candidate(t, record)
  await until('a to lead', () => a.lease.isLeader())
  const b = await candidate(t, record)
  const rule = a.proxy.inject({ type: 'hold' }, { match: ({ method }) => method === 'PUT' })
  await until('b to lead', () => b.lease.isLeader())
  t.equal(a.terms[0]?.reason, 'not renewed in time')
  rule.release()
  await setTimeout(500)
  t.equal((await record.read()).holderIdentity, b.lease.identity)
  t.strictSame([a.lease.isLeader(), b.lease.isLeader()], [false, true])
})

t.test('a record that somebody takes away or overwrites', async (t) => {
  const record = newLease()
  const a = await candidate(t, record)
  await until('a to lead', () => a.lease.isLeader())
  await direct.request({ method: 'DELETE', path: record.path })
  await until('a second term', () => a.terms.length === 2)
  t.strictSame(a.terms[1]?.epoch, 2, 'epochs go on where there is nothing to go on from')
  await direct.request({
    method: 'PATCH',
    path: record.path,
    contentType: 'application/merge-patch+json',
    body: { spec: { holderIdentity: 'somebody' } },
  })
  await until('the end of its term', () => a.terms[1]!.toMs < Number.POSITIVE_INFINITY)
  t.equal((await record.read()).holderIdentity, 'somebody', 'what is not ours is not given back')
  await until('a to lead', () => a.lease.isLeader())
  t.equal(a.lease.epoch, 3)
})

t.test('who is outranked begins again, above', async (t) => {
  const record = newLease()
  const a = await candidate(t, record)
  await until('a to lead', () => a.lease.isLeader())
  a.lease.abandon({ outrankedBy: 41 })
  t.equal(a.lease.isLeader(), false, 'at once')
  await until('a to lead', () => a.lease.isLeader())
  t.strictSame(
    a.terms.map(({ epoch }) => epoch),
    [1, 42],
  )
  t.equal((await record.read()).leaseTransitions, 42)
})

t.test('work that fails ends it, and others may lead', async (t) => {
  const record = newLease()
  const a = await candidate(t, record, {
    work: async () => {
      await setTimeout(50)
      throw new Error('broken')
    },
  })
  await t.rejects(a.ended, { message: 'broken' })
  t.equal((await record.read()).holderIdentity, undefined)
})

t.test('a new term waits for the end of the work of the one before', async (t) => {
  const record = newLease()
  const work = Promise.withResolvers<void>()
  const a = await candidate(t, record, { work: () => work.promise, timing: patient })
  await until('a to lead', () => a.lease.isLeader())
  a.lease.abandon()
  await setTimeout(500)
  t.equal(a.terms.length, 1)
  work.resolve()
  await until('a second term', () => a.terms.length === 2)
})

/** As where a process is stopped: time goes by, timers do not fire, and then all do. */
class StoppableClock implements Clock {
  #waiting: (() => void)[] | undefined

  now(): number {
    return systemClock.now()
  }

  after(ms: number, callback: () => void): () => void {
    let isCancelled = false
    const cancel = systemClock.after(ms, () => {
      if (this.#waiting === undefined) callback()
      else this.#waiting.push(() => isCancelled || callback())
    })
    return () => {
      isCancelled = true
      cancel()
    }
  }

  stop(): void {
    this.#waiting = []
  }

  go(): void {
    const waiting = this.#waiting ?? []
    this.#waiting = undefined
    for (const callback of waiting) callback()
  }
}
