/** Values that are finer than the engine's own, as a kube-apiserver 1.36.3 has them. */
import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { compileExpression, loadCelEngine } from './engine.ts'

before(loadCelEngine)

const evaluate = (text: string) => compileExpression(text, 'dyn').evaluate({}, { cost: 10_000_000 })

const shown: readonly (readonly [text: string, value: string])[] = [
  ["{1: 'x', 2: 'y'}.map(k, k + 1)", '[2, 3]'],
  ["{2: 'b', true: 'a', 'z': 1u, 10: 'c'}", '{"z":1, 10:"c", 2:"b", true:"a"}'],
  ["{1u: 'x'}.map(k, type(k))", '[uint]'],
  [
    "[{1: 'x'}[1], {true: 'y'}[true], dyn({1: 'x'})[1u], dyn({1: 'x'})[1.0]]",
    '["x", "y", "x", "x"]',
  ],
  ["{1: 'x', 1: 'y'}", '{1:"y"}'],
  ["dyn(1.0) in dyn({1: 'x'})", 'true'],
  ["dyn({1: 'x'}) == dyn({'1': 'x'})", 'false'],
  ["dyn({1: 'x'}) == dyn({1u: 'x'})", 'true'],
  ["['a', 'b'].transformMap(i, v, v)", '{0:"a", 1:"b"}'],
  ["['a', 'b'].transformMapEntry(i, v, {i: v})", '{0:"a", 1:"b"}'],
  ["{?1: optional.of('x'), ?2: optional.none()}", '{1:"x"}'],
  ["[{1: 'x'}, {1: 'x'}].distinct()", '[{1:"x"}]'],
  ["{'constructor': 1, '__proto__': 2}", '{"__proto__":2, "constructor":1}'],
  ['[dyn([1u]) == dyn([1]), dyn(1u) == dyn(1.0), dyn(null) == dyn(1)]', '[true, true, false]'],
  ["timestamp('2024-01-02T03:04:05.123456789Z')", '2024-01-02T03:04:05.123456789Z'],
  ["timestamp('2024-01-02T03:04:05.5-07:30')", '2024-01-02T03:04:05.5-07:30'],
  ["timestamp('2024-01-02T03:04:05Z') - duration('1ns')", '2024-01-02T03:04:04.999999999Z'],
  [
    "timestamp('2024-01-02T03:04:05.000000003Z') - timestamp('2024-01-02T03:04:05.000000001Z')",
    '0.000000002s',
  ],
  [
    "timestamp('2024-01-02T03:04:05.000000002Z') > timestamp('2024-01-02T03:04:05.000000001Z')",
    'true',
  ],
  [
    "[timestamp('2024-01-02T03:04:05.000000002Z'), timestamp('2024-01-02T03:04:05.000000001Z')].min()",
    '2024-01-02T03:04:05.000000001Z',
  ],
  [
    "timestamp('2024-01-02T03:04:05.000000002Z') in [timestamp('2024-01-02T03:04:05.000000001Z')]",
    'false',
  ],
  ["timestamp('1960-01-02T03:04:05.999999999Z').getMilliseconds()", '999'],
  ["int(timestamp('1960-01-02T03:04:05.999999999Z'))", String(-315521755n)],
  ["duration('-1.5s') - duration('0.7s')", '-2.2s'],
  ["duration(duration('1s'))", '1s'],
  ["duration('2562047h0m0.000000002s')", '9223369200s'],
  ["int(duration('1s'))", '1000000000'],
  ['[string(1e21), string(1.0), string(1e6), string(-0.0)]', '["1e+21", "1", "1e+06", "-0"]'],
  ['[.5, .25e1] + [{"a": .5}.a]', '[0.500000, 2.500000, 0.500000]'],
  ["[br'\\x41', b'é']", '[b"\\\\x41", b"é"]'],
  ['.int == int', 'true'],
]
for (const [text, value] of shown)
  test(text, () => {
    assert.equal(evaluate(`'%s'.format([${text}])`), value)
  })

const failures: readonly (readonly [text: string, message: string])[] = [
  ["{1: 'x'}[2]", 'no such key: 2'],
  ['duration(5)', "type conversion error from 'int' to 'google.protobuf.Duration'"],
  ["dyn({'1': 'x'})[1]", 'no such key: 1'],
  [
    "'%s'.format([{1.5: 'x'}])",
    'error during formatting: no formatting function for map key of type double',
  ],
  ["['a', 'a'].transformMapEntry(i, v, {v: i})", 'insert failed: key a already exists'],
  ["timestamp('9999-12-31T23:59:59Z') + duration('1s')", 'timestamp overflow'],
  ["timestamp('0000-01-01T00:00:00Z' + '')", 'timestamp overflow'],
  ["duration('2562047h') + duration('2562047h')", 'integer overflow'],
  [
    "timestamp('2024-02-30T00:00:00Z' + '')",
    "type conversion error from 'string' to 'google.protobuf.Timestamp'",
  ],
]
for (const [text, message] of failures)
  test(`an error: ${text}`, () => {
    assert.throws(() => evaluate(text), { message })
  })
