/** What a worker answers to a question: the reply, or why there is none. */
export type Reply<Answer> =
  | { readonly id: number; readonly answer: Answer }
  | { readonly id: number; readonly error: string }

export interface AskedWorker<Question, Answer> {
  /** `transfer` are buffers that the worker takes over. */
  readonly ask: (question: Question, transfer?: Transferable[]) => Promise<Answer>
  /** Starts it before there is a question, so that the first one does not wait. */
  readonly start: () => void
}

/** A worker that is started with the first question, if not before. `name` is the script's, as `index.html` knows it. */
export function createAskedWorker<Question, Answer>(name: string): AskedWorker<Question, Answer> {
  let worker: Worker | undefined
  let last = 0
  const waiting = new Map<
    number,
    { readonly resolve: (answer: Answer) => void; readonly reject: (error: Error) => void }
  >()
  const begin = (): Worker => {
    const script = document.querySelector<HTMLMetaElement>(`meta[name="${name}"]`)?.content
    if (script === undefined) throw new TypeError(`start ${name}: index.html does not name it`)
    const started = new Worker(new URL(script, document.baseURI), { type: 'module', name })
    started.addEventListener('message', ({ data }: MessageEvent<Reply<Answer>>) => {
      const asker = waiting.get(data.id)
      waiting.delete(data.id)
      if ('error' in data) asker?.reject(new Error(data.error))
      else asker?.resolve(data.answer)
    })
    started.addEventListener('error', ({ message }) => {
      for (const { reject } of waiting.values()) reject(new Error(`${name}: ${message}`))
      waiting.clear()
    })
    return started
  }
  return {
    start() {
      worker ??= begin()
    },
    ask(question, transfer = []) {
      worker ??= begin()
      const id = ++last
      const { promise, resolve, reject } = Promise.withResolvers<Answer>()
      waiting.set(id, { resolve, reject })
      worker.postMessage({ id, question }, transfer)
      return promise
    },
  }
}

/** The other end, in the worker. */
export function answerQuestions<Question, Answer>(
  answer: (question: Question) => Promise<{ readonly answer: Answer; readonly transfer?: Transferable[] }>,
): void {
  addEventListener('message', async ({ data }: MessageEvent<{ id: number; question: Question }>) => {
    const { id, question } = data
    try {
      const { answer: given, transfer = [] } = await answer(question)
      postMessage({ id, answer: given } satisfies Reply<Answer>, { transfer })
    } catch (error) {
      postMessage({ id, error: error instanceof Error ? error.message : String(error) })
    }
  })
}
