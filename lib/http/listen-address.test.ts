import t from 'tap'
import { localUrl, parseListenAddress } from './listen-address.ts'

t.test('parseListenAddress() reads what Prometheus reads', async (t) => {
  t.strictSame(parseListenAddress('127.0.0.1:8080'), { host: '127.0.0.1', port: 8080 })
  t.strictSame(parseListenAddress(':8080'), { port: 8080 })
  t.strictSame(parseListenAddress('[::1]:9'), { host: '::1', port: 9 })
  t.strictSame(parseListenAddress('example.org:0'), { host: 'example.org', port: 0 })
  for (const text of ['', '8080', '127.0.0.1', '::1:80', 'a:70000', 'http://a:80', 'a:b']) {
    t.throws(() => parseListenAddress(text), SyntaxError, text)
  }
})

t.test('localUrl() is what a browser on this machine opens', async (t) => {
  t.equal(localUrl({ port: 80 }, { scheme: 'http' }), 'http://localhost:80')
  t.equal(localUrl({ host: '127.0.0.1', port: 8080 }, { scheme: 'http' }), 'http://localhost:8080')
  t.equal(localUrl({ host: 'fe80::2', port: 1 }, { scheme: 'https' }), 'https://[fe80::2]:1')
})
