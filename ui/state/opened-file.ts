import { type ReadonlySignal, signal } from '@preact/signals'

/** A pprof file that somebody opened. It stays in the browser: the server reads it for each view and keeps nothing. */
export interface OpenedFile {
  /** Counts up with each file. */
  readonly number: number
  readonly name: string
  readonly bytes: Blob
}

export interface FileState {
  readonly opened: ReadonlySignal<OpenedFile | undefined>
  readonly open: (file: File) => void
}

export function createFileState(): FileState {
  const opened = signal<OpenedFile | undefined>(undefined)
  return {
    opened,
    open(file) {
      opened.value = { number: (opened.peek()?.number ?? 0) + 1, name: file.name, bytes: file }
    },
  }
}
