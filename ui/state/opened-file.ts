import { computed, type ReadonlySignal, signal } from '@preact/signals'

/** A pprof file that somebody opened. It stays in the browser: the server reads it for each view and keeps nothing. */
export interface OpenedFile {
  /** Counts up with each file, from 1. */
  readonly number: number
  readonly name: string
  readonly bytes: Blob
}

export interface FileState {
  /** The newest. */
  readonly opened: ReadonlySignal<OpenedFile | undefined>
  /** All that were opened since the page was loaded, the newest first. */
  readonly all: ReadonlySignal<readonly OpenedFile[]>
  /** By its number, or the newest without one. */
  readonly get: (number: number | undefined) => OpenedFile | undefined
  readonly open: (file: File) => OpenedFile
}

export function createFileState(): FileState {
  const all = signal<readonly OpenedFile[]>([])
  const opened = computed(() => all.value[0])
  return {
    opened,
    all,
    get: (number) => (number === undefined ? opened.value : all.value.find((file) => file.number === number)),
    open(file) {
      const next = { number: all.peek().length + 1, name: file.name, bytes: file }
      all.value = [next, ...all.peek()]
      return next
    },
  }
}
