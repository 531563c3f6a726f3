import fc from 'fast-check'
import t from 'tap'
import { knownTypes } from '../collector/config/profile-types.ts'
import {
  type AskedFor,
  createRequestRules,
  maxSeconds,
  parseAllowPath,
  parsePathPrefix,
  pprofNames,
  type Ruling,
  ruleOn,
} from './request-rules.ts'

const rules = createRequestRules({ pathPrefix: '', allowPaths: ['/debug/fgprof'] })
const prefixed = createRequestRules({ pathPrefix: '/app', allowPaths: [] })

function rule(url: string, given: Partial<AskedFor> & { readonly by?: typeof rules } = {}): Ruling {
  const [path = '', query = ''] = url.split(/\?(.*)/s)
  const { by = rules, ...asked } = given
  return ruleOn(by, { method: 'GET', path, query, hasBody: false, ...asked })
}

t.test('what a collector asks for is let through', async (t) => {
  t.same(
    pprofNames.map((name) => `/debug/pprof/${name}`),
    Object.values(knownTypes)
      .map(({ path }) => path)
      .sort(),
  )
  for (const { path } of Object.values(knownTypes)) {
    t.same(rule(path), { target: path, seconds: 30 })
    t.same(rule(path, { method: 'HEAD' }), { target: path, seconds: 30 })
    t.same(rule(`/app${path}`, { by: prefixed }), { target: `/app${path}`, seconds: 30 })
  }
  t.same(rule('/debug/fgprof?seconds=5'), { target: '/debug/fgprof?seconds=5', seconds: 5 })
})

t.test('parameters are those of pprof, and written anew', async (t) => {
  const cases: readonly (readonly [string, string, number])[] = [
    ['/debug/pprof/profile?seconds=10', '/debug/pprof/profile?seconds=10', 10],
    ['/debug/pprof/profile?seconds=3600', '/debug/pprof/profile?seconds=3600', 3600],
    ['/debug/pprof/trace?seconds=0.5', '/debug/pprof/trace?seconds=0.5', 0.5],
    ['/debug/pprof/heap?gc=1&debug=0', '/debug/pprof/heap?gc=1&debug=0', 30],
    ['/debug/pprof/heap?%67c=%31', '/debug/pprof/heap?gc=1', 30],
    ['/debug/pprof/goroutine?debug=2&', '/debug/pprof/goroutine?debug=2', 30],
    ['/debug/pprof/heap?', '/debug/pprof/heap', 30],
    ['/debug/fgprof?format=pprof', '/debug/fgprof?format=pprof', 30],
  ]
  for (const [url, target, seconds] of cases) t.same(rule(url), { target, seconds }, url)

  const bad: readonly (readonly [string, string])[] = [
    [
      '/debug/pprof/profile?seconds=3601',
      `parameter seconds="3601": want more than 0, at most ${maxSeconds}`,
    ],
    ['/debug/pprof/profile?seconds=0', `parameter seconds="0": want more than 0, at most ${maxSeconds}`],
    ['/debug/pprof/profile?seconds=', `parameter seconds="": want more than 0, at most ${maxSeconds}`],
    ['/debug/pprof/profile?seconds=-1', `parameter seconds="-1": want more than 0, at most ${maxSeconds}`],
    ['/debug/pprof/profile?seconds=1e3', `parameter seconds="1e3": want more than 0, at most ${maxSeconds}`],
    [
      '/debug/pprof/profile?seconds=1;debug=1',
      `parameter seconds="1;debug=1": want more than 0, at most ${maxSeconds}`,
    ],
    ['/debug/pprof/goroutine?debug=3', 'parameter debug="3": want 0, 1 or 2'],
    ['/debug/pprof/heap?gc=yes', 'parameter gc="yes": want 0 or 1'],
    ['/debug/fgprof?format=%0d%0a', 'parameter format="\\r\\n": want a word such as pprof'],
    [
      '/debug/pprof/heap?format=pprof',
      'parameter "format" is not let through: want debug, gc, seconds, each once',
    ],
    ['/debug/pprof/heap?name=x', 'parameter "name" is not let through: want debug, gc, seconds, each once'],
    [
      '/debug/pprof/heap?debug=1&debug=2',
      'parameter "debug" is there more than once: want debug, gc, seconds, each once',
    ],
    [
      `/debug/pprof/heap?${'x'.repeat(500)}`,
      `parameter "${'x'.repeat(40)}" is not let through: want debug, gc, seconds, each once`,
    ],
  ]
  for (const [url, problem] of bad) t.same(rule(url), { status: 400, problem }, url)
  t.same(rule('/debug/pprof/heap', { hasBody: true }), {
    status: 400,
    problem: 'a request with a body is not let through',
  })
})

t.test('everything else is refused, and told what is not', async (t) => {
  const problem =
    'let through are only GET and HEAD of /debug/pprof/{allocs,block,goroutine,heap,mutex,profile,threadcreate,trace}'
  const others = [
    '/',
    '/debug/pprof',
    '/debug/pprof/',
    '/debug/pprof/cmdline',
    '/debug/pprof/symbol',
    '/debug/pprof/heap/',
    '/debug/pprof//heap',
    '/debug/pprof/HEAP',
    '/debug/pprof/%68eap',
    '/debug/pprof/heap/../cmdline',
    '/debug/pprof/heap%3f',
    '/app/debug/pprof/heap',
    '/debug/fgprof/x',
    '/admin',
    '*',
    '',
  ]
  for (const path of others) {
    t.same(rule(path), { status: 403, problem: `${problem} and /debug/fgprof` }, path)
  }
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'CONNECT', 'get'])
    t.match(rule('/debug/pprof/heap', { method }), { status: 403 }, method)
  t.same(rule('/debug/pprof/heap', { by: prefixed }), {
    status: 403,
    problem: `${problem.replace('/debug', '/app/debug')}; --allow-path lets more through`,
  })
})

t.test('whatever is asked for, only a known path with known parameters comes out', async () => {
  const known = fc.constantFrom('/debug/pprof/heap', '/debug/pprof/profile', '/debug/fgprof')
  const word = fc.oneof(fc.string(), fc.constantFrom('seconds', 'debug', 'gc', 'format', '1', '10', 'a'))
  const query = fc
    .array(fc.tuple(word, fc.constantFrom('=', '', '%3d', ';'), word))
    .map((pairs) => pairs.map((pair) => pair.join('')).join('&'))
  fc.assert(
    fc.property(fc.oneof(known, fc.string()), query, (path, query) => {
      const ruling = ruleOn(rules, { method: 'GET', path, query, hasBody: false })
      if ('problem' in ruling) return !/[\r\n]/.test(ruling.problem)
      return (
        /^\/debug\/(?:pprof\/(?:heap|profile)|fgprof)(?:\?(?:&?(?:seconds|debug|gc|format)=[a-z0-9.]+)+)?$/.test(
          ruling.target,
        ) &&
        ruling.seconds > 0 &&
        ruling.seconds <= maxSeconds
      )
    }),
  )
})

t.test('parsePathPrefix() and parseAllowPath() refuse what would never match', async (t) => {
  for (const [text, want] of [
    ['', ''],
    ['/', ''],
    ['/app', '/app'],
    ['/app/', '/app'],
  ] as const)
    t.equal(parsePathPrefix(text), want, text)
  t.throws(() => parsePathPrefix('/app/debug/pprof/'), {
    message: 'path prefix "/app/debug/pprof/": want what goes before /debug/pprof: /app',
  })
  t.throws(() => parsePathPrefix('/debug/pprof'), {
    message: /want what goes before \/debug\/pprof: nothing$/,
  })
  t.throws(() => parsePathPrefix('app'), { message: /^path prefix "app": want a path that begins with \// })
  t.equal(parseAllowPath('/debug/fgprof'), '/debug/fgprof')
  for (const text of ['', '/', 'debug', '/a?b', '/a#b', '/a b', '/ä', `/${'a'.repeat(600)}`])
    t.throws(
      () => parseAllowPath(text),
      { message: /^allow path ".*": want a path that begins with \// },
      text,
    )
  t.throws(() => parseAllowPath('/debug/*'), { message: /there are no patterns; want each path by itself/ })
})
