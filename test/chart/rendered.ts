import { parseAllDocuments } from 'yaml'

export interface Container {
  readonly name: string
  readonly image: string
  readonly args: string[]
  readonly env: { readonly name: string; readonly value: string }[]
  readonly securityContext: Record<string, unknown>
  readonly resources: Record<string, unknown>
  readonly volumeMounts: { readonly name: string; readonly mountPath: string }[]
  readonly [key: string]: unknown
}

export interface PodSpec {
  readonly containers: Container[]
  readonly securityContext: Record<string, unknown>
  readonly volumes: { readonly name: string }[]
  readonly [key: string]: unknown
}

export interface Rendered {
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly labels: Record<string, string>
    readonly annotations?: Record<string, string>
  }
  // Of whatever kind.
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into objects of all kinds
  readonly spec: any
  readonly rules?: {
    readonly resources: string[]
    readonly verbs: string[]
    readonly resourceNames?: string[]
  }[]
  readonly data?: Record<string, string>
}

/** A Helm that was built from source does not know which Kubernetes it is for. */
export const kubernetes = '--kube-version=1.34.0'

/** Throws where it is no YAML, or a key is there twice. */
export function readObjects(text: string): Rendered[] {
  return parseAllDocuments(text)
    .map((document) => {
      for (const error of document.errors) throw error
      return document.toJS() as Rendered | null
    })
    .filter((object) => object !== null)
}

export function find(objects: readonly Rendered[], kind: string, name: string): Rendered | undefined {
  return objects.find((object) => object.kind === kind && object.metadata.name === name)
}
