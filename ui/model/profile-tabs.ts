/** Views of an open profile, in the order of their keys. */
export const profileTabs = [
  { view: 'both', title: 'Both', hint: 'table and flame graph side by side' },
  { view: 'flame', title: 'Flame graph', hint: 'flame graph' },
  { view: 'top', title: 'Top', hint: 'table' },
  { view: 'graph', title: 'Graph', hint: 'call graph' },
  { view: 'source', title: 'Source', hint: 'lines of a function' },
  { view: 'peek', title: 'Peek', hint: 'edges of a function' },
  { view: 'callers', title: 'Callers', hint: 'what calls a function, and what it calls' },
  { view: 'tags', title: 'Tags', hint: 'labels and tags' },
] as const
export type ProfileTab = (typeof profileTabs)[number]['view']

/** Keys of an open profile, for the sheet that lists all keys. */
export const profileKeys: readonly (readonly [
  title: string,
  rows: readonly (readonly [key: string, text: string])[],
])[] = [
  [
    'In an open profile',
    [
      ['1 … 8', 'both, flame graph, top, graph, source, peek, callers, tags'],
      ['/', 'search; n, p or Enter: next, previous match'],
      ['n  p', 'without a search: next, previous profile'],
      ['i', 'invert: from the leaves to their callers'],
      ['r', 'collapse recursion'],
      ['u', 'root at the top or at the bottom'],
      ['0', 'reset the zoom'],
      ['d', 'take along: download, copy, open elsewhere'],
      ['b', 'compare: this is B'],
      ['y', 'copy a link to this view'],
      ['Esc', 'step out: zoom, search, filters, profile'],
    ],
  ],
  [
    'With a function in focus or pointed at',
    [
      ['m', 'callers and callees'],
      ['f', 'focus: only stacks with it'],
      ['x', 'ignore: no stacks with it'],
      ['h', 'hide: its time goes to its callers'],
      ['g', 'show from it'],
      ['o', 'source lines'],
      ['k', 'peek: edges as a table'],
      ['c', 'copy its name'],
    ],
  ],
  [
    'In the flame graph',
    [
      ['← ↑ ↓ →', 'move between frames'],
      ['Enter', 'zoom to the frame'],
      ['Backspace', 'zoom out to the caller'],
      ['+  -', 'closer, wider (or Ctrl and wheel)'],
      ['w  a  s  d', 'move what is in sight (or drag)'],
      ['.', 'menu of the frame (or right click)'],
    ],
  ],
]
