/** POST /api/v1/capture, GET and DELETE /api/v1/capture/<id>: profiles taken now; DELETE stops it. */
import type { LabelSet } from './types.ts'

/** The body of POST /api/v1/capture, as JSON. */
export interface CaptureRequest {
  /** Selector over series that are scraped; `profile_type` chooses what is taken. */
  readonly query: string
  /** Of each profile that takes time, and the pause between others; 10 without it. */
  readonly seconds?: number
  /** One after the other; 1 without it. */
  readonly count?: number
  /** At most so many pods (or instances), spread over what matches; 5 without it. */
  readonly pods?: number
  /** Goroutines as text too (`debug=2`), kept as they came. */
  readonly goroutineText?: boolean
}

export interface CaptureAnswer {
  /** Is the label `capture` of every profile that is taken. */
  readonly id: string
  readonly state: 'running' | 'done'
  readonly startedMs: number
  /** Matched, and left out because of `pods`. */
  readonly leftOut: number
  readonly items: readonly CaptureItem[]
}

export interface CaptureItem {
  readonly collector: string
  readonly labels: LabelSet
  readonly state: 'waiting' | 'running' | 'done' | 'failed'
  /** How many of `count` are stored. */
  readonly done: number
  readonly count: number
  /** For `profile?id=`. */
  readonly profileIds: readonly string[]
  /** As in a target's answer; "" while all is well. */
  readonly health: string
  readonly reason: string
  readonly remedy: string
}
