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
]
for (const [text, ...problems] of cases)
  test(text, () => {
    const expected = problems.map(
      ([column, what]) =>
        `ERROR: <input>:1:${column}: Syntax error: ${what}\n | ${text}\n | ${'.'.repeat(column - 1)}^`,
    )
    assert.equal(problemOf(text), expected.join('\n'))
  })

test('the place is told in its line', () => {
  assert.match(problemOf('true &&\n  (true') ?? '', /^ERROR: <input>:2:8: .*\n \| {3}\(true\n/)
})

test('what parses is told otherwise', () => {
  assert.equal(problemOf('nothing == 1'), undefined)
})
