import t from 'tap'
import { packageName } from './package-name.ts'

t.test('packageName() reads the names of several languages', async (t) => {
  const cases: readonly (readonly [name: string, want: string])[] = [
    ['net/http.(*conn).serve', 'net/http'],
    ['runtime.mallocgc', 'runtime'],
    ['main.main.func1', 'main'],
    ['github.com/prometheus/prometheus/tsdb.(*Head).Init', 'github.com/prometheus/prometheus/tsdb'],
    ['gopkg.in/alecthomas/kingpin%2ev2.(*Application).init', 'gopkg.in/alecthomas/kingpin.v2'],
    ['internal/sync.(*HashTrieMap[go.shape.interface {},go.shape.interface {}]).iter', 'internal/sync'],
    ['slices.SortFunc[go.shape.[]github.com/a/b.T]', 'slices'],
    ['com.shop.cart.Cart.add', 'com.shop.cart'],
    ['std::vector<int>::push_back', 'std'],
    ['rocksdb::DBImpl::Get(rocksdb::Slice const&)', 'rocksdb::DBImpl'],
    ['memmove', ''],
    ['', ''],
  ]
  for (const [name, want] of cases) t.equal(packageName(name), want, name)
})
