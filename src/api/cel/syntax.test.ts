/** What does not parse, in the words of a kube-apiserver 1.36.3. */
import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { compileExpression, loadCelEngine } from './engine.ts'
import { syntaxProblem } from './syntax.ts'

before(loadCelEngine)

function problemOf(text: string): string | undefined {
  try {
    compileExpression(text)
    return undefined
  } catch (thrown) {
    return syntaxProblem(text, thrown)
  }
}

const BEGINNING =
  "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}"
const cases: readonly (readonly [text: string, ...problems: [column: number, what: string][]])[] = [
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
  ['self.a, 1', [7, "mismatched input ',' expecting <EOF>"]],
  ['== 1', [1, `extraneous input '==' expecting ${BEGINNING}`]],
  ['&& self.a', [1, `extraneous input '&&' expecting ${BEGINNING}`]],
  ['[1, 2', [6, "mismatched input '<EOF>' expecting {']', ','}"]],
  ['self["a"', [9, "missing ']' at '<EOF>'"]],
  ['{"a": 1', [8, "mismatched input '<EOF>' expecting {'}', ','}"]],
  ['{"a" 1}', [6, "missing ':' at '1'"]],
  ['self.a ? 1', [11, "mismatched input '<EOF>' expecting ':'"]],
  ['self..a', [6, "no viable alternative at input '..'"]],
  ['a(', [3, `mismatched input '<EOF>' expecting ${BEGINNING.replace("'('", "'(', ')'")}`]],
  ['self[', [6, `mismatched input '<EOF>' expecting ${BEGINNING.replace("'!'", "'!', '?'")}`]],
  [
    '"abc',
    [1, `token recognition error at: '"abc'`],
    [5, `mismatched input '<EOF>' expecting ${BEGINNING}`],
  ],
  ['b"a', [2, `token recognition error at: '"a'`]],
  ['!', [2, `extraneous input '<EOF>' expecting ${BEGINNING}`]],
  [
    '1--',
    [4, "no viable alternative at input '-'"],
    [4, `mismatched input '<EOF>' expecting ${BEGINNING}`],
  ],
]
for (const [text, ...problems] of cases)
  test(text, () => {
    const expected = problems.map(
      ([column, what]) =>
        `ERROR: <input>:1:${column}: Syntax error: ${what}\n | ${text}\n | ${'.'.repeat(column - 1)}^`,
    )
    assert.equal(problemOf(text), expected.join('\n'))
  })

test('a reserved word is told as such', () => {
  assert.equal(problemOf('if'), 'ERROR: <input>:1:1: reserved identifier: if\n | if\n | ^')
  assert.match(problemOf('true && while') ?? '', /1:9: reserved identifier: while\n/)
})

test('the place is told in its line', () => {
  assert.match(problemOf('true &&\n  (true') ?? '', /^ERROR: <input>:2:8: .*\n \| {3}\(true\n/)
})

test('what parses is told otherwise', () => {
  assert.equal(problemOf('nothing == 1'), undefined)
})
