import t from 'tap'
import { createSavedViews, exportViews, type KeyValueStore, parseViews } from './saved-views.ts'

function memory(text = ''): KeyValueStore & { text: string } {
  return {
    text,
    getItem() {
      return this.text === '' ? null : this.text
    },
    setItem(_key, value) {
      this.text = value
    },
  }
}

t.test('views are kept, replaced by name, and removed', (t) => {
  const storage = memory()
  const saved = createSavedViews(storage)
  t.equal(saved.save({ name: 'b', path: 'explore?q=1' }), true)
  saved.save({ name: 'a', path: '' })
  saved.save({ name: 'b', path: 'explore?q=2' })
  const again = createSavedViews(memory(storage.text))
  t.same(again.views.value, [
    { name: 'a', path: '' },
    { name: 'b', path: 'explore?q=2' },
  ])
  again.remove('a')
  t.same(
    again.views.value.map(({ name }) => name),
    ['b'],
  )
  t.equal(
    again.load(
      exportViews([
        { name: 'c', path: 'targets' },
        { name: 'b', path: 'status' },
      ]),
    ),
    2,
  )
  t.same(again.views.value, [
    { name: 'b', path: 'status' },
    { name: 'c', path: 'targets' },
  ])
  t.end()
})

t.test('a browser that keeps nothing, or nonsense, is no obstacle', (t) => {
  t.same(createSavedViews(memory('{"views": 5}')).views.value, [])
  t.same(createSavedViews(memory('nonsense')).views.value, [])
  const none = createSavedViews(undefined)
  t.equal(none.save({ name: 'a', path: '' }), false)
  t.equal(none.views.value.length, 1)
  t.end()
})

t.test('parseViews() takes no addresses of other places', (t) => {
  for (const path of ['https://example.org/', '//example.org', 'javascript:alert(1)', '../x', '/x'])
    t.throws(() => parseViews(JSON.stringify({ views: [{ name: 'a', path }] })), SyntaxError, path)
  t.throws(() => parseViews('[]'), SyntaxError)
  t.throws(() => parseViews('null'), SyntaxError)
  t.throws(() => parseViews('{"views":[{"name":"","path":""}]}'), SyntaxError)
  t.end()
})
