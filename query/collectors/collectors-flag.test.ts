import t from 'tap'
import { parseCollectorsFlag } from './collectors-flag.ts'

t.test('parseCollectorsFlag()', async (t) => {
  const cases: [string, object][] = [
    [
      'dnssrv+_http._tcp.conprof-collector',
      { kind: 'srv', name: '_http._tcp.conprof-collector', scheme: 'http' },
    ],
    ['dnssrv+_https._tcp.a.shop.svc.', { kind: 'srv', name: '_https._tcp.a.shop.svc.', scheme: 'https' }],
    ['dns+collectors.example:8080', { kind: 'address', host: 'collectors.example', port: 8080 }],
    ['http://127.0.0.1:8080', { kind: 'url', url: 'http://127.0.0.1:8080' }],
    ['https://[::1]:8080/conprof/', { kind: 'url', url: 'https://[::1]:8080/conprof' }],
  ]
  for (const [text, want] of cases) t.match(parseCollectorsFlag(text), { text, ...want }, text)
  const wrong = [
    '',
    'collector:8080',
    'dnssrv+collector',
    'dnssrv+_http._udp.collector',
    'dns+collector',
    'dns+collector:0',
    'dns+collector:65536',
    'ftp://collector',
    'http://user:secret@collector',
    'http://collector?x=1',
    'http://',
  ]
  for (const text of wrong) {
    t.throws(() => parseCollectorsFlag(text), {
      name: 'SyntaxError',
      message: `collectors ${JSON.stringify(text)}: want dnssrv+_http._tcp.<service>, dns+<host>:<port> or http://<host>:<port>`,
    })
  }
})
