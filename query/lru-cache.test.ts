import t from 'tap'
import { LruCache } from './lru-cache.ts'

t.test('LruCache drops what was asked for longest ago', async (t) => {
  const cache = new LruCache<string>(10)
  cache.set('a', 'A', 4)
  cache.set('b', 'B', 4)
  t.equal(cache.get('a'), 'A')
  cache.set('c', 'C', 4)
  t.equal(cache.get('b'), undefined)
  t.equal(cache.get('a'), 'A')
  t.equal(cache.cost, 8)
  cache.set('a', 'A2', 6)
  t.equal(cache.cost, 10)
  cache.set('huge', 'H', 11)
  t.equal(cache.get('huge'), undefined)
  t.equal(cache.size, 2)
})
