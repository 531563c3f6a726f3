import t from 'tap'
import {
  forbidden,
  isSameAnswer,
  maxValueBytes,
  notFound,
  problemOfKey,
  readSecret,
} from './secret-answer.ts'

const secret = { namespace: 'shop', name: 'pg' }
const base64 = (text: string) => Buffer.from(text).toString('base64')
const object = (data: Record<string, string> | undefined, annotations?: Record<string, string>) => ({
  metadata: { annotations },
  data,
})
const allowed = { 'conprof.io/allow': 'true' }

t.test('what keeps a key from being used, as people read it', async (t) => {
  const keys = new Set(['password', 'cert'])
  const read = (data: Record<string, string> | undefined, annotations?: Record<string, string>) =>
    readSecret(object(data, annotations), secret, keys)
  const cases = [
    ['nothing', read({ password: base64('x') }, allowed), undefined],
    [
      'unread',
      undefined,
      'SecretUnread: Secret "pg" in namespace "shop" has not been read yet: the API server did not answer',
    ],
    [
      'no annotation',
      read({ password: base64('x') }),
      'SecretNotAllowed: Secret "pg" in namespace "shop" lacks the annotation conprof.io/allow: "true"; its owner allows conprof to use it with: kubectl annotate secret pg conprof.io/allow=true -n shop',
    ],
    [
      'another value of it',
      read({ password: base64('x') }, { 'conprof.io/allow': 'yes' }),
      /^SecretNotAllowed: /,
    ],
    [
      'another key',
      read({ user: base64('x'), pass: base64('y') }, allowed),
      'SecretNotFound: Secret "pg" in namespace "shop" has no key "password"; it has: pass, user',
    ],
    [
      'no keys',
      read(undefined, allowed),
      'SecretNotFound: Secret "pg" in namespace "shop" has no key "password"; it has: no keys',
    ],
    [
      'many keys',
      read(Object.fromEntries(Array.from({ length: 25 }, (_, at) => [`k${at}`, ''])), allowed),
      /it has: k0, .* and 5 more$/,
    ],
    [
      'too large',
      read({ password: Buffer.alloc(maxValueBytes + 1).toString('base64') }, allowed),
      'SecretTooLarge: Secret "pg" in namespace "shop": key "password" has 65537 bytes, want at most 65536',
    ],
    [
      'a key that was not asked for then',
      readSecret(object({ password: base64('x') }, allowed), secret, new Set(['cert'])),
      'SecretUnread: Secret "pg" in namespace "shop" is being read again',
    ],
    [
      'no right',
      forbidden(secret, { namespace: 'conprof', name: 'prof-operator' }),
      'SecretForbidden: Secret "pg" in namespace "shop" may not be read by conprof; an administrator allows it with: kubectl create rolebinding conprof-target-secrets --clusterrole=conprof-target-secrets --serviceaccount=conprof:prof-operator -n shop',
    ],
    [
      'no right, as another account than configured',
      forbidden(
        secret,
        { namespace: 'conprof', name: 'prof-operator' },
        'secrets "pg" is forbidden: User "system:serviceaccount:ops:own" cannot get resource "secrets"',
      ),
      /--serviceaccount=ops:own -n shop$/,
    ],
    [
      'no right, as a person',
      forbidden(
        secret,
        { namespace: 'conprof', name: 'prof-operator' },
        'User "jane@example.com" cannot get',
      ),
      /--clusterrole=conprof-target-secrets --user=jane@example.com -n shop$/,
    ],
    [
      'not there',
      notFound(secret),
      /^SecretNotFound: Secret "pg" in namespace "shop" is not there; create it/,
    ],
  ] as const
  for (const [name, answer, want] of cases) {
    const found = problemOfKey(answer, secret, 'password')
    const text = found === undefined ? undefined : `${found.code}: ${found.message}`
    if (want instanceof RegExp) t.match(text, want, name)
    else t.equal(text, want, name)
  }
})

t.test('only what was asked for is kept', async (t) => {
  const answer = readSecret(object({ a: base64('1'), b: base64('2') }, allowed), secret, new Set(['a']))
  t.same(answer, {
    kind: 'readable',
    keys: ['a', 'b'],
    values: new Map([['a', base64('1')]]),
    tooLarge: new Map(),
  })
})

t.test('the same answer is no change, another value is one', async (t) => {
  const read = (value: string) => readSecret(object({ a: base64(value) }, allowed), secret, new Set(['a']))
  t.equal(isSameAnswer(read('1'), read('1')), true)
  t.equal(isSameAnswer(read('1'), read('2')), false)
  t.equal(isSameAnswer(read('1'), notFound(secret)), false)
  t.equal(isSameAnswer(notFound(secret), notFound(secret)), true)
  t.equal(isSameAnswer(undefined, notFound(secret)), false)
})
