import type { PodView } from '../targets/pod-view.ts'

/** What an Event is about; `kubectl describe` finds it by the uid. */
export interface ObjectReference {
  readonly apiVersion: string
  readonly kind: string
  readonly namespace: string
  readonly name: string
  readonly uid: string
}

export function referenceToPod({ namespace, name, uid }: PodView): ObjectReference {
  return { apiVersion: 'v1', kind: 'Pod', namespace, name, uid }
}

/** Its controller, such as a ReplicaSet; undefined where it has none. */
export function referenceToOwner({ namespace, owner }: PodView): ObjectReference | undefined {
  return owner === undefined ? undefined : { ...owner, namespace }
}
