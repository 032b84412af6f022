import assert from 'node:assert/strict'
import { test } from 'node:test'
import { wrongFieldRef } from './field-ref.ts'

const right = `.
spec.validations[0].expression
a/b/c
spec.*
spec[*]
spec[1:2]
spec[-1:]
spec[0, 1]
spec['a.b']
spec['a','b']
spec..name
spec..[0]
spec[?(@.a=="b")].c
spec[?(@.a)]
[?(@.a==")")]
$.x
1.5
-.5
a b
true
"a"b
spec.a\\.b
a}b{c`.split('\n')

test('what clients can read is a path', () => {
  for (const path of right) assert.equal(wrongFieldRef(path), '', path)
})

// As a kube-apiserver v1.36.3 tells them.
const wrong: [path: string, why: string][] = [
  ['-a', 'cannot parse number -'],
  ['1.2.3', 'cannot parse number 1.2.3'],
  ['spec[', 'unterminated array'],
  ['spec[x]', 'invalid array index x'],
  ['spec[0,x]', 'invalid array index x'],
  ['spec[-]', 'array index - is not a number'],
  ['[99999999999999999999]', 'array index 99999999999999999999 is not a number'],
  ['spec....name', 'invalid multiple recursive descent'],
  ['"abc', 'unterminated quoted string'],
  ['#', "unrecognized character in action: U+0023 '#'"],
  ['spec,x', "unrecognized character in action: U+002C ','"],
  ['spec[?(#)]', "unrecognized character in action: U+0023 '#'"],
  ['spec[?(@.a=="b").c', 'unclosed array expect ]'],
  ['spec[?(@.a=="b)"]', 'unterminated filter'],
  ['a\nb', 'unclosed action'],
]

test('what they can not read is told as they tell it', () => {
  for (const [path, why] of wrong) assert.equal(wrongFieldRef(path), why, path)
})
