import t from 'tap'
import { isOwnAddress, parseProgramAddress } from './program-address.ts'

t.test('parseProgramAddress() takes loopback alone', async (t) => {
  const cases: readonly (readonly [string, string])[] = [
    ['127.0.0.1:6060', '127.0.0.1:6060'],
    ['127.1.2.3:1', '127.1.2.3:1'],
    ['localhost:6060', 'localhost:6060'],
    [':6060', 'localhost:6060'],
    ['[::1]:6060', '[::1]:6060'],
  ]
  for (const [text, want] of cases) t.equal(parseProgramAddress(text).text, want, text)
  t.equal(parseProgramAddress('[::1]:6060').host, '::1')

  const others = [
    '10.0.0.9:6060',
    '0.0.0.0:6060',
    '[::]:6060',
    '[::ffff:10.0.0.9]:6060',
    '127.example.com:80',
  ]
  for (const text of [
    ...others,
    '127.0.0.1.example.com:80',
    '127.1:80',
    '169.254.169.254:80',
    'localhost.:80',
  ])
    t.throws(
      () => parseProgramAddress(text),
      { message: /^target ".*": not of loopback; want 127\.0\.0\.1/ },
      text,
    )
  for (const text of ['', '6060', 'localhost', ':0', 'http://localhost:6060', '/run/pprof.sock', ':70000'])
    t.throws(
      () => parseProgramAddress(text),
      { message: /^target ".*": want host:port where the program/ },
      text,
    )
})

t.test('isOwnAddress() sees who would ask itself', async (t) => {
  const program = parseProgramAddress('127.0.0.1:6060')
  for (const host of [undefined, '0.0.0.0', '::', '127.0.0.1', 'localhost', '::1'])
    t.ok(isOwnAddress(program, { port: 6060, ...(host !== undefined && { host }) }), String(host))
  t.notOk(isOwnAddress(program, { port: 6061 }))
  t.notOk(isOwnAddress(program, { host: '10.0.0.9', port: 6060 }), 'the same port of the pod’s own address')
})
