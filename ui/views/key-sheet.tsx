import type { RefObject } from 'preact'

const keys: readonly (readonly [title: string, rows: readonly (readonly [string, string])[]])[] = [
  [
    'Anywhere',
    [
      ['e', 'edit the selector'],
      ['/', 'search in flame graph and table'],
      ['n  p', 'next, previous profile'],
      ['r', 'reload'],
      ['t', 'targets and back'],
      ['1  2  3', 'both views, flame graph, table'],
      ['0', 'reset the zoom'],
      ['Esc', 'step out: zoom, search, profile'],
      ['?', 'this sheet'],
    ],
  ],
  [
    'In the flame graph',
    [
      ['← ↑ ↓ →', 'move between frames'],
      ['Enter', 'zoom to the frame'],
      ['Backspace', 'zoom out to the caller'],
    ],
  ],
  [
    'In the search box',
    [
      ['Enter', 'next match'],
      ['/text/', 'regular expression'],
      ['"text"', 'the whole name'],
    ],
  ],
  [
    'On the plot',
    [
      ['click', 'open that profile'],
      ['drag', 'merge what lies in the range'],
    ],
  ],
]

export function KeySheet({ dialog }: { readonly dialog: RefObject<HTMLDialogElement | null> }) {
  return (
    <dialog
      class="key-sheet"
      ref={dialog}
      aria-labelledby="key-sheet-title"
      onClick={(event) => {
        if (event.target === dialog.current) dialog.current?.close()
      }}
    >
      <div class="key-sheet-body">
        <header>
          <h2 id="key-sheet-title">Keyboard and mouse</h2>
          <form method="dialog">
            <button type="submit" class="button">
              Close
            </button>
          </form>
        </header>
        <div class="key-sheet-columns">
          {keys.map(([title, rows]) => (
            <section key={title}>
              <h3>{title}</h3>
              <dl>
                {rows.map(([key, text]) => (
                  <div key={key}>
                    <dt>
                      {key.split('  ').map((part) => (
                        <kbd key={part}>{part}</kbd>
                      ))}
                    </dt>
                    <dd>{text}</dd>
                  </div>
                ))}
              </dl>
            </section>
          ))}
        </div>
      </div>
    </dialog>
  )
}
