import type { FlameLayout } from '../model/flame-layout.ts'
import type { FlameShape } from '../model/flame-picture.ts'
import { createAskedWorker } from './ask-worker.ts'
import type { FlamePicture, FlameQuestion, FlameReply, OpenedAnswer } from './flame-messages.ts'

export interface OpenedTree extends OpenedAnswer {
  /** By which the worker knows it. */
  readonly tree: number
  /** Counts up with each rest that was opened. */
  readonly version: number
}

/** Trees live in a worker: reading an answer, turning it and laying it out never hold up the page. */
export interface FlameClient {
  /** Starts the worker, while the answer is on its way. */
  readonly start: () => void
  /** Reads an answer's bytes, which it takes over. The tree that was opened before is forgotten. */
  readonly open: (bytes: ArrayBuffer) => Promise<OpenedTree>
  readonly graft: (opened: OpenedTree, path: string, bytes: ArrayBuffer) => Promise<OpenedTree>
  readonly picture: (opened: OpenedTree, shape: FlameShape) => Promise<FlameLayout>
}

export function createFlameClient(): FlameClient {
  const worker = createAskedWorker<FlameQuestion, FlameReply>('flame-worker')
  let last = 0
  return {
    start: worker.start,
    async open(bytes) {
      const tree = ++last
      if (tree > 2) void worker.ask({ kind: 'close', tree: tree - 2 })
      const answer = (await worker.ask({ kind: 'open', tree, bytes }, [bytes])) as OpenedAnswer
      return { ...answer, tree, version: 0 }
    },
    async graft(opened, path, bytes) {
      const { tree, version } = opened
      const answer = (await worker.ask({ kind: 'graft', tree, path, bytes }, [bytes])) as OpenedAnswer
      // The answer's head is of the part alone.
      return { ...answer, head: opened.head, tree, version: version + 1 }
    },
    async picture({ tree, names }, shape) {
      const picture = (await worker.ask({ kind: 'picture', tree, shape })) as FlamePicture
      return { names, ...picture }
    },
  }
}
