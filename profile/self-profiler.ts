import pprof from '@datadog/pprof'

/** Profiles of this very process, with paths relative to `root` (the project's folder, ending in a slash). */
export class SelfProfiler {
  readonly #root: string
  #isSampling = false

  constructor(options: { readonly root: string }) {
    this.#root = options.root
  }

  /** The heap sampler only knows what was allocated after this. */
  start(): void {
    pprof.heap.start(heapIntervalBytes, maxStackDepth)
  }

  close(): void {
    pprof.heap.stop()
  }

  /** Undefined where one is being taken already: V8 samples for one at a time. Ends early with the signal. */
  async cpu(options: {
    readonly durationMs: number
    readonly signal?: AbortSignal
  }): Promise<Uint8Array | undefined> {
    const { durationMs, signal } = options
    if (this.#isSampling) return undefined
    this.#isSampling = true
    try {
      // CPU time per sample, as Go counts it: wall time would blame a process for its neighbours' load.
      pprof.time.start({
        durationMillis: durationMs,
        // At Go's 100 Hz a process that idles is all idle: its work is done between two samples.
        intervalMicros: 1000,
        withContexts: true,
        collectCpuTime: true,
      })
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, durationMs)
        signal?.addEventListener(
          'abort',
          () => {
            clearTimeout(timer)
            resolve()
          },
          { once: true },
        )
      })
      return this.#encode(pprof.time.stop())
    } finally {
      this.#isSampling = false
    }
  }

  heap(): Uint8Array {
    return this.#encode(pprof.heap.profile())
  }

  #encode(profile: ReturnType<typeof pprof.heap.profile>): Uint8Array {
    const { stringTable } = profile
    for (const entry of profile.function) {
      const path = stringTable.strings[Number(entry.filename)] ?? ''
      if (path.startsWith(this.#root)) entry.filename = stringTable.dedup(path.slice(this.#root.length))
    }
    // Lines here are where a function starts, which pprof also asks for on the function itself.
    for (const { line: lines } of profile.location) {
      for (const { functionId, line } of lines) profile.function[Number(functionId) - 1]!.startLine = line
    }
    return profile.encode()
  }
}

const heapIntervalBytes = 512 * 1024
const maxStackDepth = 64
