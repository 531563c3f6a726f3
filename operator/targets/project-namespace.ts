import { keepAnnotations } from './keep-annotations.ts'
import type { NamespaceView } from './pod-view.ts'

/** A Namespace as the API server sends it. */
export interface RawNamespace {
  readonly metadata?: {
    readonly name?: string
    readonly labels?: Readonly<Record<string, string>>
    readonly annotations?: Readonly<Record<string, string>>
  }
}

export function projectNamespace({ metadata = {} }: RawNamespace): NamespaceView {
  return {
    name: metadata.name ?? '',
    labels: { ...metadata.labels },
    annotations: keepAnnotations(metadata.annotations),
  }
}
