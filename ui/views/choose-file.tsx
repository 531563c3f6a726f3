import type { ComponentChildren } from 'preact'
import { type SideName, sidePatch } from '../model/compare-sides.ts'
import { closeSelection, type UrlPatch } from '../model/url-state.ts'
import { type Store, useStore } from '../store.ts'

/**
 * Shows a file on its page, or two against each other: the first is what was before. With `side` the first becomes
 * that side of the comparison, and what the other one is stays.
 */
export function openFiles(store: Store, files: readonly File[], side?: SideName): void {
  const [first, second] = files.slice(0, 2).map((file) => store.file.open(file).number)
  if (first === undefined) return
  if (second !== undefined) {
    const sides = { ...fileSide('a', first), ...fileSide('b', second) }
    store.go({ ...closeSelection, type: '', ...sides }, { page: 'compare' })
  } else if (side !== undefined) store.go({ zoom: '', ...fileSide(side, first) })
  else store.go({ ...closeSelection, type: '' }, { page: 'file' })
}

/** The keys that make a side an opened file. */
export function fileSide(side: SideName, number: number): UrlPatch {
  return sidePatch(side, { kind: 'file', number })
}

/** A button that asks for files. */
export function FileButton(props: {
  readonly onChoose: (files: readonly File[]) => void
  readonly look?: string
  readonly multiple?: boolean
  readonly title?: string
  readonly children: ComponentChildren
}) {
  const { onChoose, look = '', multiple = false, title, children } = props
  return (
    <label class={`button ${look} choose-file`} title={title}>
      {children}
      <input
        type="file"
        multiple={multiple}
        onChange={(event) => {
          const files = [...(event.currentTarget.files ?? [])]
          // The same file again is a change too.
          event.currentTarget.value = ''
          onChoose(files)
        }}
      />
    </label>
  )
}

/** Asks for a file, and says how else one comes here. */
export function ChooseFile() {
  const store = useStore()
  return (
    <div class="empty">
      <h2>Drop a pprof file here, or anywhere on these pages</h2>
      <FileButton look="button-primary" multiple onChoose={(files) => openFiles(store, files)}>
        Choose a pprof file
      </FileButton>
      <p>
        It is shown like a stored profile, or compared with one. Two files at once are compared with each
        other. The server reads them and keeps nothing. To store profiles use <code>conprof import</code>.
      </p>
    </div>
  )
}
