import t from 'tap'
import { type MadeRow, madeRows } from '../test/support/made-rows.ts'
import { restartsOf } from './restarts.ts'

t.test('restartsOf() says when another process was there', async (t) => {
  const first = { containerId: 'a', startTimeMs: 50 }
  const second = { containerId: 'b', restartCount: 1, startTimeMs: 250 }
  const cases: {
    readonly title: string
    readonly type?: string
    readonly profileType?: string
    readonly rows: readonly MadeRow[]
    readonly want: readonly number[]
  }[] = [
    { title: 'nothing', rows: [], want: [] },
    {
      title: 'one process',
      rows: [
        { at: 100, total: 5, process: first },
        { at: 200, total: 1, process: first },
      ],
      want: [],
    },
    {
      title: 'another container, at its start',
      rows: [
        { at: 100, total: 5, process: first },
        { at: 300, total: 7, process: second },
      ],
      want: [250],
    },
    {
      title: 'a start that cannot be right gives way to the attempt',
      rows: [
        { at: 100, total: 5, process: first },
        { at: 300, total: 7, process: { ...second, startTimeMs: 90 } },
      ],
      want: [300],
    },
    {
      title: 'also between attempts that failed',
      rows: [
        { at: 100, process: first },
        { at: 200, process: second },
        { at: 300, process: second },
      ],
      want: [200],
    },
    {
      title: 'the same container that was started once more',
      rows: [
        { at: 100, total: 5, process: first },
        { at: 300, total: 7, process: { ...first, restartCount: 1, startTimeMs: 300 } },
      ],
      want: [300],
    },
    {
      title: 'a first one that has been counted before',
      rows: [{ at: 300, total: 7, process: second }],
      want: [250],
    },
    {
      title: 'a first one that began before the range',
      rows: [{ at: 300, total: 7, process: { ...second, startTimeMs: 40 } }],
      want: [],
    },
    { title: 'a new pod is no restart', rows: [{ at: 300, total: 7, process: first }], want: [] },
    {
      title: 'a counter that fell, as the row says',
      rows: [
        { at: 100, total: 5 },
        { at: 200, total: 9, isReset: true },
        { at: 300, total: 10 },
      ],
      want: [200],
    },
    {
      title: 'a total that fell while nobody answered',
      rows: [{ at: 100, total: 5 }, { at: 200 }, { at: 300, total: 4 }],
      want: [300],
    },
    {
      title: 'a gauge may fall',
      type: 'inuse_space',
      rows: [{ at: 100, total: 5 }, { at: 200 }, { at: 300, total: 4 }],
      want: [],
    },
    {
      title: 'and so may what is a difference already',
      profileType: 'delta_heap',
      rows: [{ at: 100, total: 5 }, { at: 200 }, { at: 300, total: 4 }],
      want: [],
    },
  ]
  for (const { title, type = 'alloc_space', profileType = 'heap', rows, want } of cases) {
    t.strictSame(restartsOf(madeRows(type, rows), { startMs: 50, profileType }), want, title)
  }
})
