import fc from 'fast-check'
import t from 'tap'
import { parsePathTemplate } from './path-template.ts'

t.test('parsePathTemplate() reads labels and time from the end of a path', async (t) => {
  const cases: [template: string, path: string, facts: unknown][] = [
    [
      '{job}/{profile_type}/{timeMs}.pb.gz',
      '/data/etcd/heap/1795380901255.pb.gz',
      { labels: { job: 'etcd', profile_type: 'heap' }, timeMs: 1795380901255 },
    ],
    ['{job}/{profile_type}/{timeMs}.pb.gz', 'etcd/heap/cpu.pb.gz', undefined],
    ['{job}/{profile_type}/{timeMs}.pb.gz', 'heap/1795380901255.pb.gz', undefined],
    ['{job}/*', './a/b/c.pprof', { labels: { job: 'b' } }],
    [
      '{job}-{pod}.{profile_type}',
      'x/shop-a-1.cpu',
      { labels: { job: 'shop', pod: 'a-1', profile_type: 'cpu' } },
    ],
    ['{job}@{timeSeconds}.*', 'api@1795380901.gz', { labels: { job: 'api' }, timeMs: 1795380901000 }],
    // What means something elsewhere is itself here.
    ['a+(b)/{job}', 'a+(b)/x', { labels: { job: 'x' } }],
    ['a+(b)/{job}', 'aab/x', undefined],
  ]
  for (const [template, path, facts] of cases) {
    t.strictSame(parsePathTemplate(template).match(path), facts, `${template} ${path}`)
  }
  t.strictSame(parsePathTemplate('{job}/{timeMs}').names, ['job'])
})

t.test('parsePathTemplate() says what is wrong', async (t) => {
  const cases: [template: string, message: string][] = [
    ['{job', 'path template "{job": a { without }'],
    ['{}/x', 'path template "{}/x": {} is no name of a label'],
    ['{a}/{a}', 'path template "{a}/{a}": {a} stands in it twice'],
    ['a//b', 'path template "a//b": nothing between two slashes'],
    [
      '{timeMs}{timeSeconds}',
      'path template "{timeMs}{timeSeconds}": {timeMs} and {timeSeconds}, want one of them',
    ],
  ]
  for (const [template, message] of cases)
    t.throws(() => parsePathTemplate(template), { name: 'SyntaxError', message })
})

t.test('parsePathTemplate() reads any text or says why not, and any path', async () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.string(), fc.stringMatching(/^[{}*a./\\()[\]-]{0,20}$/)),
      fc.string(),
      (text, path) => {
        try {
          parsePathTemplate(text).match(path)
        } catch (error) {
          if (!(error instanceof SyntaxError) || error.message.includes('\n')) throw error
        }
      },
    ),
  )
})
