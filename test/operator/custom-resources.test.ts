import t from 'tap'
import { stringify } from 'yaml'
import {
  releaseLabel,
  type ScrapeConfigSpec,
  shardLabel,
} from '../../collector/config/scrape-config-resource.ts'
import { createProfileTargetCrd } from '../../operator/api/create-crd.ts'
import { readProfileTarget } from '../../operator/api/read-profile-target.ts'
import { applyCrds, startControlPlane } from '../support/control-plane.ts'
import { until } from '../support/until.ts'
import { profileTarget } from './profile-target-cases.ts'

const plane = await startControlPlane(t)
await applyCrds(plane)

t.test('columns, names and explanations', async (t) => {
  const spec = { selector: {}, endpoints: [{ port: 6060 }] }
  await plane.mustKubectl(['apply', '-f', '-'], { stdin: stringify(profileTarget('columns', spec)) })
  const row = async () => {
    const [head, line] = (await plane.mustKubectl(['get', 'pft', 'columns'])).trim().split('\n')
    return [head?.split(/\s+/), line?.split(/\s+/).slice(0, -1)]
  }
  const head = ['NAME', 'TARGETS', 'UNHEALTHY', 'READY', 'REASON', 'AGE']
  t.same(await row(), [head, ['columns']], 'without a status')
  await patchStatus('columns', {
    observedGeneration: 1,
    conditions: [condition({ type: 'Ready', status: 'True', reason: 'Ready' })],
    targets: 3,
    unhealthy: 1,
    reason: 'SomeFailing',
  })
  t.same(await row(), [head, ['columns', '3', '1', 'True', 'SomeFailing']])

  for (const name of ['profiletarget', 'profiletargets.conprof.io', 'conprof']) {
    t.match(await plane.mustKubectl(['get', name, '-o', 'name']), /^profiletarget\.conprof\.io\/columns$/m)
  }
  // What it explains is published a while after it is served.
  const explained = await until('what is explained', () =>
    plane.mustKubectl(['explain', 'pft.spec.endpoints']),
  )
  t.match(explained, /interval\t<string>\n {4}From one scrape of a profile type to the next, 5s to 24h\./)
  t.match(explained, /port\t<\w+> -required-/)
  t.match(explained, /scheme\t<string>\n *enum: http, https\n/)
})

t.test('spec and status are written apart', async (t) => {
  const spec = { selector: {}, endpoints: [{ port: 6060 }] }
  const given = { ...profileTarget('apart', spec), status: { targets: 7 } }
  await plane.mustKubectl(['apply', '-f', '-'], { stdin: stringify(given) })
  const read = async () => {
    const text = await plane.mustKubectl(['get', 'pft', 'apart', '-o', 'json'])
    return JSON.parse(text) as {
      metadata: { generation: number }
      spec: { suspend: boolean }
      status?: object
    }
  }
  t.equal((await read()).status, undefined, 'a status beside the spec is left out')

  const patch = { spec: { suspend: true }, status: { targets: 2 } }
  await plane.mustKubectl([
    'patch',
    'pft',
    'apart',
    '--subresource=status',
    '--type=merge',
    `--patch=${JSON.stringify(patch)}`,
  ])
  const after = await read()
  t.match(after, { metadata: { generation: 1 }, spec: { suspend: false }, status: { targets: 2 } })

  const answer = await patchStatusAnswer('apart', {
    conditions: [condition({ type: 'Ready', status: 'Degraded', reason: '' })],
    sampleErrors: Array.from({ length: 6 }, () => ({
      endpoint: 'a',
      pod: 'b',
      health: 'timeout',
      message: 'c',
    })),
  })
  t.match(answer.stderr, /status\.conditions\[0\]\.status: Unsupported value: "Degraded"/)
  t.match(answer.stderr, /status\.sampleErrors: Too many: 6: must have at most 5 items/)
})

t.test('a ScrapeConfig of 64 targets is one value to those who track fields', async (t) => {
  const object = scrapeConfig('full', 64)
  await plane.mustKubectl(['apply', '--server-side', '-f', '-'], { stdin: JSON.stringify(object) })
  const text = await plane.mustKubectl(['get', 'scfg', 'full', '-o', 'json', '--show-managed-fields'])
  const stored = JSON.parse(text) as { metadata: { managedFields: unknown }; spec: unknown }
  t.same(stored.spec, object.spec, 'nothing is lost')
  const managedBytes = JSON.stringify(stored.metadata.managedFields).length
  t.ok(managedBytes < 400, `${managedBytes} bytes of managedFields`)
  const bytes = JSON.stringify(stored).length
  t.ok(bytes < 20_000, `${bytes} bytes in all`)

  const [head, line] = (await plane.mustKubectl(['get', 'scrapeconfigs', 'full'])).trim().split('\n')
  t.same(head?.split(/\s+/), ['NAME', 'SHARD', 'OWNER', 'EPOCH', 'AGE'])
  t.same(line?.split(/\s+/).slice(0, -1), ['full', '2', 'ProfileTarget/shop/cart', '7'])
  t.match(
    await until('what is explained', () => plane.mustKubectl(['explain', 'scrapeconfig'])),
    /The operator writes it .* changes to this are\s+overwritten/s,
  )
})

t.test('a ScrapeConfig that no collector could follow is refused', async (t) => {
  const apply = async (object: unknown) => {
    const stdin = JSON.stringify(object)
    return (await plane.kubectl(['apply', '--server-side', '--dry-run=server', '-f', '-'], { stdin })).stderr
  }
  const right = scrapeConfig('wrong', 1)
  t.equal(await apply(right), '')
  const wrong: [object, RegExp][] = [
    [{ ...right.spec, shard: -1 }, /spec\.shard in body should be greater than or equal to 0/],
    [{ ...right.spec, groups: [] }, /spec\.groups in body should have at least 1 items/],
    [{ ...right.spec, job: undefined }, /spec\.job: Required value/],
    [
      { ...right.spec, groups: scrapeConfig('a', 65).spec.groups },
      /spec\.groups\[0\]\.targets: Too many: 65/,
    ],
    [
      { ...right.spec, job: { ...right.spec.job, interval: '60' } },
      /spec\.job\.interval in body should match/,
    ],
    [{ ...right.spec, sharp: 1 }, /\.spec\.sharp: field not declared in schema/],
  ]
  for (const [spec, message] of wrong) t.match(await apply({ ...right, spec }), message)
})

t.test('what was stored before there were rules is read with its problems, and gets a status', async (t) => {
  const definition = structuredClone(createProfileTargetCrd())
  await plane.mustKubectl(['apply', '--server-side', '-f', '-'], {
    stdin: JSON.stringify(withoutRules(definition)),
  })
  const spec = {
    selector: {},
    endpoints: [{ port: 'http_', interval: '60' }],
    labels: { namespace: 'other' },
  }
  // The API server takes a moment until a definition is in force.
  const isTaken = async (name: string, flags: readonly string[] = []) => {
    const stdin = stringify(profileTarget(name, spec))
    return (await plane.kubectl(['apply', ...flags, '-f', '-'], { stdin })).code === 0
  }
  t.ok(await until('it to be taken without rules', () => isTaken('old'), 60_000, 200))
  await applyCrds(plane)
  await until('it to be refused', async () => !(await isTaken('new', ['--dry-run=server'])), 60_000, 200)

  const stored = JSON.parse(await plane.mustKubectl(['get', 'pft', 'old', '-o', 'json'])) as unknown
  const view = readProfileTarget(stored)
  t.equal(view?.spec, undefined)
  t.same(view?.problems, [
    'spec.endpoints[0].port: "http_": want a number, or the name of a port: at most 15 lower-case letters, digits and -, such as http-pprof',
    'spec.endpoints[0].interval: "60": want a duration from 5s to 24h with its unit (h, m, s or ms), such as 30s or 1m30s',
    'spec.labels: "namespace" is protected: it says who a profile belongs to',
  ])
  await patchStatus('old', {
    conditions: [condition({ type: 'Accepted', status: 'False', reason: 'InvalidSpec' })],
  })
  t.match(await plane.mustKubectl(['get', 'pft', 'old', '-o', 'yaml']), /reason: InvalidSpec/)
})

function scrapeConfig(name: string, targets: number) {
  return {
    apiVersion: 'conprof.io/v1alpha1',
    kind: 'ScrapeConfig',
    metadata: { name, labels: { [shardLabel]: '2', [releaseLabel]: 'conprof' } },
    spec: {
      shard: 2,
      epoch: 7,
      job: {
        owner: 'ProfileTarget/shop/cart',
        endpoint: 'default',
        jobName: 'shop/cart',
        scheme: 'http',
        pathPrefix: '',
        interval: '60s',
        timeout: '10s',
        profiles: [
          { type: 'cpu', path: '/debug/pprof/profile', seconds: 10, keepEmpty: true },
          { type: 'heap', path: '/debug/pprof/heap', keepEmpty: true },
        ],
        params: { gc: ['1'] },
        authorization: { type: 'Bearer', credentialsKey: 'shop.cart.token' },
      },
      groups: [
        {
          labels: { namespace: 'shop', workload: 'cart', workload_kind: 'Deployment', container: 'cart' },
          image: 'registry.example.com/shop/cart:1.2.3',
          memoryLimitBytes: 256 << 20,
          targets: Array.from({ length: targets }, (_, index) => ({
            uid: `0f8e1c9a-3b5d-4b0e-9d58-${String(index).padStart(12, '0')}`,
            address: `10.0.0.${index}:6060`,
            labels: { pod: `cart-7f9c8d6b5-${index}`, node: 'node-1' },
            process: { containerId: `containerd://${'a'.repeat(64)}`, restartCount: 0, startTimeMs: 1 },
          })),
        },
      ],
    } satisfies ScrapeConfigSpec,
  }
}

function condition(facts: { readonly type: string; readonly status: string; readonly reason: string }) {
  return { ...facts, observedGeneration: 1, lastTransitionTime: '2026-01-02T03:04:05Z', message: 'as it is' }
}

async function patchStatusAnswer(name: string, status: object) {
  const patch = `--patch=${JSON.stringify({ status })}`
  return plane.kubectl(['patch', 'pft', name, '--subresource=status', '--type=merge', patch])
}

async function patchStatus(name: string, status: object): Promise<void> {
  const { code, stderr } = await patchStatusAnswer(name, status)
  if (code !== 0) throw new Error(`patch the status of ${name}: ${stderr}`)
}

function withoutRules<T>(node: T): T {
  if (Array.isArray(node)) return node.map(withoutRules) as T
  if (typeof node !== 'object' || node === null) return node
  const kept = Object.entries(node).filter(([key]) => key !== 'x-kubernetes-validations')
  return Object.fromEntries(kept.map(([key, below]) => [key, withoutRules(below)])) as T
}
