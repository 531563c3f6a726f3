import t from 'tap'
import { sourceLink } from './source-link.ts'

const link = (file: string, labels: Record<string, string> = {}, template = '') =>
  sourceLink({ file, line: 7 }, labels, template)

t.test('sourceLink() makes links of the forges’ kinds', (t) => {
  const at = (service_repository: string, service_git_ref = 'v1.2') => ({
    service_repository,
    service_git_ref,
  })
  const file = 'github.com/acme/shop/cart/cart.go'
  t.equal(
    link(file, at('https://github.com/acme/shop')),
    'https://github.com/acme/shop/blob/v1.2/cart/cart.go#L7',
  )
  t.equal(
    link(file, at('https://gitlab.example/acme/shop.git')),
    'https://gitlab.example/acme/shop/-/blob/v1.2/cart/cart.go#L7',
  )
  t.equal(
    link(file, at('https://gitea.example/acme/shop/')),
    'https://gitea.example/acme/shop/src/branch/v1.2/cart/cart.go#L7',
  )
  const commit = 'a'.repeat(40)
  t.equal(
    link(file, at('https://codeberg.org/acme/shop', commit)),
    `https://codeberg.org/acme/shop/src/commit/${commit}/cart/cart.go#L7`,
  )
  t.equal(
    link(file, { service_repository: 'https://github.com/acme/shop' }),
    'https://github.com/acme/shop/blob/HEAD/cart/cart.go#L7',
  )
  t.end()
})

t.test('sourceLink() knows where sources lay', (t) => {
  const labels = { service_repository: 'https://github.com/acme/shop', service_root_path: '/build/src' }
  t.equal(link('/build/src/cart/a b.js', labels), 'https://github.com/acme/shop/blob/HEAD/cart/a%20b.js#L7')
  const sub = { service_repository: 'https://github.com/acme/shop', service_root_path: 'services/cart' }
  t.equal(link('main.go', sub), 'https://github.com/acme/shop/blob/HEAD/services/cart/main.go#L7')
  t.end()
})

t.test('sourceLink() promises nothing that is not there', (t) => {
  const labels = { service_repository: 'https://github.com/acme/shop' }
  t.equal(link('/usr/lib/go/src/runtime/proc.go', labels), undefined)
  t.equal(link('/app/node_modules/koa/index.js', labels), undefined)
  t.equal(link('node:net', labels), undefined)
  t.equal(link('', labels), undefined)
  t.equal(link('main.go'), undefined)
  t.equal(link('main.go', { service_repository: 'git@github.com:acme/shop' }), undefined)
  t.end()
})

t.test('sourceLink() follows a template first', (t) => {
  t.equal(link('/src/a b.go', {}, 'vscode://file{file}:{line}'), 'vscode://file/src/a%20b.go:7')
  t.equal(
    link('/src/main.go', { service_git_ref: 'x/y' }, 'https://code.example/{ref}/{path}?l={line}'),
    'https://code.example/x%2Fy/src/main.go?l=7',
  )
  t.end()
})
