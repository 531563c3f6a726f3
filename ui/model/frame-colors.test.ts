import t from 'tap'
import { packageColor, packageOf, shortName } from './frame-colors.ts'

t.test('packageOf() names the package of Go functions and of files', (t) => {
  const cases: readonly (readonly [string, string, string])[] = [
    ['net/http.(*conn).serve', '', 'net/http'],
    ['github.com/a/b.Run.func1', '/go/src/b.go', 'github.com/a/b'],
    ['main.main', '', 'main'],
    ['runtime.mallocgc', '', ''],
    ['runtime/internal/atomic.Load', '', ''],
    ['(anonymous)', '', ''],
    ['root', '', ''],
    ['write', 'node:fs', ''],
    ['dispatch', '/app/node_modules/koa/lib/application.js', 'koa'],
    ['send', '/app/node_modules/@aws-sdk/client-s3/dist/x.js', '@aws-sdk/client-s3'],
    ['cut', '/app/collector/cut.ts', '/app/collector'],
  ]
  for (const [name, file, want] of cases) t.equal(packageOf(name, file), want, name)
  t.end()
})

t.test('packageColor() is stable and grey for what has no package', (t) => {
  t.same(packageColor('net/http', false), packageColor('net/http', false))
  t.not(packageColor('net/http', false).fill, packageColor('net/http', true).fill)
  t.match(packageColor('', false).fill, /0\.00\d /)
  t.end()
})

t.test('shortName() drops the path, not type parameters', (t) => {
  t.equal(shortName('github.com/a/b.(*T).Run'), 'b.(*T).Run')
  t.equal(shortName('a/b.Map[github.com/c/d.E]'), 'b.Map[github.com/c/d.E]')
  t.equal(shortName('main'), 'main')
  t.end()
})
