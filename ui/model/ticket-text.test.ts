import t from 'tap'
import { ticketText } from './ticket-text.ts'

t.test('ticketText() holds what somebody needs to see the same again', (t) => {
  const text = ticketText({
    link: 'https://conprof.example/explore?q=x&from=1&to=2',
    selector: '{job="api", profile_type="cpu"}',
    startMs: Date.parse('2026-11-23T10:00:00Z'),
    endMs: Date.parse('2026-11-23T10:30:00Z'),
    coverage: ['30 profiles of 1 series', 'sampled 33.0 % of the time'],
    type: 'cpu',
    unit: 'nanoseconds',
    total: '4000000000',
    functions: [
      { name: 'main.slow', file: '', flat: '1000000000', cum: '4000000000' },
      { name: 'runtime.mallocgc', file: '', flat: '3000000000', cum: '3000000000' },
      ...Array.from({ length: 12 }, (_, index) => ({ name: `f${index}`, file: '', flat: '0', cum: '0' })),
    ],
    pprofUrl: 'https://conprof.example/api/v1/profile?query=%7B%7D&format=pprof',
  })
  t.equal(
    text.split('\n').slice(0, 8).join('\n'),
    `cpu of {job="api", profile_type="cpu"}
from 2026-11-23T10:00:00.000Z to 2026-11-23T10:30:00.000Z
30 profiles of 1 series · sampled 33.0 % of the time
total 4 s

self   share  total  function
 3 s  75.0 %    3 s  runtime.mallocgc
 1 s  25.0 %    4 s  main.slow`,
  )
  t.equal(text.match(/^ .*f\d+$/gm)?.length, 8, 'ten functions in all')
  t.match(
    text,
    /\ngo tool pprof -http=: 'https:\/\/conprof\.example\/api\/v1\/profile\?query=%7B%7D&format=pprof'\n$/,
  )
  t.end()
})
