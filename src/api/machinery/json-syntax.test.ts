import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { syntaxErrorOf } from './json-syntax.ts'

const errorOf = (text: string) => syntaxErrorOf(new TextEncoder().encode(text))

test('mistakes are told in the words that clients know', () => {
  const cases: [string, string][] = [
    ['', 'unexpected end of JSON input'],
    ['{', 'unexpected end of JSON input'],
    ['{"a":[1,', 'unexpected end of JSON input'],
    ['nul', 'unexpected end of JSON input'],
    ['"\\u12', 'unexpected end of JSON input'],
    ['\ufeff{}', "invalid character 'ï' looking for beginning of value"],
    ['\x1f\x8b', "invalid character '\\x1f' looking for beginning of value"],
    ["{'a':1}", "invalid character '\\'' looking for beginning of object key string"],
    ['{a:1}', "invalid character 'a' looking for beginning of object key string"],
    ['{"a" 1}', "invalid character '1' after object key"],
    ['{"a":1 "b":2}', "invalid character '\"' after object key:value pair"],
    ['{"a":1,}', "invalid character '}' looking for beginning of object key string"],
    ['[1 2]', "invalid character '2' after array element"],
    ['[1,]', "invalid character ']' looking for beginning of value"],
    ['[1}', "invalid character '}' after array element"],
    ['{} more', "invalid character 'm' after top-level value"],
    ['1 2', "invalid character '2' after top-level value"],
    ['nuls', "invalid character 's' in literal null (expecting 'l')"],
    ['tRue', "invalid character 'R' in literal true (expecting 'r')"],
    ['-a', "invalid character 'a' in numeric literal"],
    ['01', "invalid character '1' after top-level value"],
    ['1.x', "invalid character 'x' after decimal point in numeric literal"],
    ['1ex', "invalid character 'x' in exponent of numeric literal"],
    ['"\n"', "invalid character '\\n' in string literal"],
    ['"\\x"', "invalid character 'x' in string escape code"],
    ['"\\u12g4"', "invalid character 'g' in \\u hexadecimal character escape"],
    ['+1', "invalid character '+' looking for beginning of value"],
    ['apiVersion: v1', "invalid character 'a' looking for beginning of value"],
  ]
  for (const [text, message] of cases) assert.equal(errorOf(text), message, text)
})

test('whatever JSON.parse takes has no mistake but its end', () => {
  fc.assert(
    fc.property(fc.json(), text => {
      assert.equal(errorOf(` ${text}\n`), 'unexpected end of JSON input')
    }),
  )
})

test('whatever JSON.parse refuses is refused here, too', () => {
  const pieces = fc.constantFrom(
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '"',
    '\\',
    'u',
    '1',
    '-',
    '.',
    'e',
    ' ',
    'true',
  )
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 12 }), all => {
      const text = all.join('')
      const end = errorOf(text)
      try {
        JSON.parse(text)
        assert.equal(end, 'unexpected end of JSON input')
      } catch (error) {
        if (error instanceof assert.AssertionError) throw error
        assert.match(end, /^(invalid character '.+' |unexpected end)/)
      }
    }),
    { numRuns: 2000 },
  )
})
