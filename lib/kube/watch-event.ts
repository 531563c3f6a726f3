import { KubeError } from './kube-client.ts'
import type { LineSplitter } from './line-splitter.ts'
import type { ListedObject } from './list-pages.ts'

/** Why a list or a watch ended, as metrics name it. */
export type RestartReason =
  | 'ended'
  | 'stalled'
  | 'gone'
  | 'unreadable'
  | 'drift'
  | 'unreachable'
  | 'refused'
  | 'busy'

/** Ends a watch, where no KubeError says it. */
export class Restart extends Error {
  readonly reason: RestartReason

  constructor(reason: RestartReason, message = `the watch ${reason}`) {
    super(message)
    this.reason = reason
  }
}

export function reasonOf(error: unknown): RestartReason {
  if (error instanceof Restart) return error.reason
  if (!(error instanceof KubeError)) return 'unreachable'
  if (error.code === 'GONE') return 'gone'
  if (error.code === 'UNREACHABLE') return 'unreachable'
  return error.code === 'SERVER_ERROR' || error.code === 'TOO_MANY_REQUESTS' ? 'busy' : 'refused'
}

export function* splitLines(splitter: LineSplitter, chunk: Uint8Array): Iterable<string> {
  try {
    yield* splitter.push(chunk)
  } catch (error) {
    throw new Restart('unreadable', (error as Error).message)
  }
}

export interface WatchEvent {
  readonly type: string
  readonly object: ListedObject
}

const eventTypes = new Set(['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK', 'ERROR'])

export function parseEvent(line: string): WatchEvent {
  let event: Partial<WatchEvent> | null
  try {
    event = JSON.parse(line) as Partial<WatchEvent> | null
  } catch {
    throw new Restart('unreadable', 'a line of the watch is not JSON')
  }
  const { type = '', object } = event ?? {}
  const { name, resourceVersion } = object?.metadata ?? {}
  const isVersioned = typeof resourceVersion === 'string' && resourceVersion !== ''
  const isWhole = isVersioned && (type === 'BOOKMARK' || typeof name === 'string')
  if (type === 'ERROR' || (eventTypes.has(type) && isWhole)) return { type, object: object as ListedObject }
  throw new Restart('unreadable', 'a line of the watch is no event')
}
