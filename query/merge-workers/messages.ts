import type { SeriesIndex } from '../../block/block-reader.ts'
import type { Rows } from '../../block/rows.ts'
import type { MergeOptions } from '../merge-profiles.ts'
import type { MergedView, ViewRequest } from '../merged-view.ts'
import type { ViewSide } from '../view-sides.ts'
import type { PlainError } from './plain-error.ts'

/** A block as a worker knows it: by a number that the main thread gives each open reader. */
export interface JobBlock {
  readonly id: number
  readonly name: string
  readonly sizeBytes: number
}

export interface JobPart {
  /** Into `MergeJob.blocks`. */
  readonly block: number
  readonly series: SeriesIndex
  readonly rows: Rows
  readonly firstRow: number
  readonly lastRow: number
}

/** A side of a view, as data. */
export type JobSide =
  | (Omit<ViewSide & { readonly kind: 'stored' }, 'parts'> & { readonly parts: readonly JobPart[] })
  | (ViewSide & { readonly kind: 'file' })

/** One merge, as data. */
export interface MergeJob {
  readonly blocks: readonly JobBlock[]
  readonly profile: JobSide
  readonly base?: JobSide
  readonly options: Pick<MergeOptions, 'maxBytes'>
  readonly view: ViewRequest
}

/** A block that turned out to be unreadable, for the log and the metrics of the main thread. */
export interface UnreadableBlock {
  readonly id: number
  readonly error: PlainError
}

export type ToWorker =
  | { readonly kind: 'job'; readonly job: MergeJob }
  | { readonly kind: 'abort'; readonly isTimeout: boolean }
  | { readonly kind: 'bytes'; readonly read: number; readonly bytes: Uint8Array }
  | { readonly kind: 'read-failed'; readonly read: number; readonly error: PlainError }

export type FromWorker =
  | {
      readonly kind: 'read'
      readonly read: number
      readonly id: number
      readonly offset: number
      readonly length: number
    }
  | { readonly kind: 'done'; readonly view: MergedView; readonly unreadable: readonly UnreadableBlock[] }
  | { readonly kind: 'failed'; readonly error: PlainError; readonly unreadable: readonly UnreadableBlock[] }
