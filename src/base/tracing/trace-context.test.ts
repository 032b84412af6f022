import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatTraceparent, parseTraceparent } from './trace-context.ts'

const TRACE = 'abcdef0123456789abcdef0123456789'
const SPAN = '00f067aa0ba902b7'

test('what was written is read, and what makes no sense is none', () => {
  const context = { traceId: TRACE, spanId: SPAN, isSampled: true }
  assert.deepEqual(parseTraceparent(formatTraceparent(context)), context)
  assert.equal(parseTraceparent(`00-${TRACE}-${SPAN}-00`)?.isSampled, false)
  assert.equal(parseTraceparent(`cc-${TRACE}-${SPAN}-03-more`)?.isSampled, true)
  for (const wrong of [
    undefined,
    '',
    `00-${TRACE}-${SPAN}-01-more`,
    `ff-${TRACE}-${SPAN}-01`,
    `00-${'0'.repeat(32)}-${SPAN}-01`,
    `00-${TRACE}-${'0'.repeat(16)}-01`,
    `00-${TRACE.toUpperCase()}-${SPAN}-01`,
    `00-${TRACE}-${SPAN}`,
  ])
    assert.equal(parseTraceparent(wrong), undefined, String(wrong))
})
