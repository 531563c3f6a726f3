import t from 'tap'
import { type ShowValues, showRequest } from './show-request.ts'

const nowMs = Date.UTC(2026, 10, 28, 12)
const hourMs = 3_600_000
const selector = '{a="b"}'
const none: ShowValues = { 'objstore.configFile': [] }
const nowSeconds = nowMs / 1000

function searchOf(
  format: Parameters<typeof showRequest>[0],
  values: Partial<ShowValues>,
  given: Parameters<typeof showRequest>[1] = { selector },
): Record<string, string> {
  return Object.fromEntries(showRequest(format, given, { ...none, ...values } as ShowValues, nowMs).search)
}

t.test('showRequest() turns flags into parameters', (t) => {
  const hour = { query: selector, start: `${nowSeconds - 3600}`, end: `${nowSeconds}` }
  const day = { query: selector, start: `${nowSeconds - 86_400}`, end: `${nowSeconds}` }
  const before = {
    base_query: selector,
    base_start: `${nowSeconds - 7200}`,
    base_end: `${nowSeconds - 3600}`,
  }
  const cases: [Parameters<typeof showRequest>[0], Partial<ShowValues>, Record<string, string>][] = [
    ['top', {}, { ...hour, format: 'top' }],
    ['pgo', {}, day],
    ['tree', { nodecount: 7 }, { ...hour, format: 'peek', nodecount: '7' }],
    [
      'top',
      { nodecount: 7, sample_index: 'cpu', focus: 'x' },
      { ...hour, format: 'top', type: 'cpu', focus: 'x' },
    ],
    ['flamegraph', { nodefraction: 0.1 }, { ...hour, format: 'flamegraph' }],
    [
      'top',
      { at: nowMs - hourMs },
      { ...hour, start: `${nowSeconds - 3900}`, end: `${nowSeconds - 3300}`, format: 'top' },
    ],
    ['diff', {}, { ...hour, ...before, format: 'top' }],
    ['top', { baseEnd: nowMs - hourMs }, { ...hour, ...before, format: 'top' }],
    [
      'diff',
      { baseAgo: 24 * hourMs },
      {
        ...hour,
        format: 'top',
        base_query: selector,
        base_start: `${nowSeconds - 90_000}`,
        base_end: `${nowSeconds - 86_400}`,
      },
    ],
    [
      'diff',
      { base: '{c="d"}' },
      { ...hour, format: 'top', base_query: '{c="d"}', base_start: hour.start, base_end: hour.end },
    ],
    ['diff', { baseId: '1-0' }, { ...hour, format: 'top', base_id: '1-0' }],
    ['diff', { baseFile: 'x' }, { ...hour, format: 'top', side: 'base' }],
  ]
  for (const [format, values, want] of cases)
    t.strictSame(searchOf(format, values), want, `${format} ${JSON.stringify(values)}`)
  const ofFile = showRequest('diff', { selector: undefined }, { ...none, file: 'x', baseFile: 'y' }, nowMs)
  t.strictSame(Object.fromEntries(ofFile.search), { format: 'top' })
  t.strictSame(ofFile.source, { kind: 'none' })
  const posted = showRequest('diff', { selector: undefined }, { ...none, file: 'x', base: selector }, nowMs)
  t.match(posted.source, { kind: 'server', url: 'http://localhost:8080' })
  t.strictSame(searchOf('source', {}, { selector, pattern: 'main' }), {
    ...hour,
    format: 'source',
    list: 'main',
  })
  t.end()
})

t.test('showRequest() refuses what contradicts itself', (t) => {
  const cases: [Partial<ShowValues>, string | undefined, RegExp][] = [
    [{}, undefined, /want a selector .*: none is given$/],
    [{ id: '1-0' }, selector, /: 2 are given$/],
    [{ at: 1, start: 1 }, selector, /^show: want --at, or --start and --end$/],
    [{ start: 2000, end: 1000 }, selector, /^show: --start 1970-01-01T00:00:02\.000Z lies after --end /],
    [{ file: 'x', baseFile: 'y', baseAgo: 1 }, undefined, /want --base-file or another base/],
    [{ baseFile: 'y', base: selector }, selector, /want --base-file or another base/],
    [{ url: 'http://x', 'storage.path': 'y' }, selector, /^show: want --url, or --storage\.path/],
    [{ file: 'x', baseAgo: 1 }, undefined, /want --base, --base-id or --base-file to compare with$/],
  ]
  for (const [values, given, message] of cases)
    t.throws(() => searchOf('top', values, { selector: given }), { message }, JSON.stringify(values))
  t.end()
})
