/** The expected texts are those of Go's strconv.Quote. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { goQuote } from './go-quote.ts'

test('what nobody could see is escaped as Go does', () => {
  for (const [text, expected] of [
    ['a "b" \\', '"a \\"b\\" \\\\"'],
    ['a\x07\x0b\x01\x7f', '"a\\a\\v\\x01\\x7f"'],
    ['\b\t\n\f\r', '"\\b\\t\\n\\f\\r"'],
    ['ä\u00a0\u2028\u200b', '"ä\\u00a0\\u2028\\u200b"'],
    ['\u{e0001}\u{1f600}', '"\\U000e0001\u{1f600}"'],
  ] as const)
    assert.equal(goQuote(text), expected)
})
