import { globSync, readFileSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import t from 'tap'
import { parseAllDocuments } from 'yaml'
import { readProfileTarget } from '../../operator/api/read-profile-target.ts'
import { acceptProfileTarget } from '../../operator/targets/accept-profile-target.ts'
import { createInterners, decidePod } from '../../operator/targets/decide-pod.ts'
import { projectPod, type RawPod } from '../../operator/targets/project-pod.ts'
import { defaultTargetSettings } from '../../operator/targets/settings.ts'
import { applyCrds, startControlPlane } from '../support/control-plane.ts'

interface Example {
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string }
  readonly spec: { readonly template: Pick<RawPod, 'metadata' | 'spec'> }
}

const plane = await startControlPlane(t)
await applyCrds(plane)
await plane.mustKubectl(['create', 'namespace', 'shop'])
await plane.mustKubectl(['label', 'namespace', 'shop', 'pod-security.kubernetes.io/warn=restricted'])
const paths = globSync('examples/kubernetes/*/*.yaml').sort()

/** What the operator is to make of the pods of each example. */
const wanted: Record<string, readonly string[]> = {
  'go-annotations/kubernetes.yaml': ['cart 10.0.0.9:6060 http cpu heap goroutine'],
  'localhost-only/kubernetes.yaml': ['prices 10.0.0.9:6061 http cpu heap goroutine block mutex'],
  'meshed/istio.yaml': ['search 10.0.0.9:6060 http cpu heap goroutine block mutex'],
  'meshed/linkerd.yaml': ['search 10.0.0.9:6060 http cpu heap goroutine block mutex'],
  'multi-container/kubernetes.yaml': [
    'app 10.0.0.9:6060 http cpu heap goroutine',
    'worker 10.0.0.9:9090 http/internal cpu heap goroutine block mutex',
  ],
  'tls-secret/kubernetes.yaml': ['payments 10.0.0.9:6443 https cpu heap goroutine block mutex'],
}

t.test('every example is known here', async (t) => {
  t.same(paths.map(nameOf), Object.keys(wanted).sort())
  for (const path of paths) t.ok(readFileSync(`${dirname(path)}/README.md`, 'utf8').startsWith('# '))
})

for (const path of paths) {
  t.test(`${nameOf(path)}: a real API server takes it, and its pods are targets`, async (t) => {
    const parameters = ['apply', '--server-side', '--validate=strict', '-f', path]
    const { code, stderr } = await plane.kubectl(parameters)
    t.equal(code, 0, stderr)
    t.notMatch(stderr, /violate PodSecurity/, 'where pods are restricted, too')
    // Defaults are the API server's: look at what it made of them.
    const stored = JSON.parse(await plane.mustKubectl(['get', '-f', path, '-o', 'json'])) as {
      items: Example[]
    }
    const profileTargets = stored.items
      .filter(({ kind }) => kind === 'ProfileTarget')
      .map((object) => {
        const view = readProfileTarget(object)!
        const { accepted, ...why } = acceptProfileTarget(view, defaultTargetSettings)
        t.same(why, {}, 'it is accepted')
        return accepted!
      })
    for (const { spec, metadata } of stored.items.filter(({ kind }) => kind === 'Deployment')) {
      const pod = projectPod(runningPod(spec.template, metadata))!
      const decision = decidePod(pod, {
        namespace: undefined,
        profileTargets: profileTargets.filter(({ matchesPod }) => matchesPod(pod.labels)),
        settings: defaultTargetSettings,
        interners: createInterners(),
      })
      t.same(decision.problems, [])
      t.same(decision.drops, [])
      const targets = decision.targets.map(({ target, group, job }) => {
        const { scheme, pathPrefix, profiles } = job.spec
        const types = profiles.map(({ type }) => type).sort((a, b) => order.indexOf(a) - order.indexOf(b))
        const container = { ...group.labels, ...target.labels }['container']
        return `${container} ${target.address} ${scheme}${pathPrefix} ${types.join(' ')}`
      })
      t.same(targets, wanted[nameOf(path)], decision.chain.join('\n'))
      for (const { group } of decision.targets) t.equal(group.mesh, undefined, 'no mesh is in the way')
    }
  })
}

t.test('the Go program of an example is the one in its folder', async (t) => {
  const programs = globSync('examples/kubernetes/*/main.go')
  t.equal(programs.length, 2)
  for (const path of programs) {
    const documents = parseAllDocuments(readFileSync(`${dirname(path)}/kubernetes.yaml`, 'utf8'))
    const config = documents
      .map((document) => document.toJS() as { kind: string; data: Record<string, string> })
      .find(({ kind }) => kind === 'ConfigMap')!
    t.equal(config.data['main.go'], readFileSync(path, 'utf8'), path)
  }
})

function nameOf(path: string): string {
  return `${basename(dirname(path))}/${basename(path)}`
}

/** As a node would report it, with the sidecar that the example's mesh adds. */
function runningPod(template: Example['spec']['template'], { name, namespace }: Example['metadata']): RawPod {
  const proxy = name.endsWith('-istio')
    ? 'istio-proxy'
    : name.endsWith('-linkerd')
      ? 'linkerd-proxy'
      : undefined
  return {
    metadata: {
      ...template.metadata,
      name: `${name}-0`,
      namespace: namespace!,
      uid: 'f0e1d2c3',
      creationTimestamp: '2026-01-01T00:00:00Z',
    },
    spec: {
      ...template.spec,
      initContainers: [
        ...(template.spec?.initContainers ?? []),
        ...(proxy === undefined ? [] : [{ name: proxy, restartPolicy: 'Always' }]),
      ],
      nodeName: 'node-1',
    },
    status: { phase: 'Running', podIP: '10.0.0.9', conditions: [{ type: 'Ready', status: 'True' }] },
  }
}

const order = ['cpu', 'heap', 'goroutine', 'block', 'mutex']
