import fc from 'fast-check'
import t from 'tap'
import { SelectorError } from '../../profile/selector.ts'
import { ApiError } from './answer.ts'
import {
  headParameters,
  labelsParameters,
  profilesParameters,
  queryRangeParameters,
  rangeOf,
  readParameters,
} from './parameters.ts'
import { profileParameters } from './profile-parameters.ts'

t.test('readParameters() reads lists, times and steps', async (t) => {
  const search = new URLSearchParams(
    'match[]=heap&match[]={a="b"}&start=1.5&end=2026-01-02T15:04:05Z&limit=7',
  )
  const given = readParameters(labelsParameters, search)
  t.equal(given['match[]'].length, 2)
  t.match(given, { start: 1500, end: Date.UTC(2026, 0, 2, 15, 4, 5), limit: 7 })
  t.match(readParameters(queryRangeParameters, new URLSearchParams('query=&step=1m&agg=max')), {
    query: [],
    step: 60_000,
    agg: 'max',
    limit: 50_000,
  })
  t.match(readParameters(profileParameters, new URLSearchParams('id=1&seconds=5')), {
    id: '1',
    format: 'pprof',
  })
  t.match(readParameters(headParameters, new URLSearchParams('without_bodies=true')), {
    without_bodies: true,
  })
})

t.test('readParameters() names what is wrong', async (t) => {
  const cases: [string, string][] = [
    ['query=&limit=0', 'parameter "limit": want at least 1'],
    ['query=&limit=ten', 'parameter "limit": want a whole number above 0'],
    ['query=&limit=999999', 'parameter "limit": want at most 10000'],
    [
      'query=&match[]=a',
      'parameter "match[]": unknown, want query, start, end, sort, limit, cursor, type, si',
    ],
    ['start=1', 'parameter "query": missing'],
  ]
  for (const [text, message] of cases) {
    t.throws(
      () => readParameters(profilesParameters, new URLSearchParams(text)),
      { code: 'bad_data', message },
      text,
    )
  }
  t.throws(() => readParameters(queryRangeParameters, new URLSearchParams('query=&agg=min')), {
    message: 'parameter "agg": "min", want sum, avg, delta, max, last',
  })
  t.throws(() => rangeOf({ start: 2, end: 1 }), { code: 'bad_data' })
})

t.test('whatever is asked, the error is the asker’s', async () => {
  const names = [
    'query',
    'start',
    'end',
    'step',
    'agg',
    'limit',
    'type',
    'format',
    'id',
    'match[]',
    'cursor',
    'x',
  ]
  const text = fc.oneof(
    fc.string(),
    fc.constantFrom('now-1h', '0', '1', '{}', 'heap', '-1', '1e999', 'NaN', '{a="'),
  )
  const search = fc.array(fc.tuple(fc.constantFrom(...names), text))
  const schemas = [
    labelsParameters,
    queryRangeParameters,
    profilesParameters,
    profileParameters,
    headParameters,
  ]
  fc.assert(
    fc.property(search, (pairs) => {
      for (const schema of schemas) {
        try {
          readParameters(schema, new URLSearchParams(pairs))
        } catch (error) {
          if (!(error instanceof ApiError) && !(error instanceof SelectorError)) throw error
        }
      }
    }),
    { numRuns: 5000 },
  )
})
