import type { ProfileItem, ProfilesAnswer } from '../../../query/api/types.ts'
import { askApi } from '../../support/ask-api.ts'
import { chart, type Helm } from '../../support/helm.ts'
import { until } from '../../support/until.ts'
import type { Cluster } from '../use-cluster.ts'

export type Values = Readonly<Record<string, unknown>>

export interface ConprofReleaseOptions {
  readonly cluster: Cluster
  readonly helm: Helm
  readonly namespace: string
  /** Its name. */
  readonly image: string
  /** Beside those that say which image. */
  readonly values?: Values
}

/** conprof as Helm installs it, under the name `conprof`. */
export class ConprofRelease {
  readonly name = 'conprof'
  readonly namespace: string
  readonly #cluster: Cluster
  readonly #helm: Helm
  readonly #image: string
  readonly #values: Values

  constructor(options: ConprofReleaseOptions) {
    this.#cluster = options.cluster
    this.#helm = options.helm
    this.namespace = options.namespace
    this.#image = options.image
    this.#values = options.values ?? {}
  }

  /** `helm install`; resolves once all pods are ready. */
  async install(): Promise<void> {
    await this.#run(['install', this.name, chart, '--create-namespace'])
  }

  /** `helm upgrade` with all values of the installation, `values`, and another image where one is given. */
  async upgrade(values: Values = {}, image = this.#image): Promise<void> {
    await this.#run(['upgrade', this.name, chart], values, image)
  }

  /** `helm test`; its output. */
  async test(): Promise<string> {
    return this.#helm.must(['test', this.name, '-n', this.namespace, '--logs', '--timeout=10m'])
  }

  async uninstall(): Promise<void> {
    await this.#helm.must(['uninstall', this.name, '-n', this.namespace, '--wait', '--timeout=5m'])
  }

  /** Names of the pods of `operator`, `collector` or `query`. */
  async pods(component: string): Promise<string[]> {
    const selector = `app.kubernetes.io/instance=${this.name},app.kubernetes.io/component=${component}`
    const names = await this.#cluster.mustKubectl([
      'get',
      'pods',
      `-n=${this.namespace}`,
      '-l',
      selector,
      '-o=name',
    ])
    return names
      .split('\n')
      .filter(Boolean)
      .map((name) => name.replace('pod/', ''))
  }

  async untilReady(): Promise<void> {
    const wait = ['rollout', 'status', `-n=${this.namespace}`, '--timeout=600s']
    const workloads = [
      'statefulset/conprof-collector',
      'deployment/conprof-operator',
      'deployment/conprof-query',
    ]
    await Promise.all(workloads.map((workload) => this.#cluster.mustKubectl([...wait, workload])))
  }

  async #run(parameters: readonly string[], values: Values = {}, image = this.#image): Promise<void> {
    const [, registry, repository, tag] = /^([^/]+)\/(.+):([^:]+)$/.exec(image)!
    const all = {
      image: { registry, repository, tag, pullPolicy: 'Never' },
      ...this.#values,
      ...values,
    }
    // JSON is YAML, and each key one argument.
    const set = Object.entries(all).map(([key, value]) => `--set-json=${key}=${JSON.stringify(value)}`)
    await this.#helm.must([...parameters, '-n', this.namespace, '--wait', '--timeout=10m', ...set])
  }
}

/** All attempts that `selector` matches and that began at `startMs` or later, whatever became of them. */
export async function attemptsSince(url: string, selector: string, startMs: number): Promise<ProfileItem[]> {
  return (await answerSince(url, selector, startMs)).attempts
}

/** As `attemptsSince`, with what each page warns of. */
export async function answerSince(
  url: string,
  selector: string,
  startMs: number,
): Promise<{ readonly attempts: ProfileItem[]; readonly warnings: readonly string[] }> {
  const attempts: ProfileItem[] = []
  const all: string[] = []
  for (let cursor = ''; ; ) {
    const start = new Date(startMs).toISOString()
    const parameters = { query: selector, start, end: 'now', limit: '1000' }
    const { data, warnings } = await askApi<ProfilesAnswer>(url, 'profiles', {
      ...parameters,
      ...(cursor && { cursor }),
    })
    attempts.push(...data.profiles)
    all.push(...warnings)
    if (data.next === undefined) return { attempts, warnings: all }
    cursor = data.next
  }
}

/** The first stored profile that `selector` matches and that began at `startMs` or later. */
export function untilProfile(
  url: string,
  selector: string,
  startMs: number,
  limitMs: number,
): Promise<ProfileItem> {
  return until(
    `a profile of ${selector}`,
    async () => {
      const attempts = await attemptsSince(url, selector, startMs)
      return attempts.findLast(({ hasBody }) => hasBody)
    },
    limitMs,
  )
}
