import { setTimeout as sleep } from 'node:timers/promises'
import { shutdownSignal } from '../../lib/lifecycle/shutdown-signal.ts'
import type { CaptureAnswer, CaptureRequest } from '../../query/api/capture-types.ts'
import { ProgressLine } from '../progress-line.ts'
import { ApiClient } from './api-client.ts'
import { downloadCapture } from './download-capture.ts'
import { formatFailures, formatProfiles, progressOf } from './format-capture.ts'

export interface CaptureValues {
  readonly url: string
  readonly 'web.tokenFile'?: string
  readonly seconds?: number
  readonly count?: number
  readonly pods?: number
  readonly goroutineText: boolean
  readonly output?: string
}

const pollMs = 500
/** So long a query that does not answer may be one that is restarted: what it ordered goes on without it. */
const patienceMs = 60_000

/** Orders a capture, waits for its end, prints what there is of it. The first SIGINT stops it, and so is its end. */
export async function runCapture(query: string, values: CaptureValues): Promise<void> {
  const client = await ApiClient.open(values.url, { tokenFile: values['web.tokenFile'] })
  const { seconds, count, pods, goroutineText } = values
  const wish: CaptureRequest = {
    query,
    ...(seconds === undefined ? {} : { seconds }),
    ...(count === undefined ? {} : { count }),
    ...(pods === undefined ? {} : { pods }),
    ...(goroutineText ? { goroutineText } : {}),
  }
  const stop = shutdownSignal()
  const begun = await client.ask<CaptureAnswer>('capture', { method: 'POST', json: wish, signal: stop })
  say(begun.warnings)
  const { id, leftOut, items } = begun.data
  say([`capture ${id}: ${items.length} ${items.length === 1 ? 'series' : 'series, all at once'}`])
  if (leftOut > 0) say([`${leftOut} more pods match: --pods takes more of them`])
  const answer = await follow(client, begun.data, stop)
  process.stdout.write(formatProfiles(answer, client.url))
  process.stderr.write(formatFailures(answer))
  if (values.output !== undefined) {
    const onFile = (path: string) => process.stdout.write(`${path}\n`)
    await downloadCapture(client, answer, { folder: values.output, onFile })
  }
  if (answer.items.some(({ state }) => state === 'failed')) process.exitCode = 1
}

async function follow(client: ApiClient, begun: CaptureAnswer, stop: AbortSignal): Promise<CaptureAnswer> {
  const progress = new ProgressLine()
  let answer = begun
  let hasStopped = false
  let said = ''
  let silentSinceMs: number | undefined
  let warnings: readonly string[] = []
  while (answer.state === 'running') {
    // Interrupted, it wakes at once, and from then on no more.
    await sleep(pollMs, undefined, stop.aborted ? {} : { signal: stop }).catch(() => {})
    try {
      if (stop.aborted && !hasStopped) {
        await cancel(client, begun.id)
        hasStopped = true
      }
      const heard = await client.ask<CaptureAnswer>(`capture/${begun.id}`)
      answer = heard.data
      warnings = heard.warnings
      silentSinceMs = undefined
    } catch (error) {
      if (isRefusal(error)) throw error
      silentSinceMs ??= performance.now()
      if (performance.now() - silentSinceMs > patienceMs) throw error
      progress.show(() => `${(error as Error).message}: asking again`)
      continue
    }
    const line = progressOf(answer)
    progress.show(() => line)
    if (!process.stderr.isTTY && line !== said) say([line])
    said = line
  }
  progress.clear()
  say(warnings)
  return answer
}

/** What has ended meanwhile need not be stopped. */
async function cancel(client: ApiClient, id: string): Promise<void> {
  try {
    await client.ask(`capture/${id}`, { method: 'DELETE' })
  } catch (error) {
    if (!isRefusal(error)) throw error
  }
}

function isRefusal(error: unknown): boolean {
  return (error as { readonly code?: unknown }).code === 'REFUSED'
}

function say(lines: readonly string[]): void {
  for (const line of lines) process.stderr.write(`${line}\n`)
}
