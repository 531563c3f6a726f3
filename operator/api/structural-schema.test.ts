import t from 'tap'
import { z } from 'zod'
import { celText, withRules } from './cel-rule.ts'
import { toStructuralSchema } from './structural-schema.ts'
import { mapOf, setOf, text } from './text-schema.ts'

t.test('toStructuralSchema() says what a CRD can say', async (t) => {
  const schema = z.strictObject({
    count: z.int().min(0).default(3).describe('How many.'),
    names: setOf(text(5), 2).optional(),
    sizes: z.array(z.enum(['s', 'l'])).max(4),
    notes: mapOf(text(9), 7).optional(),
    level: withRules(z.int(), [
      { cel: 'self != 4', holds: (self) => self !== 4, message: 'not four', fieldPath: '.level' },
    ]),
  })
  t.strictSame(toStructuralSchema(schema), {
    type: 'object',
    required: ['sizes', 'level'],
    properties: {
      count: { description: 'How many.', type: 'integer', format: 'int64', default: 3, minimum: 0 },
      names: {
        type: 'array',
        maxItems: 2,
        'x-kubernetes-list-type': 'set',
        items: { type: 'string', maxLength: 5 },
      },
      sizes: {
        type: 'array',
        maxItems: 4,
        'x-kubernetes-list-type': 'atomic',
        items: { type: 'string', enum: ['s', 'l'] },
      },
      notes: { type: 'object', maxProperties: 7, additionalProperties: { type: 'string', maxLength: 9 } },
      level: {
        type: 'integer',
        format: 'int64',
        'x-kubernetes-validations': [{ rule: 'self != 4', message: 'not four', fieldPath: '.level' }],
      },
    },
  })
})

t.test('toStructuralSchema() refuses what a CRD cannot say', async (t) => {
  const either = z.strictObject({ a: z.strictObject({ b: z.union([z.string(), z.boolean()]) }) })
  t.throws(() => toStructuralSchema(either), new TypeError('a.b: a CRD has one type for each field'))
  t.throws(() => toStructuralSchema(z.strictObject({ a: z.unknown() })), TypeError)
})

t.test('withRules() keeps descriptions and earlier rules, and checks them all', async (t) => {
  const even = { cel: 'self % 2 == 0', holds: (self: number) => self % 2 === 0, message: 'want it even' }
  const small = {
    cel: 'self < 5',
    holds: (self: number) => self < 5,
    message: { cel: "'want less than 5'", text: (self: number) => `want less than 5, not ${self}` },
  }
  const schema = withRules(withRules(z.int(), [even]).describe('A number.'), [small])
  t.match(toStructuralSchema(schema), {
    description: 'A number.',
    'x-kubernetes-validations': [{ message: 'want it even' }, { messageExpression: "'want less than 5'" }],
  })
  t.same(
    schema.safeParse(7).error?.issues.map(({ message }) => message),
    ['want it even', 'want less than 5, not 7'],
  )
})

t.test('text() counts characters as the API server does', async (t) => {
  t.ok(text(3).safeParse('😀😀😀').success)
  t.notOk(text(3).safeParse('😀😀😀😀').success)
})

t.test('celText() takes no text that would have to be escaped', async (t) => {
  t.equal(celText('^\\w+$'), "r'^\\w+$'")
  t.equal(celText("it's"), 'r"it\'s"')
  t.throws(() => celText(`'"`), RangeError)
  t.throws(() => celText('a\nb'), RangeError)
})
