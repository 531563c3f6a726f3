import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Test } from 'tap'
import {
  credentialsSecretName,
  releaseLabel,
  type ScrapeConfigSpec,
  shardLabel,
} from '../../collector/config/scrape-config-resource.ts'
import { createKubeClient } from '../../lib/kube/create-kube-client.ts'
import type { KubeClient } from '../../lib/kube/kube-client.ts'
import type { TargetsAnswer } from '../../query/api/types.ts'
import { askApi } from './ask-api.ts'
import { createNamespace } from './cluster-pods.ts'
import { type Conprof, startConprof } from './conprof.ts'
import { applyCrds, type ControlPlane, startControlPlane } from './control-plane.ts'
import { corpusProfile } from './corpus-profile.ts'

export const namespace = 'conprof-system'
export const release = 'conprof'

/** A real API server that a collector follows, with what an operator would write into it. */
export interface CollectorRig {
  readonly plane: ControlPlane
  /** Writes the object, whatever was there. */
  putConfig(name: string, spec: ScrapeConfigSpec): Promise<void>
  deleteConfig(name: string): Promise<void>
  /** Of the shard; text by key. */
  putCredentials(shard: number, data: Readonly<Record<string, string>>): Promise<void>
  /** A kubeconfig of who may read ScrapeConfigs and the credentials of shard 0. */
  createCollectorAccount(): Promise<string>
  /** The real program, on a folder of its own unless the flags name one; ends with `t`. */
  startCollector(t: Test, flags?: readonly string[], program?: string): Promise<Conprof>
}

export async function startCollectorRig(t: Test): Promise<CollectorRig> {
  const plane = await startControlPlane(t)
  await applyCrds(plane)
  const client = await createKubeClient({ kubeconfig: plane.kubeconfig })
  t.teardown(() => client.close())
  await createNamespace(client, namespace)
  const configs = `/apis/conprof.io/v1alpha1/namespaces/${namespace}/scrapeconfigs`
  return {
    plane,
    putConfig: (name, spec) =>
      put(client, configs, {
        apiVersion: 'conprof.io/v1alpha1',
        kind: 'ScrapeConfig',
        metadata: { name, namespace, labels: { [shardLabel]: `${spec.shard}`, [releaseLabel]: release } },
        spec,
      }),
    deleteConfig: async (name) => {
      await client.request({ method: 'DELETE', path: `${configs}/${name}` })
    },
    putCredentials: (shard, data) =>
      put(client, `/api/v1/namespaces/${namespace}/secrets`, {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: credentialsSecretName(release, shard), namespace },
        data: Object.fromEntries(Object.entries(data).map(([key, value]) => [key, btoa(value)])),
      }),
    createCollectorAccount: async () => {
      const { kubeconfig } = await plane.createServiceAccount(namespace, 'collector')
      const verbs = ['list', 'watch']
      const resourceNames = [credentialsSecretName(release, 0)]
      const rules = [
        { apiGroups: ['conprof.io'], resources: ['scrapeconfigs'], verbs },
        { apiGroups: [''], resources: ['secrets'], resourceNames, verbs },
      ]
      const apiGroup = 'rbac.authorization.k8s.io'
      const path = `/apis/${apiGroup}/v1/namespaces/${namespace}`
      const common = { apiVersion: `${apiGroup}/v1`, metadata: { name: 'collector', namespace } }
      await put(client, `${path}/roles`, { ...common, kind: 'Role', rules })
      await put(client, `${path}/rolebindings`, {
        ...common,
        kind: 'RoleBinding',
        roleRef: { apiGroup, kind: 'Role', name: 'collector' },
        subjects: [{ kind: 'ServiceAccount', name: 'collector', namespace }],
      })
      return kubeconfig
    },
    startCollector: async (t, flags = [], program = 'collector') => {
      const collector = await startConprof(
        [
          `--config.kubernetes=${namespace}/${release}`,
          '--collector.ordinal=0',
          `--kubeconfig=${plane.kubeconfig}`,
          '--external-label=cluster=default',
          ...(flags.some((flag) => flag.startsWith('--storage.path'))
            ? []
            : [`--storage.path=${t.testdir()}`]),
          ...flags,
        ],
        program,
      )
      t.teardown(() => collector.stop())
      return collector
    },
  }
}

async function put(
  client: KubeClient,
  path: string,
  object: { readonly metadata: { readonly name: string; readonly [key: string]: unknown } } & Record<
    string,
    unknown
  >,
): Promise<void> {
  const own = `${path}/${object.metadata.name}`
  try {
    const before = await client.request<{ metadata: { resourceVersion: string } }>({ path: own })
    const { resourceVersion } = before.metadata
    const body = { ...object, metadata: { ...object.metadata, resourceVersion } }
    await client.request({ method: 'PUT', path: own, body })
  } catch (error) {
    if ((error as { code?: string }).code !== 'NOT_FOUND') throw error
    await client.request({ method: 'POST', path, body: object })
  }
}

/** A program that serves a real heap at once, and a real CPU profile after as long as is asked for; both once `mayAnswer`. */
export interface TimedProgram {
  readonly address: string
  /** Requests as they came. */
  readonly asked: {
    readonly path: string
    readonly timeMs: number
    readonly authorization: string | undefined
  }[]
  /** Requests whose client went away before the answer was there. */
  readonly abandoned: string[]
}

export async function startTimedProgram(
  t: Test,
  isAllowed: (request: IncomingMessage) => boolean = () => true,
  mayAnswer: Promise<void> = Promise.resolve(),
): Promise<TimedProgram> {
  const asked: TimedProgram['asked'][number][] = []
  const abandoned: string[] = []
  const bodies = { heap: corpusProfile('heap'), profile: corpusProfile('cpu') }
  const server = createServer((request, response) => {
    const { pathname: path, searchParams } = new URL(request.url!, 'http://program')
    asked.push({ path, timeMs: Date.now(), authorization: request.headers.authorization })
    response.on('close', () => response.writableFinished || abandoned.push(path))
    if (!isAllowed(request)) return void response.writeHead(401).end('Unauthorized\n')
    const answer = async () => {
      await mayAnswer
      response.end(path.endsWith('/profile') ? bodies.profile : bodies.heap)
    }
    setTimeout(answer, Number(searchParams.get('seconds') ?? 0) * 1000)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, asked, abandoned }
}

/** What an operator would write for one process of the workload. */
export function specOf(
  address: string,
  more: {
    readonly job?: Partial<ScrapeConfigSpec['job']>
    readonly target?: Partial<ScrapeConfigSpec['groups'][number]['targets'][number]>
    readonly epoch?: number
    readonly pod?: string
  } = {},
): ScrapeConfigSpec {
  const { pod = 'cart-0' } = more
  return {
    shard: 0,
    epoch: more.epoch ?? 1,
    job: {
      owner: 'annotations',
      jobName: 'shop/cart',
      scheme: 'http',
      pathPrefix: '',
      interval: '400ms',
      timeout: '400ms',
      profiles: [{ type: 'heap', path: '/debug/pprof/heap', keepEmpty: true }],
      ...more.job,
    },
    groups: [
      {
        labels: { namespace: 'shop', workload: 'cart', service_name: 'shop/cart', container: 'app' },
        image: 'shop/cart:1',
        targets: [{ uid: pod, address, labels: { pod }, ...more.target }],
      },
    ],
  }
}

export async function targetsOf(collector: Conprof): Promise<TargetsAnswer> {
  return (await askApi<TargetsAnswer>(collector.url, 'targets')).data
}
