/** What the operator keeps of a pod: a tenth of the object, and all that decisions need. */
export interface PodView {
  readonly namespace: string
  readonly name: string
  readonly uid: string
  readonly labels: Readonly<Record<string, string>>
  /** Only those that somebody here reads: see `keepAnnotations`. */
  readonly annotations: Readonly<Record<string, string>>
  readonly createdMs: number
  readonly node: string
  /** "" until there is one. */
  readonly ip: string
  readonly phase: string
  readonly isTerminating: boolean
  readonly isHostNetwork: boolean
  readonly isReady: boolean
  /** Its controller as the object names it, such as a ReplicaSet. */
  readonly owner:
    | { readonly apiVersion: string; readonly kind: string; readonly name: string; readonly uid: string }
    | undefined
  /** What people call it: a ReplicaSet's Deployment, a Job's CronJob; the pod itself where nothing owns it. */
  readonly workload: { readonly kind: string; readonly name: string }
  readonly containers: readonly ContainerView[]
}

/** `sidecar`: an init container with `restartPolicy: Always`. `init` and `ephemeral` never make targets. */
export type ContainerKind = 'container' | 'sidecar' | 'init' | 'ephemeral'

export interface ContainerView {
  readonly name: string
  readonly kind: ContainerKind
  readonly image: string
  readonly ports: readonly PortView[]
  /** 0 where there is none. */
  readonly memoryLimitBytes: number
  readonly cpuLimitMillicores: number
  /** "" and 0 until it runs. */
  readonly containerId: string
  readonly restartCount: number
  readonly startedMs: number
}

export interface PortView {
  readonly name: string
  readonly port: number
  readonly protocol: string
}

export interface NamespaceView {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
}
