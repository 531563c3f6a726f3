import type { CaptureOrder, CaptureReport } from './capture-order.ts'

/** A collector, this process's own or another's, that takes profiles now. */
export interface CaptureSource {
  /** As `collector` in its targets. */
  readonly name: string
  /** The same order again changes nothing. */
  beginCapture(order: CaptureOrder, options: CaptureCallOptions): Promise<CaptureReport>
  /** Undefined where it does not know the id. */
  captureReport(id: string, options: CaptureCallOptions): Promise<CaptureReport | undefined>
  cancelCapture(id: string, options: CaptureCallOptions): Promise<boolean>
}

export interface CaptureCallOptions {
  readonly signal: AbortSignal
}

/** What orders to this very process come to; in plain calls. */
export interface CaptureOrders {
  begin(order: CaptureOrder): CaptureReport
  report(id: string): CaptureReport | undefined
  cancel(id: string): boolean
}

/** This process's own; its targets name no collector. */
export function localCaptureSource(orders: CaptureOrders): CaptureSource {
  return {
    name: '',
    beginCapture: async (order) => orders.begin(order),
    captureReport: async (id) => orders.report(id),
    cancelCapture: async (id) => orders.cancel(id),
  }
}
