/** What a collector is asked to take now, of the targets that it scrapes. */
export interface CaptureOrder {
  /** Becomes the label `capture` of what is stored. */
  readonly id: string
  /** When it was asked for, unix ms. */
  readonly startedMs: number
  /** Of each timed profile; between the starts of those that take no time. */
  readonly seconds: number
  /** Of each, one after the other. */
  readonly count: number
  /** Pods that matched and are in no order; kept for whoever asks how it goes. */
  readonly leftOut: number
  readonly takes: readonly CaptureTake[]
}

export interface CaptureTake {
  /** Hash of the labels of a series that this collector writes. */
  readonly series: string
  /** `goroutine_text`: every stack of the process that writes the series, as text. */
  readonly kind: 'profile' | 'goroutine_text'
}

/** How an order goes. */
export interface CaptureReport {
  readonly id: string
  readonly startedMs: number
  readonly state: 'running' | 'done'
  readonly leftOut: number
  /** As the order's takes. */
  readonly items: readonly CaptureReportItem[]
}

export interface CaptureReportItem {
  /** Of what is stored, `capture` among them. */
  readonly labels: Readonly<Record<string, string>>
  readonly state: 'waiting' | 'running' | 'done' | 'failed'
  readonly done: number
  readonly count: number
  readonly profileIds: readonly string[]
  /** A health class, `gone` or `canceled`; "" while all is well. */
  readonly health: string
  readonly reason: string
  readonly remedy: string
}

/** Orders that are not done, in one collector. */
export const maxRunningCaptures = 50
