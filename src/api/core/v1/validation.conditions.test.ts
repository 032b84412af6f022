import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lines } from './testing.ts'
import { validateConditions } from './validation.conditions.ts'

const ready = {
  type: 'Ready',
  status: 'True' as const,
  lastTransitionTime: '2026-01-01T00:00:00Z',
  reason: 'AsPlanned',
  message: '',
}

test('a condition has a type, a known status, a time and a reason', () => {
  assert.deepEqual(validateConditions('status.conditions', [ready]), [])
  const cases: [object, string | RegExp][] = [
    [{ type: '' }, 'conditions[0].type: Invalid value: "": name part must be non-empty'],
    [
      { status: 'Maybe' },
      'conditions[0].status: Unsupported value: "Maybe": supported values: "False", "True", "Unknown"',
    ],
    [
      { observedGeneration: -1 },
      'conditions[0].observedGeneration: Invalid value: -1: must be greater than or equal to zero',
    ],
    [{ lastTransitionTime: undefined }, 'conditions[0].lastTransitionTime: Required value'],
    [{ reason: '' }, 'conditions[0].reason: Required value'],
    [{ reason: 'two words' }, /^conditions\[0\]\.reason: Invalid value: "two words": a condition/],
    [
      { reason: 'a'.repeat(1025) },
      'conditions[0].reason: Too long: may not be more than 1024 bytes',
    ],
    [
      { message: 'ä'.repeat(16_385) },
      'conditions[0].message: Too long: may not be more than 32768 bytes',
    ],
  ]
  for (const [change, expected] of cases) {
    const [first = ''] = lines(validateConditions('conditions', [{ ...ready, ...change }]))
    if (typeof expected === 'string') assert.equal(first, expected)
    else assert.match(first, expected)
  }
})

test('each type is there once', () => {
  assert.deepEqual(lines(validateConditions('conditions', [ready, ready])), [
    'conditions[1].type: Duplicate value: "Ready"',
  ])
})
