// Entry of a worker thread: merges what it is told to, one merge at a time. It reads bytes by asking for them.
import { parentPort, workerData } from 'node:worker_threads'
import { MergeThread } from './merge-thread.ts'
import type { FromWorker, ToWorker } from './messages.ts'

const port = parentPort
if (port === null)
  throw new Error('run query/merge-workers/worker.ts: want a worker thread, it is the main one')
const thread = new MergeThread({
  cacheBytes: Number((workerData as { readonly cacheBytes: number }).cacheBytes),
  send: (message: FromWorker, transfer) => port.postMessage(message, transfer),
})
port.on('message', (message: ToWorker) => thread.receive(message))
