import type { RefObject } from 'preact'
import { profileKeys } from '../model/profile-tabs.ts'

const keys: typeof profileKeys = [
  [
    'Anywhere',
    [
      ['v', 'overview'],
      ['t', 'targets and back'],
      ['e', 'edit the selector'],
      ['/', 'search or filter'],
      ['[  ]', 'earlier, later by half the range'],
      ['r', 'reload'],
      ['y', 'share: link and text for a ticket'],
      ['n  p', 'next, previous profile'],
      ['Esc', 'step out'],
      ['?', 'this sheet'],
    ],
  ],
  [
    'On the plot',
    [
      ['click', 'open that profile'],
      ['drag', 'zoom in'],
      ['Shift+drag', 'merge what lies in the range'],
      ['Alt+drag', 'range B, to compare with'],
      ['drag an edge', 'move that end of a range'],
    ],
  ],
  [
    'In the legend',
    [
      ['click', 'hide or show'],
      ['double click', 'only this'],
    ],
  ],
  ...profileKeys,
  [
    'In the search box',
    [
      ['Enter', 'next match'],
      ['/text/', 'regular expression'],
      ['"text"', 'the whole name'],
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
