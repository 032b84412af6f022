/** What does not parse, in the words of a kube-apiserver 1.36.3. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { shownComplaints } from '../complaints.ts'
import { parse } from './parse.ts'

const problemOf = (text: string) => shownComplaints(text, parse(text).complaints)

const BEGINNING =
  "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}"
const NAMES = '{IDENTIFIER, ESC_IDENTIFIER}'
const RESERVED = (word: string) => `reserved identifier: ${word}`
type Problem = readonly [column: number, what: string]

const syntax: readonly (readonly [text: string, ...problems: Problem[]])[] = [
  ['self.a ==', [10, `mismatched input '<EOF>' expecting ${BEGINNING}`]],
  ['self.', [6, "no viable alternative at input '.'"]],
  ['(self.a', [8, "missing ')' at '<EOF>'"]],
  ['self.a === "a"', [10, "token recognition error at: '= '"]],
  [
    'self = 42',
    [6, "token recognition error at: '= '"],
    [8, "extraneous input '42' expecting <EOF>"],
  ],
  [') == 1', [1, `mismatched input ')' expecting ${BEGINNING}`]],
  ['1 == ) 2', [6, `extraneous input ')' expecting ${BEGINNING}`]],
  ['@a == 1', [1, "token recognition error at: '@'"]],
  ['Not_Valid!', [10, "extraneous input '!' expecting <EOF>"]],
  ['.', [2, "no viable alternative at input '.'"]],
  ['self.a and true', [8, "mismatched input 'and' expecting <EOF>"]],
  ['self.a == 1)', [12, "extraneous input ')' expecting <EOF>"]],
  ['== 1', [1, `extraneous input '==' expecting ${BEGINNING}`]],
  ['[1, 2', [6, "mismatched input '<EOF>' expecting {']', ','}"]],
  ['self["a"', [9, "missing ']' at '<EOF>'"]],
  ['{"a": 1', [8, "mismatched input '<EOF>' expecting {'}', ','}"]],
  ['{"a" 1}', [6, "missing ':' at '1'"]],
  ['self.a ? 1', [11, "mismatched input '<EOF>' expecting ':'"]],
  ['self..a', [6, "no viable alternative at input '..'"]],
  ['a(', [3, `mismatched input '<EOF>' expecting ${BEGINNING.replace("'('", "'(', ')'")}`]],
  ['self[', [6, `mismatched input '<EOF>' expecting ${BEGINNING.replace("'!'", "'!', '?'")}`]],
  ['self.true', [6, "mismatched input 'true' expecting IDENTIFIER"]],
  ['f(1,)', [5, `mismatched input ')' expecting ${BEGINNING}`]],
  ['f(1 2)', [5, "extraneous input '2' expecting ')'"]],
  ['a{??b: 1}', [4, `extraneous input '?' expecting ${NAMES}`]],
  ['a . b .', [8, "no viable alternative at input '.'"]],
  ['.a.(b)', [4, "no viable alternative at input '.('"]],
  ['-1.', [4, "no viable alternative at input '.'"]],
  [
    '"abc',
    [1, `token recognition error at: '"abc'`],
    [5, `mismatched input '<EOF>' expecting ${BEGINNING}`],
  ],
  [
    String.raw`"a\qb"`,
    [1, String.raw`token recognition error at: '"a\q'`],
    [6, `token recognition error at: '"'`],
  ],
  ['b"a', [2, `token recognition error at: '"a'`]],
  ['!', [2, `extraneous input '<EOF>' expecting ${BEGINNING}`]],
  [
    '1--',
    [4, "no viable alternative at input '-'"],
    [4, `mismatched input '<EOF>' expecting ${BEGINNING}`],
  ],
]

/** What can be read, and says what there is not. */
const others: readonly (readonly [text: string, ...problems: Problem[]])[] = [
  ['if', [1, RESERVED('if')]],
  ['true && while', [9, RESERVED('while')]],
  ['package.x == const()', [1, RESERVED('package')], [14, RESERVED('const')]],
  ['9223372036854775808 == 1', [1, 'invalid int literal']],
  ['-9223372036854775809 == 1', [1, 'invalid int literal']],
  ['1 == -0x8000000000000001', [6, 'invalid int literal']],
  ['18446744073709551616u == 1u', [1, 'invalid uint literal']],
  ['1.0 == 1e400', [8, 'invalid double literal']],
  [String.raw`'\ud800' == ''`, [1, 'invalid unicode code point']],
  [String.raw`b'\u0041' == b''`, [1, 'unable to unescape string']],
  ['has(a)', [5, 'invalid argument to has() macro']],
  ['has(a && b)', [7, 'invalid argument to has() macro']],
  ['a.all(x.y, true)', [8, 'argument must be a simple name']],
  ['a.all(__result__, true)', [7, 'iteration variable overwrites accumulator variable']],
  ['a.map(1, true)', [7, 'argument is not an identifier']],
  ['a.all(x, x, true)', [10, 'duplicate variable name: x']],
  ['a.optMap(1, 2)', [10, 'optMap() variable name must be a simple identifier']],
  [
    '1.sortBy(x, x)',
    [
      1,
      'sortBy can only be applied to a list, identifier, comprehension, call or select expression',
    ],
  ],
  ['a.`b` == 1', [3, "unsupported syntax: '`'"]],
]

const told = (text: string, problems: readonly Problem[], kind: string) =>
  problems
    .map(
      ([column, what]) =>
        `ERROR: <input>:1:${column}: ${kind}${what}\n | ${text}\n | ${'.'.repeat(column - 1)}^`,
    )
    .join('\n')

for (const [text, ...problems] of syntax)
  test(text, () => assert.equal(problemOf(text), told(text, problems, 'Syntax error: ')))

for (const [text, ...problems] of others)
  test(text, () => assert.equal(problemOf(text), told(text, problems, '')))

const fine: readonly string[] = [
  '[1, 2,]',
  '[,]',
  '{"a": 1,}',
  '{,}',
  'Message{a: 1,}',
  'Message{,}',
  '.a.b{?c: d}',
  '[?a, b]',
  '- -1',
  '-9223372036854775808',
  '0xffffffffffffffffu',
  '.5e-3',
  String.raw`'''\x41\101\U0001F600'''`,
  String.raw`bR"\q"`,
  '""""""',
  'a // b',
  'a.if.in_',
  'self.b \f\r\n == \t true',
]
for (const text of fine) test(`fine: ${text}`, () => assert.equal(problemOf(text), ''))

test('the place is told in its line, with room for wide letters and without tabs', () => {
  assert.match(problemOf('true &&\n  (true'), /^ERROR: <input>:2:8: .*\n \| {3}\(true\n/)
  assert.match(problemOf('"é" + @'), /:1:7: .*\n \| "é" \+ @\n \| \.．\.\.\.\.\^\n/)
  assert.match(problemOf('é'), /'é'\n \| é\n \| ＾/)
  assert.match(problemOf('a\t@'), /\n \| a @\n/)
  assert.match(problemOf(''), /^ERROR: <input>:1:0: Syntax error: mismatched input '<EOF>' .*}$/)
})

const nested = (count: number) => `${'('.repeat(count)}1${')'.repeat(count)}`

test('everything has a limit', () => {
  const whole = (message: string) => `ERROR: <input>:-1:0: ${message}`
  assert.equal(problemOf(nested(249)), '')
  assert.equal(problemOf(nested(250)), whole('expression recursion limit exceeded: 250'))
  assert.equal(problemOf(`a${'.b'.repeat(250)}`), '')
  assert.equal(problemOf(`a${'.b'.repeat(251)}`), whole('max recursion depth exceeded'))
  assert.equal(problemOf(`1${' + 1'.repeat(251)}`), whole('max recursion depth exceeded'))
  assert.equal(problemOf(`a${' && a'.repeat(5_000)}`), '')
  const size = 'expression code point size exceeds limit: size: 100001, limit 100000'
  assert.equal(problemOf(' '.repeat(100_001)), whole(size))
  const errors = problemOf('@'.repeat(1_000)).split('\n')
  assert.equal(errors.at(-1), '1 more errors were truncated')
  assert.match(problemOf('f(1 2) + '.repeat(40)), /error recovery attempt limit exceeded: 30/)
  const lookahead = whole('error recovery token lookahead limit exceeded: 256')
  assert.equal(problemOf('a '.repeat(300)).split('\n')[0], lookahead)
})
