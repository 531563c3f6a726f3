import { sidePatch } from '../model/compare-sides.ts'
import { formatBytes, formatSeconds, formatTime, formatValue } from '../model/format.ts'
import { useStore } from '../store.ts'
import { ChooseFile, FileButton, fileSide, openFiles } from './choose-file.tsx'
import { Link } from './link.tsx'
import { ProfileViews } from './profile-views.tsx'
import { SampleTypeChoice } from './sample-type-choice.tsx'
import { TakeAlong } from './take-along.tsx'

/** A pprof file of somebody's own; the server reads it for each view and keeps nothing of it. */
export function FilePage() {
  const store = useStore()
  const file = store.file.opened.value
  const head = store.view.flame.value.data
  if (file === undefined) {
    return (
      <div class="page">
        <header class="page-head">
          <h1>Open a file</h1>
        </header>
        <ChooseFile />
      </div>
    )
  }
  const { q, from, to } = store.url.value
  const stored = { kind: 'range', query: q ?? '{}', from, to } as const
  const other = store.file.all.value.find(({ number }) => number !== file.number)
  const asB = fileSide('b', file.number)
  return (
    <section
      class={`panel selection${store.view.flame.value.loading ? ' is-loading' : ''}`}
      aria-label="Opened file"
    >
      <header class="selection-head">
        <div class="selection-title">
          <h1>{file.name}</h1>
          <div class="selection-actions">
            <Link
              page="compare"
              class="button"
              title="The file as B, what is stored as A"
              patch={{ ...sidePatch('a', stored), ...asB }}
            >
              Compare with stored profiles
            </Link>
            {other === undefined ? (
              <FileButton
                title="That file as A, this one as B"
                onChoose={(files) => {
                  const [first] = files.slice(0, 1).map((each) => store.file.open(each))
                  if (first !== undefined)
                    store.go({ ...fileSide('a', first.number), ...asB }, { page: 'compare' })
                }}
              >
                Compare with a file
              </FileButton>
            ) : (
              <Link
                page="compare"
                class="button button-named"
                title={`${other.name} as A, this file as B`}
                patch={{ ...fileSide('a', other.number), ...asB }}
              >
                Compare with {other.name}
              </Link>
            )}
            <TakeAlong />
            <FileButton multiple onChoose={(files) => openFiles(store, files)}>
              Another file
            </FileButton>
          </div>
        </div>
        <dl class="facts">
          {head !== undefined && (
            <>
              <Fact name={head.type}>{formatValue(Number(head.sum), head.unit)}</Fact>
              {head.time > 0 && <Fact name="taken">{formatTime(head.time, store.utc.value)}</Fact>}
              {head.coveredSeconds > 0 && <Fact name="covers">{formatSeconds(head.coveredSeconds)}</Fact>}
            </>
          )}
          <Fact name="size">{formatBytes(file.bytes.size)}</Fact>
        </dl>
        <p class="hint">Nothing of this file is stored.</p>
      </header>
      <ProfileViews tools={<SampleTypeChoice />} />
    </section>
  )
}

function Fact({ name, children }: { readonly name: string; readonly children: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}
