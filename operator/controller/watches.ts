import type { Registry } from 'prom-client'
import { releaseLabel } from '../../collector/config/scrape-config-resource.ts'
import type { KubeClient } from '../../lib/kube/kube-client.ts'
import { type Change, ListWatch } from '../../lib/kube/list-watch.ts'
import type { Logger } from '../../lib/log.ts'
import { group, version } from '../api/profile-target.ts'
import { type ProfileTargetView, readProfileTarget } from '../api/read-profile-target.ts'
import type { ActualObject } from '../shards/plan-objects.ts'
import { readActualObject } from '../shards/read-actual-object.ts'
import type { NamespaceView, PodView } from '../targets/pod-view.ts'
import { projectNamespace } from '../targets/project-namespace.ts'
import { createPodProjector, projectPod } from '../targets/project-pod.ts'
import { NamespacePoll } from './namespace-poll.ts'

export interface StatefulSetView {
  readonly replicas: number
}

export interface WatchesOptions {
  readonly client: KubeClient
  /** The release's. */
  readonly namespace: string
  readonly release: string
  readonly statefulSet: string
  /** All where it is empty. */
  readonly watchNamespaces: readonly string[]
  readonly podLabelSelector?: string | undefined
  readonly onPod: (change: Change<PodView>) => void
  readonly onNamespace: (change: Change<NamespaceView>) => void
  readonly onProfileTarget: (change: Change<ProfileTargetView>) => void
  readonly onScrapeConfig: (change: Change<ActualObject>) => void
  readonly onStatefulSet: (change: Change<StatefulSetView>) => void
  /** Pods of the StatefulSet, whatever pods the others are. */
  readonly onCollectorPod: (change: Change<PodView>) => void
  readonly logger: Logger
  readonly registry: Registry
}

/** One collection that is followed. */
export type Followed = Pick<ListWatch<unknown>, 'kind' | 'isSynced' | 'problem' | 'isStuck' | 'run'>

/** Everything that the operator follows in the cluster; the sum of it is its whole input. */
export function createWatches(options: WatchesOptions): Followed[] {
  const { client, namespace, release, statefulSet, watchNamespaces, podLabelSelector, logger, registry } =
    options
  const common = { client, logger, registry }
  const scopes = watchNamespaces.length === 0 ? [''] : watchNamespaces.map((name) => `/namespaces/${name}`)
  const resources = `/apis/${group}/${version}`
  const watches: Followed[] = [
    ...scopes.flatMap((scope) => [
      new ListWatch<PodView>({
        ...common,
        kind: 'pods',
        path: `/api/v1${scope}/pods`,
        fieldSelector: 'status.phase!=Succeeded,status.phase!=Failed',
        ...(podLabelSelector !== undefined && { labelSelector: podLabelSelector }),
        project: createPodProjector(),
        onChange: options.onPod,
      }),
      new ListWatch<ProfileTargetView>({
        ...common,
        kind: 'profiletargets',
        path: `${resources}${scope}/profiletargets`,
        project: readProfileTarget,
        onChange: options.onProfileTarget,
      }),
    ]),
    new ListWatch<ActualObject>({
      ...common,
      kind: 'scrapeconfigs',
      path: `${resources}/namespaces/${namespace}/scrapeconfigs`,
      labelSelector: `${releaseLabel}=${release}`,
      project: readActualObject,
      isEqual: (a, b) => a.resourceVersion === b.resourceVersion,
      onChange: options.onScrapeConfig,
    }),
    new ListWatch<StatefulSetView>({
      ...common,
      kind: 'statefulsets',
      path: `/apis/apps/v1/namespaces/${namespace}/statefulsets`,
      fieldSelector: `metadata.name=${statefulSet}`,
      project: projectStatefulSet,
      onChange: options.onStatefulSet,
    }),
    new ListWatch<PodView>({
      ...common,
      kind: 'collectors',
      path: `/api/v1/namespaces/${namespace}/pods`,
      project: (pod: never) => {
        const view = projectPod(pod)
        return view?.owner?.kind === 'StatefulSet' && view.owner.name === statefulSet ? view : undefined
      },
      onChange: options.onCollectorPod,
    }),
  ]
  watches.push(
    watchNamespaces.length > 0
      ? new NamespacePoll({ client, logger, names: watchNamespaces, onChange: options.onNamespace })
      : new ListWatch<NamespaceView>({
          ...common,
          kind: 'namespaces',
          path: '/api/v1/namespaces',
          project: projectNamespace,
          onChange: options.onNamespace,
        }),
  )
  return watches
}

function projectStatefulSet({ spec }: { readonly spec?: { readonly replicas?: number } }): StatefulSetView {
  return { replicas: spec?.replicas ?? 1 }
}
