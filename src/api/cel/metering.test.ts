/** Costs as Go's implementation counts them. The expected figures follow from its rules, written out beside the cases. */
import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { compileExpression, loadCelEngine, OutOfBudget } from './engine.ts'
import { CostExceeded } from './metering.ts'

before(loadCelEngine)

const ENOUGH = 10_000_000
const run = (text: string, self: unknown = null, cost = ENOUGH) => {
  const budget = { cost }
  const value = compileExpression(text, 'dyn').evaluate({ self, oldSelf: null }, budget)
  return { value, cost: cost - budget.cost }
}
const costOf = (text: string, self?: unknown) => run(text, self).cost

describe('the cost of', () => {
  const cases: readonly [string, unknown, number, string][] = [
    ['1', null, 0, 'constants are free'],
    ['self.a', { a: 1n }, 2, 'a name and a selection'],
    ['self.a == 1', { a: 1n }, 3, 'equality of scalars is 1'],
    ['self == "x"', 'x'.repeat(100), 2, 'the shorter text is read, a tenth a letter'],
    ['self == self', 'x'.repeat(100), 12, 'two names and a tenth of a hundred letters'],
    ['self + self', 'x'.repeat(100), 22, 'two names and a tenth of the result'],
    ['has(self.a)', { a: 1n }, 1, 'the last selection is free'],
    ['has(self.a.b)', { a: { b: 1n } }, 2, 'and only the last'],
    ['[self, self]', 1n, 12, 'a list is 10'],
    ['{"a": self}', 1n, 31, 'a map is 30'],
    ['self ? 1 : 2', true, 1, 'a choice is free'],
    ['false && self', true, 0, 'what is not looked at is free'],
    ['self in [1, 2, 3]', 4n, 14, 'a name, a list, and each item'],
    ['self.size()', [1n, 2n], 2, 'a name and a call'],
    ['self.startsWith("x")', 'x'.repeat(100), 11, 'a name and a tenth of a letter each'],
    ['self.all(x, x)', [true, true], 10, 'name 1, result 1, each turn 3 and the name 1'],
    ['self.exists(x, x)', [false, false], 12, 'each turn 4'],
    ['self.exists(x, x)', [true, true], 7, 'which ends with the first'],
    ['self.exists_one(x, x)', [true, false], 8, 'name 1, result 2, turns 3 and 2'],
    ['self.map(x, x)', [1n, 2n], 38, 'name 1, list 10, result 1, each turn 12 and the name 1'],
    ['self.filter(x, x)', [true, false], 28, 'each turn the name 1, taken 13, left 1'],
    ['self.matches("^a+$")', 'aaaaaaaaa', 2, 'a name, a tenth of letters times a quarter of it'],
    ['-1', null, 0, 'a negative number is a constant'],
    ['self.isSorted()', ['x'.repeat(10), 'x'.repeat(20)], 4, 'a name and every item'],
    ['quantity(self) == quantity(self)', '1', 5, 'two names, two texts, 1'],
    ['sets.contains(self, self)', [1n, 2n], 7, 'two names, every pair, 1'],
  ]
  for (const [text, self, cost, why] of cases)
    test(`${text}: ${why}`, () => assert.equal(costOf(text, self), cost))
})

test('an evaluation is stopped where it costs more than a million', () => {
  const many = (length: number) => Array.from({ length }, () => 20n)
  const text = 'self.all(x, self.all(y, y == x))'
  assert.equal(run(text, many(300)).value, true)
  assert.throws(() => run(text, many(725)), CostExceeded)
  // Conditions and loops swallow errors that do not matter; this one does.
  assert.throws(() => run(`(${text}) || true`, many(725)), CostExceeded)
  assert.throws(() => run(`self.exists(z, ${text}) || true`, many(725)), CostExceeded)
})

test('evaluations share a budget', () => {
  const budget = { cost: 5 }
  const program = compileExpression('self == 1')
  const evaluate = () => program.evaluate({ self: 1n, oldSelf: null }, budget)
  assert.deepEqual([evaluate(), evaluate()], [true, true])
  assert.equal(budget.cost, 1)
  assert.throws(evaluate, OutOfBudget)
})
