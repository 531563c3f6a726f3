import type { Registry } from 'prom-client'
import type { Logger } from '../log.ts'
import type { KubeClient } from './kube-client.ts'

/** What is known of one object: its projection. */
export interface Change<View> {
  /** `namespace/name`, or the name of what has no namespace. */
  readonly key: string
  /** Undefined where it is new. */
  readonly before: View | undefined
  /** Undefined where it is gone, or where `project` keeps nothing of it. */
  readonly after: View | undefined
}

export interface ListWatchOptions<View> {
  readonly client: KubeClient
  /** Names metrics and messages: `pods`. */
  readonly kind: string
  /** Of the collection: `/api/v1/pods`, `/apis/conprof.io/v1alpha1/namespaces/shop/profiletargets`. */
  readonly path: string
  readonly labelSelector?: string
  readonly fieldSelector?: string
  /** Keeps only what is used; undefined keeps nothing of this object. Must be quick; a throw is counted and logged. */
  readonly project: (object: never) => View | undefined
  /** Equal projections are no change; by JSON without it. */
  readonly isEqual?: (a: View, b: View) => boolean
  /** Called for each change, in order, never while another call runs. Must not throw. */
  readonly onChange: (change: Change<View>) => void
  readonly logger: Logger
  readonly registry: Registry
  /** For tests. */
  readonly timing?: Partial<ListWatchTiming>
}

export interface ListWatchTiming {
  readonly pageSize: number
  /** Between, at random, the server is asked to end a watch. */
  readonly minWatchMs: number
  readonly maxWatchMs: number
  /** Silence after which a watch is taken for dead: bookmarks come about once a minute. */
  readonly stallMs: number
  readonly minBackoffMs: number
  readonly maxBackoffMs: number
  /** As insurance everything is listed again this often; what differs then is counted as drift. */
  readonly relistMs: number
}
