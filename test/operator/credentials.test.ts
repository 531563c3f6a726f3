import { setTimeout as sleep } from 'node:timers/promises'
import { Registry } from 'prom-client'
import t, { type Test } from 'tap'
import { createKubeClient } from '../../lib/kube/create-kube-client.ts'
import type { KubeClient, KubeError } from '../../lib/kube/kube-client.ts'
import { silentLogger } from '../../lib/log.ts'
import type { SecretName } from '../../operator/credentials/secret-answer.ts'
import { TargetSecrets } from '../../operator/credentials/target-secrets.ts'
import { CredentialsWriter } from '../../operator/credentials/write-credentials.ts'
import type { CredentialSource } from '../../operator/targets/decision.ts'
import { createNamespace } from '../support/cluster-pods.ts'
import { type ControlPlane, startControlPlane } from '../support/control-plane.ts'
import { until } from '../support/until.ts'

const base64 = (text: string) => Buffer.from(text).toString('base64')

function putSecret(
  client: KubeClient,
  namespace: string,
  name: string,
  data: Record<string, string>,
  annotations: Record<string, string> = {},
) {
  return client.apply(`/api/v1/namespaces/${namespace}/secrets/${name}`, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace, annotations },
    data,
  })
}

const source = (name: string, key: string): CredentialSource => ({
  key: `${name}.${key}`,
  namespace: 'shop',
  ref: { name, key },
})

async function followSecrets(t: Test, client: KubeClient) {
  const changes: SecretName[] = []
  const secrets = new TargetSecrets({
    client,
    // The chart lets it have another name: what the API server says of us goes first.
    serviceAccount: { namespace: 'conprof', name: 'not-so' },
    onChange: (secret) => changes.push(secret),
    logger: silentLogger(),
    registry: new Registry(),
    timing: { pollMs: 150, confirmMs: 100 },
  })
  const stop = new AbortController()
  const ended = secrets.run({ signal: stop.signal })
  t.teardown(async () => {
    stop.abort()
    await ended
  })
  return { secrets, changes }
}

/** Runs the command that a message ends with, as the person who reads it would. */
async function obey(plane: ControlPlane, message: string | undefined): Promise<void> {
  const [, command = ''] = /: kubectl (.*)$/.exec(message ?? '') ?? []
  await plane.mustKubectl(command.split(' '))
}

t.test(
  'Secrets of targets: what messages say helps, rotation is followed, one that vanishes is gone',
  async (t) => {
    const plane = await startControlPlane(t)
    const admin = await createKubeClient({ kubeconfig: plane.kubeconfig })
    const account = await plane.createServiceAccount('conprof', 'prof-operator')
    const client = await createKubeClient({ kubeconfig: account.kubeconfig })
    t.teardown(() => Promise.all([admin.close(), client.close()]))
    await plane.mustKubectl([
      'create',
      'clusterrole',
      'conprof-target-secrets',
      '--verb=get',
      '--resource=secrets',
    ])
    await createNamespace(admin, 'shop')
    const { secrets, changes } = await followSecrets(t, client)
    const password = source('pg', 'password')
    const problem = () => secrets.problemOf([password])
    const code = () => problem()?.code

    secrets.follow([password])
    t.equal(code(), 'SecretUnread')
    await until('it is forbidden', () => code() === 'SecretForbidden')
    t.same(changes, [{ namespace: 'shop', name: 'pg' }])

    await obey(plane, problem()?.message)
    await until('it may be read, and is not there', () => code() === 'SecretNotFound')
    await putSecret(admin, 'shop', 'pg', { password: base64('one'), user: base64('u') })
    await until('it is there', () => code() === 'SecretNotAllowed')
    t.equal(secrets.valueOf(password), undefined)
    await obey(plane, problem()?.message)
    await until('it may be used', () => code() === undefined)
    t.equal(secrets.valueOf(password), base64('one'))

    await putSecret(admin, 'shop', 'pg', { password: base64('two'), user: base64('u') })
    await until('the new one is known', () => secrets.valueOf(password) === base64('two'))

    const before = changes.length
    await sleep(500)
    t.equal(changes.length, before, 'what stays is no change')

    const missing = source('pg', 'passwd')
    secrets.follow([password, missing])
    t.equal(secrets.valueOf(password), base64('two'), 'a new key of it takes nothing away')
    await until('the new key was looked for', () => secrets.problemOf([missing])?.code === 'SecretNotFound')
    t.match(secrets.problemOf([missing])?.message, /has no key "passwd"; it has: password, user$/)
    t.notMatch(secrets.problemOf([missing])?.message, /two|dHdv/)

    await plane.stopApiServer()
    await sleep(500)
    t.equal(secrets.valueOf(password), base64('two'), 'the last value stays while the API server is away')
    await plane.startApiServer()
    await putSecret(admin, 'shop', 'pg', { password: base64('three') })
    await until('rotation is followed again', () => secrets.valueOf(password) === base64('three'))

    await plane.mustKubectl(['delete', 'secret', 'pg', '-n', 'shop'])
    await until('it is gone', () => code() === 'SecretNotFound')
    t.equal(secrets.valueOf(password), undefined)
    t.match(problem()?.message, /is not there; create it/)

    secrets.follow([])
    await putSecret(admin, 'shop', 'pg', { password: base64('four') })
    await sleep(300)
    t.equal(secrets.valueOf(password), undefined, 'what nobody names is not read')
  },
)

t.test('one that is replaced by delete and create keeps its value in between', async (t) => {
  const plane = await startControlPlane(t)
  const registry = new Registry()
  const client = await createKubeClient({ kubeconfig: plane.kubeconfig, registry })
  t.teardown(() => client.close())
  await createNamespace(client, 'shop')
  const values: (string | undefined)[] = []
  const password = source('pg', 'password')
  const secrets: TargetSecrets = new TargetSecrets({
    client,
    serviceAccount: { namespace: 'conprof', name: 'prof-operator' },
    onChange: () => values.push(secrets.valueOf(password)),
    logger: silentLogger(),
    registry: new Registry(),
    timing: { pollMs: 50, confirmMs: 6000 },
  })
  const stop = new AbortController()
  const ended = secrets.run({ signal: stop.signal })
  t.teardown(async () => {
    stop.abort()
    await ended
  })
  // At once with what allows it: the time until its absence counts is short.
  const create = (value: string) =>
    putSecret(client, 'shop', 'pg', { password: base64(value) }, { 'conprof.io/allow': 'true' })
  await create('one')
  secrets.follow([password])
  await until('it is known', () => secrets.valueOf(password) === base64('one'))
  await client.request({ method: 'DELETE', path: '/api/v1/namespaces/shop/secrets/pg' })
  await until('it was looked for in vain', async () =>
    /conprof_kube_requests_total{method="GET",code="404"} [1-9]/.test(await registry.metrics()),
  )
  await create('two')
  await until('the new one is known', () => secrets.valueOf(password) === base64('two'))
  t.same(values, [base64('one'), base64('two')])
})

t.test("a shard's Secret holds what it is told, written only where it differs", async (t) => {
  const plane = await startControlPlane(t)
  const admin = await createKubeClient({ kubeconfig: plane.kubeconfig })
  const account = await plane.createServiceAccount('conprof', 'prof-operator')
  const client = await createKubeClient({ kubeconfig: account.kubeconfig })
  t.teardown(() => Promise.all([admin.close(), client.close()]))
  const name = 'prof-collector-0-credentials'
  await plane.mustKubectl(['apply', '-f', '-'], {
    stdin: JSON.stringify({
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'Role',
      metadata: { name: 'credentials', namespace: 'conprof' },
      rules: [
        { apiGroups: [''], resources: ['secrets'], resourceNames: [name], verbs: ['get', 'patch', 'create'] },
      ],
    }),
  })
  await plane.mustKubectl(
    'create rolebinding credentials --role=credentials --serviceaccount=conprof:prof-operator -n conprof'.split(
      ' ',
    ),
  )
  let epoch = 3
  const createWriter = (verifyMs = 60_000) =>
    new CredentialsWriter({
      client,
      namespace: 'conprof',
      release: 'prof',
      epoch: () => epoch,
      logger: silentLogger(),
      registry: new Registry(),
      verifyMs,
    })
  const path = `/api/v1/namespaces/conprof/secrets/${name}`
  type Secret = {
    metadata: { resourceVersion: string; labels: object }
    type: string
    data?: Record<string, string>
  }
  const read = () => admin.request<Secret>({ path })

  await until('the rights to be known', () =>
    client.request({ path }).then(
      () => false,
      ({ code }: KubeError) => code === 'NOT_FOUND',
    ),
  )
  const writer = createWriter()
  await writer.ensure(0, {})
  await t.rejects(read(), { code: 'NOT_FOUND' }, 'nothing to write needs no Secret')
  await writer.ensure(0, { a: base64('1'), b: base64('2') })
  const first = await read()
  t.same(first.data, { a: base64('1'), b: base64('2') })
  t.equal(first.type, 'Opaque')
  t.same(first.metadata.labels, { 'conprof.io/release': 'prof', 'conprof.io/shard': '0' })

  await writer.ensure(0, { b: base64('2'), a: base64('1') })
  await createWriter().ensure(0, { b: base64('2'), a: base64('1') })
  const { resourceVersion } = (await read()).metadata
  t.equal(
    resourceVersion,
    first.metadata.resourceVersion,
    'the same is not written, nor by who starts afresh',
  )

  await writer.ensure(0, { b: base64('3'), c: base64('4') }, { keepsOthers: true })
  t.same((await read()).data, { a: base64('1'), b: base64('3'), c: base64('4') })
  await writer.ensure(0, { b: base64('3'), c: base64('4') })
  t.same((await read()).data, { b: base64('3'), c: base64('4') })

  const foreign = { stringData: { theirs: 'x' } }
  await admin.request({ method: 'PATCH', path, contentType: 'application/merge-patch+json', body: foreign })
  await writer.ensure(0, { b: base64('5') })
  t.same(
    (await read()).data,
    { b: base64('5'), theirs: base64('x') },
    'after a conflict; what others put stays',
  )

  await Promise.all([
    writer.ensure(0, { b: base64('6') }),
    writer.ensure(0, { b: base64('7') }),
    writer.ensure(0, { b: base64('8') }),
  ])
  t.equal((await read()).data?.['b'], base64('8'), 'the last call wins')

  await t.rejects(
    writer.ensure(1, { a: base64('1') }),
    /write Secret "prof-collector-1-credentials": .*forbidden/i,
  )

  const checking = createWriter(100)
  await checking.ensure(0, { b: base64('8') })
  const stop = new AbortController()
  const ended = checking.run({ signal: stop.signal, isLeader: () => true })
  t.teardown(async () => {
    stop.abort()
    await ended
  })
  await plane.mustKubectl(['delete', 'secret', name, '-n', 'conprof'])
  await until(
    'it is there again',
    async () => (await read().catch(() => undefined))?.data?.['b'] === base64('8'),
  )
  stop.abort()
  await ended

  epoch = 2
  await t.rejects(
    createWriter().ensure(0, { b: base64('9') }),
    /a leader of epoch 3 has written it, this one is of 2/,
  )
})
