import type { TreeAnswer } from '../../query/api/view-types.ts'
import type { FlameLayout } from '../model/flame-layout.ts'
import type { FlameShape } from '../model/flame-picture.ts'

/** What the worker is asked. Trees stay there, by number; what is drawn comes back. */
export type FlameQuestion =
  | { readonly kind: 'open'; readonly tree: number; readonly bytes: ArrayBuffer }
  /** Puts an answer with `path` in the place of the rest with that path. */
  | { readonly kind: 'graft'; readonly tree: number; readonly path: string; readonly bytes: ArrayBuffer }
  | { readonly kind: 'picture'; readonly tree: number; readonly shape: FlameShape }
  | { readonly kind: 'close'; readonly tree: number }

export type FlameReply = OpenedAnswer | FlamePicture | undefined

/** An answer without its columns. */
export type FlameHead = Omit<
  TreeAnswer,
  'names' | 'depth' | 'name' | 'self' | 'total' | 'baseSelf' | 'baseTotal' | 'rest'
>

export interface OpenedAnswer {
  readonly head: FlameHead
  readonly warnings: readonly string[]
  readonly names: readonly string[]
  readonly rows: number
  /** How many nodes the server left out. */
  readonly restNodes: number
}

/** A layout; its names are those of the tree, unless it has its own. */
export type FlamePicture = Omit<FlameLayout, 'names'> & { readonly names?: readonly string[] }
