import { z } from 'zod'
import { type CaptureOrder, type CaptureReport, captureReport } from '../capture/capture-order.ts'
import type { CaptureCallOptions, CaptureSource } from '../capture/capture-source.ts'
import type { HttpCollector } from './http-collector.ts'
import { readAnswer } from './read-answer.ts'

const path = 'collector/captures'

/** A collector in another process that takes profiles now. */
export class HttpCaptureSource implements CaptureSource {
  readonly #collector: HttpCollector

  constructor(collector: HttpCollector) {
    this.#collector = collector
  }

  get name(): string {
    return this.#collector.collector
  }

  async beginCapture(order: CaptureOrder, options: CaptureCallOptions): Promise<CaptureReport> {
    const body = await this.#collector.ask(path, { ...options, method: 'POST', json: order })
    return readAnswer(body, 'its report', z.object({ data: captureReport })).data
  }

  async captureReport(id: string, options: CaptureCallOptions): Promise<CaptureReport | undefined> {
    const body = await this.#collector.ask(`${path}/${id}`, options)
    return readAnswer(body, 'its report', z.object({ data: captureReport.nullable() })).data ?? undefined
  }

  async cancelCapture(id: string, options: CaptureCallOptions): Promise<boolean> {
    const body = await this.#collector.ask(`${path}/${id}`, { ...options, method: 'DELETE' })
    return readAnswer(body, 'its answer', z.object({ data: z.object({ wasRunning: z.boolean() }) })).data
      .wasRunning
  }
}
