import type { KubeClient } from '../../lib/kube/kube-client.ts'
import { readProfileTarget } from '../../operator/api/read-profile-target.ts'
import { ordinalOf } from '../../operator/controller/collector-pods.ts'
import { Decisions } from '../../operator/controller/decisions.ts'
import {
  assignTargets,
  type DesiredObject,
  hasSameContent,
  planObjects,
} from '../../operator/shards/plan-objects.ts'
import { limitTargets } from '../../operator/targets/limit-targets.ts'
import { projectNamespace } from '../../operator/targets/project-namespace.ts'
import { projectPod } from '../../operator/targets/project-pod.ts'
import { defaultTargetSettings } from '../../operator/targets/settings.ts'
import { readConfigs, release, releaseNamespace } from './operator-rig.ts'

/** What an operator that never ran before would write, read straight from the API server. Knows no credentials. */
export async function freshPlan(client: KubeClient): Promise<DesiredObject[]> {
  const decisions = new Decisions({
    settings: defaultTargetSettings,
    onDefect: (_, error) => {
      throw error
    },
  })
  const list = async (path: string): Promise<never[]> =>
    (await client.request<{ items: never[] }>({ path })).items
  const members: number[] = []
  for (const object of await list('/api/v1/pods')) {
    const view = projectPod(object)
    if (view === undefined) continue
    decisions.setPod(`${view.namespace}/${view.name}`, view)
    const ordinal =
      view.namespace === releaseNamespace ? ordinalOf(`${release}-collector`, view.name) : undefined
    if (ordinal !== undefined && view.isReady) members.push(ordinal)
  }
  for (const object of await list('/api/v1/namespaces')) {
    const view = projectNamespace(object)
    if (view !== undefined) decisions.setNamespace(view.name, view)
  }
  for (const object of await list('/apis/conprof.io/v1alpha1/profiletargets')) {
    const view = readProfileTarget(object)
    if (view !== undefined) decisions.setProfileTarget(`${view.namespace}/${view.name}`, view)
  }
  decisions.refresh()
  const all = [...decisions.decided.values()].flatMap(({ decision }) => decision.targets)
  const { kept } = limitTargets(all, {
    perNamespace: 0,
    maxTargetsOf: (owner) =>
      decisions.acceptance(owner.slice('ProfileTarget/'.length))?.accepted?.maxTargets ?? 0,
  })
  return planObjects(assignTargets(kept, members), {
    release,
    holders: new Map(),
    releases: new Map(),
    nowMs: 0,
  })
}

/** Names of objects that are missing, too many, or other than a fresh operator would have them. */
export async function differences(client: KubeClient): Promise<string[]> {
  const desired = new Map((await freshPlan(client)).map((object) => [object.name, object]))
  const actual = await readConfigs(client)
  const names: string[] = []
  for (const object of actual) {
    const wanted = desired.get(object.name)
    if (wanted === undefined) names.push(`${object.name} is too many`)
    else if (!hasSameContent(object, wanted)) names.push(`${object.name} differs`)
    desired.delete(object.name)
  }
  return [...names, ...[...desired.keys()].map((name) => `${name} is missing`)]
}
