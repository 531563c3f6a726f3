import t from 'tap'
import { chooseSources } from '../block/covered.ts'
import { createBlockBuilder } from '../block/create-block-builder.ts'
import { memorySource } from '../block/memory-source.ts'
import { openBlock } from '../block/open-block.ts'
import { sortLabels } from '../profile/labels.ts'
import { drawProfile } from '../test/support/drawn-profile.ts'
import type { OpenSource } from './catalog.ts'
import type { QueryLimits } from './query-limits.ts'
import { selectWithin } from './select-within.ts'

const body = drawProfile({ types: ['inuse_space/bytes'], stacks: { main: [1] } })
const hour = 3_600_000
const start = 1_700_000_000_000

/** A block per hour with ten profiles of each of two pods; `rowReads` says which hours' rows were read. */
async function hours(count: number) {
  const rowReads = new Set<number>()
  const opened: OpenSource[] = []
  for (let index = 0; index < count; index++) {
    const builder = createBlockBuilder()
    for (let i = 0; i < 20; i++) {
      const labels = sortLabels([
        ['pod', i % 2 === 0 ? 'a' : 'b'],
        ['profile_type', 'heap'],
      ])
      const timeMs = start + index * hour + (i >> 1) * 60_000
      builder.append(
        { labels, timeMs, durationMs: 1, health: 'ok', httpStatus: 200, body },
        { writer: 'w', seq: index * 20 + i },
      )
    }
    const { key, bytes } = builder.encode()!
    const source = memorySource(key, bytes)
    let isOpen = false
    const reader = await openBlock({
      ...source,
      read: (offset, length) => {
        if (isOpen) rowReads.add(index)
        return source.read(offset, length)
      },
    })
    isOpen = true
    const { covered, partition } = reader.meta
    opened.push({ rank: 1, id: key, covered, partition, place: 'bucket', reader })
  }
  const request = { matchers: [], startMs: start, endMs: start + count * hour }
  const select = (limits: QueryLimits) => selectWithin(chooseSources(opened), request, limits)
  return { select, rowReads }
}

function countOf({ series }: Awaited<ReturnType<typeof selectWithin>>): number {
  return series
    .flatMap(({ parts }) => parts)
    .reduce((sum, { firstRow, lastRow }) => sum + lastRow - firstRow + 1, 0)
}

t.test('what is within the limits is all there', async (t) => {
  const { select } = await hours(3)
  for (const limits of [{}, { maxProfiles: 60, maxBytes: 1_000_000 }]) {
    const selection = await select(limits)
    t.same([countOf(selection), selection.warnings, selection.startMs], [60, [], start])
  }
})

t.test('beyond --query.max-profiles the newest are kept, from one time on for all series', async (t) => {
  const { select, rowReads } = await hours(3)
  const selection = await select({ maxProfiles: 25 })
  // The last hour, and of the one before what fits: both pods of two minutes, and of a third.
  t.equal(selection.startMs, start + hour + 7 * 60_000)
  t.equal(countOf(selection), 26)
  t.match(selection.warnings, [
    `what is before ${new Date(selection.startMs).toISOString()} is missing from this answer: more than --query.max-profiles, 25, match: ask for less time`,
  ])
  t.same([...rowReads].sort(), [1, 2], 'older blocks are not read')
})

t.test('beyond --query.max-bytes of rows older blocks are left out unread', async (t) => {
  const { select, rowReads } = await hours(3)
  const selection = await select({ maxBytes: 1 })
  t.same([countOf(selection), [...rowReads]], [20, [2]], 'one is always read')
  t.match(selection.warnings, [/^what is before .* is missing from this answer: .*--query\.max-bytes, 1 B/])
  t.equal(selection.startMs, start + 2 * hour)
})
