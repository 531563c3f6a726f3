import { join } from 'node:path'
import t from 'tap'
import { candidatesOf, sourceText } from './source-text.ts'

t.test('candidatesOf() tries the longest end of a path first, and stays inside the folder', (t) => {
  const cases: [file: string, trim: string[], want: string[]][] = [
    ['/build/shop/cart/total.go', [], ['build/shop/cart/total.go', 'shop/cart/total.go', 'cart/total.go']],
    ['shop/main.go', [], ['shop/main.go', 'main.go']],
    ['other/main.go', [], ['other/main.go']],
    ['main.go', [], ['main.go']],
    ['example.com/x@v1/main.go', ['example.com/x@v1'], ['main.go']],
    ['/src/shop/a.go', [], ['a.go', 'src/shop/a.go', 'shop/a.go']],
    ['../../etc/passwd', [], ['etc/passwd']],
    ['', [], []],
  ]
  for (const [file, trim, want] of cases)
    t.strictSame(
      candidatesOf(file, '/src/shop', trim),
      want.map((path) => join('/src/shop', path)),
      file,
    )
  t.end()
})

t.test('sourceText() reads what is there, once', async (t) => {
  const folder = t.testdir({ shop: { cart: { 'total.go': 'one\r\ntwo\n' } }, 'secret.go': 'no' })
  const linesOf = sourceText({ folders: [join(folder, 'none'), join(folder, 'shop')], trimPaths: [] })
  t.strictSame(await linesOf('/build/cart/total.go'), ['one', 'two', ''])
  t.equal(await linesOf('/build/cart/total.go'), await linesOf('/build/cart/total.go'))
  t.equal(await linesOf(join(folder, 'secret.go')), undefined)
  t.equal(await linesOf('../secret.go'), undefined)
})
