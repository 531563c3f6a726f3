import { AsyncLocalStorage } from 'node:async_hooks'

/** Whether what an answer was made of turned out to be gone meanwhile. */
export interface Outdated {
  readonly isOutdated: boolean
}

/**
 * What belongs to one answer while it is made: its cost in requests and bytes, and whether the blocks that it is made
 * of are still there. It follows the asynchronous calls, so that what is read far below is counted; what is done for
 * several answers at once is counted for the one that began it.
 */
export class AnswerScope {
  requests = 0
  fetchedBytes = 0
  /** When it began anew, on the clock of `performance.now()`; undefined at first. */
  #againMs: number | undefined
  #opened: Outdated[] = []

  static get current(): AnswerScope | undefined {
    return scopes.getStore()
  }

  /** What was opened must have been there by then; undefined while there is no reason to doubt a listing. */
  get sinceMs(): number | undefined {
    return this.#againMs
  }

  /** Whether what is gone may still lead to another try. */
  get mayTryAgain(): boolean {
    return this.#againMs === undefined
  }

  noteRequest(): void {
    this.requests++
  }

  noteFetched(sizeBytes: number): void {
    this.fetchedBytes += sizeBytes
  }

  noteOpened(opened: Outdated): void {
    this.#opened.push(opened)
  }

  /**
   * Makes the answer; once more, of what is there now, where a block was compacted and deleted since it was listed. The
   * first try's answer, or error, is then of no account: `forget` takes back what it set.
   */
  async run(make: () => Promise<void>, forget: () => void): Promise<void> {
    await scopes.run(this, async () => {
      let failure: unknown
      let hasFailed = false
      try {
        await make()
      } catch (error) {
        failure = error
        hasFailed = true
      }
      if (this.#opened.some(({ isOutdated }) => isOutdated)) {
        this.#opened = []
        this.#againMs = performance.now()
        forget()
        await make()
      } else if (hasFailed) throw failure
    })
  }
}

const scopes = new AsyncLocalStorage<AnswerScope>()
