import fc from 'fast-check'
import t from 'tap'
import { checkInput, type InputField, type InputSchema } from '../../src/catalog/index.ts'
import { patternProblem } from '../../src/catalog/input-pattern.ts'
import { checkInputSchema } from '../../src/catalog/input-schema.ts'
import { DomainError } from '../../src/kit/errors.ts'

const schemaOf = (field: Partial<InputField>, required: string[] = []): InputSchema => ({
  type: 'object',
  properties: { account: { type: 'string', ...field } },
  required
})

function pointerOf(schema: InputSchema): string | undefined {
  try {
    checkInputSchema(schema, '/inputSchema')
  } catch (error) {
    return error instanceof DomainError ? error.errors?.[0]?.pointer : 'not a DomainError'
  }
  return undefined
}

t.test('patterns that shops use are let in', async t => {
  for (const pattern of [
    '^[1-9][0-9]{4,11}$',
    '^1[3-9]\\d{9}$',
    '^[^@\\s]+@[^@\\s]+\\.[a-z]+$',
    '^(\\+86)?1\\d{10}$',
    '^(wx|qq)_\\w+$',
    '^[\\]\\[(){}*+]*$',
    '^\\p{Script=Han}{2,20}$',
    '^\\(\\d{3}\\)$',
    '^(?:a|b)c$'
  ]) {
    t.equal(patternProblem(pattern, 200), null, pattern)
  }
})

t.test('patterns that could take for ever, or that cannot be read, are refused', async t => {
  const bad = [
    '(a+)+$',
    '^(a|aa)+$',
    '^(a?){30}$',
    '^(\\w+\\s?)*$',
    '(a)\\1',
    '(?=a)',
    '(?<!a)b',
    '(?<name>a)',
    '[',
    'a{2,1}',
    '^.*.*.*.*.*x$',
    '.*.*.*',
    `^${'a?'.repeat(40)}$`,
    `^${'(a|a)'.repeat(30)}$`,
    'a{5000}',
    'x'.repeat(201)
  ]
  for (const pattern of bad) t.type(patternProblem(pattern, 200), 'string', pattern)
})

t.test('a pattern that is let in answers in time, also on a text made to be slow', async t => {
  const piece = fc.constantFrom('a', '[ab]', '.', '\\w', 'a?', 'a*', '.+', 'a{1,9}', '(a|b)', '(?:ab)?', '[^b]*', 'b')
  const pattern = fc
    .tuple(fc.constantFrom('^', ''), fc.array(piece, { minLength: 1, maxLength: 12 }))
    .map(([anchor, pieces]) => `${anchor}${pieces.join('')}x$`)
    .filter(text => patternProblem(text, 200) === null)
  let slowest = 0
  fc.assert(
    fc.property(pattern, text => {
      const begun = process.cpuUsage()
      new RegExp(text, 'u').test('a'.repeat(200))
      slowest = Math.max(slowest, process.cpuUsage(begun).user / 1000)
    }),
    { numRuns: 300 }
  )
  t.ok(slowest < 1_000, `the slowest took ${slowest} ms`)
})

t.test('a schema is refused at the field that is wrong', async t => {
  t.equal(pointerOf(schemaOf({ maxLength: 11, pattern: '^\\d+$' }, ['account'])), undefined)
  t.equal(pointerOf(schemaOf({}, ['password'])), '/inputSchema/required/0')
  t.equal(pointerOf(schemaOf({}, ['constructor'])), '/inputSchema/required/0')
  t.equal(pointerOf(schemaOf({ minLength: 5, maxLength: 4 })), '/inputSchema/properties/account/minLength')
  t.equal(pointerOf(schemaOf({ pattern: '(' })), '/inputSchema/properties/account/pattern')
  t.equal(pointerOf(schemaOf({ enum: Array.from({ length: 100 }, () => 'x'.repeat(200)) })), '/inputSchema')
})

t.test('input is told what is missing, unknown or wrong', async t => {
  const schema: InputSchema = {
    type: 'object',
    properties: {
      account: { type: 'string', minLength: 3, maxLength: 5, pattern: '^[a-z]+$' },
      server: { type: 'string', enum: ['eu', 'cn'] }
    },
    required: ['account']
  }
  const wrong = (input: Record<string, unknown>) => checkInput(schema, input).map(({ pointer }) => pointer)
  t.same(wrong({ account: 'abcd', server: 'cn' }), [])
  t.same(wrong({}), ['/input/account'])
  t.same(wrong({ account: 'ab' }), ['/input/account'])
  t.same(wrong({ account: 'abcdef' }), ['/input/account'])
  t.same(wrong({ account: 'ABC' }), ['/input/account'])
  t.same(wrong({ account: 12345 }), ['/input/account'])
  t.same(wrong({ account: 'abc', server: 'us' }), ['/input/server'])
  t.same(wrong({ account: 'abc', toString: 'x' }), ['/input/toString'])
  t.same(checkInput(null, {}), [])
  t.same(
    checkInput(null, { account: 'abc' }).map(({ pointer }) => pointer),
    ['/input/account']
  )
  t.same(checkInput(schemaOf({ maxLength: 2 }), { account: '😀😀' }), [], 'length is counted in characters')
})
