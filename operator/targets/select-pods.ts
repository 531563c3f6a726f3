import type { AcceptedProfileTarget } from './accept-profile-target.ts'
import type { NamespaceView, PodView } from './pod-view.ts'

/** Finds the ProfileTargets that select a pod, without looking at all of them. */
export interface PodSelection {
  /** Oldest first, ties by namespace and name. */
  select(pod: PodView, namespace: NamespaceView | undefined): readonly AcceptedProfileTarget[]
}

/**
 * Each ProfileTarget is filed under one label that its pods must have, the one that fewest others ask for too, and
 * under its own namespace or under none; so a pod is compared with those of its namespace and labels alone.
 */
export function createPodSelection(profileTargets: Iterable<AcceptedProfileTarget>): PodSelection {
  const all = [...profileTargets].sort(compareAge)
  const rank = new Map(all.map((profileTarget, index) => [profileTarget, index]))
  const popularity = new Map<string, number>()
  for (const { requiredLabels } of all) {
    for (const pair of requiredLabels) popularity.set(pair, (popularity.get(pair) ?? 0) + 1)
  }
  const filed = new Map<string, AcceptedProfileTarget[]>()
  for (const profileTarget of all) {
    const [rarest = ''] = profileTarget.requiredLabels.toSorted(
      (a, b) => popularity.get(a)! - popularity.get(b)! || (a < b ? -1 : 1),
    )
    for (const name of profileTarget.namespaces ?? ['']) {
      const place = placeOf(name, rarest)
      const there = filed.get(place)
      if (there === undefined) filed.set(place, [profileTarget])
      else there.push(profileTarget)
    }
  }
  return {
    select(pod, namespace) {
      const found: AcceptedProfileTarget[] = []
      const look = (pair: string) => {
        for (const name of [pod.namespace, '']) {
          for (const profileTarget of filed.get(placeOf(name, pair)) ?? []) {
            if (selects(profileTarget, pod, namespace)) found.push(profileTarget)
          }
        }
      }
      look('')
      for (const key in pod.labels) look(labelPair(key, pod.labels[key] ?? ''))
      return found.length < 2 ? found : found.sort((a, b) => rank.get(a)! - rank.get(b)!)
    },
  }
}

export function selects(
  profileTarget: AcceptedProfileTarget,
  pod: PodView,
  namespace: NamespaceView | undefined,
): boolean {
  const { namespaces, matchesNamespace, matchesPod } = profileTarget
  if (namespaces !== undefined && !namespaces.includes(pod.namespace)) return false
  // Labels of a namespace that is not known yet select nothing.
  if (matchesNamespace !== undefined && (namespace === undefined || !matchesNamespace(namespace.labels))) {
    return false
  }
  return matchesPod(pod.labels)
}

/** Oldest first: who wins where two want the same. */
export function compareAge(
  a: { readonly createdMs: number; readonly namespace: string; readonly name: string },
  b: { readonly createdMs: number; readonly namespace: string; readonly name: string },
): number {
  return a.createdMs - b.createdMs || compare(a.namespace, b.namespace) || compare(a.name, b.name)
}

export function labelPair(key: string, value: string): string {
  return `${key}=${value}`
}

function placeOf(namespace: string, pair: string): string {
  return `${namespace}\n${pair}`
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
