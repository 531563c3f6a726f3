import t from 'tap'
import { nameCollectors } from './name-collectors.ts'

t.test('nameCollectors() is as short as tells them apart', async (t) => {
  const cases: [string[], string[]][] = [
    [
      ['http://collector-0.svc:8080', 'http://collector-1.svc:8080'],
      ['collector-0', 'collector-1'],
    ],
    [
      ['http://c-0.a:80', 'http://c-0.b:80', 'http://c-1.b:80'],
      ['c-0.a', 'c-0.b', 'c-1'],
    ],
    [
      ['http://localhost:1', 'http://localhost:2'],
      ['localhost:1', 'localhost:2'],
    ],
    [
      ['http://10.0.0.1:1', 'http://10.0.0.2:1'],
      ['10.0.0.1', '10.0.0.2'],
    ],
    [
      ['http://[::1]:1', 'http://[::2]:1'],
      ['[::1]', '[::2]'],
    ],
    [
      ['http://a:1', 'https://a:1'],
      ['http://a:1/', 'https://a:1/'],
    ],
  ]
  for (const [urls, names] of cases) t.strictSame([...nameCollectors(urls).values()], names)
})
