/** What rules are found to be wrong in before there is a value; all of it as a kube-apiserver 1.36.3 tells it. */
import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { BOOL, STRING } from '../../cel/checker/types.ts'
import { loadCelEngine } from '../../cel/engine.ts'
import type { JsonSchemaProps } from '../v1/json-schema-props.ts'
import { ruleChecker } from './cel-types.ts'

before(loadCelEngine)

const text = { type: 'string' }
const schema: JsonSchemaProps = {
  type: 'object',
  properties: {
    text,
    'a-b': text,
    number: { type: 'integer' },
    real: { type: 'number' },
    time: { type: 'string', format: 'date-time' },
    span: { type: 'string', format: 'duration' },
    bytes: { type: 'string', format: 'byte' },
    either: { 'x-kubernetes-int-or-string': true },
    any: { 'x-kubernetes-preserve-unknown-fields': true },
    open: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true, properties: { text } },
    list: { type: 'array', items: text },
    objects: { type: 'array', items: { type: 'object', properties: { text } } },
    map: { type: 'object', additionalProperties: text },
    pod: { type: 'object', 'x-kubernetes-embedded-resource': true, properties: { text } },
  },
}
const check = (rule: string, isResource = false) => ruleChecker(schema, isResource)?.(rule)
const problemOf = (found: ReturnType<typeof check>) =>
  found && 'problem' in found ? found.problem : ''

for (const rule of [
  'self.a__dash__b == self.text',
  'self.number > self.real',
  'self.time > timestamp("2020-01-01T00:00:00Z") && self.span > duration("1h")',
  'self.bytes == b"a" && (self.either == 1 || self.either == "a")',
  'self.objects.all(each, each.text in self.list)',
  'self.map.all(name, self.map[name] == "") && self.map == {}',
  'self == oldSelf && self.open == oldSelf.open',
  'self.pod.metadata.name == self.pod.kind',
  'self.?open.?text.orValue("") == ""',
])
  test(`nothing in ${rule}`, () => assert.deepEqual(check(rule), { type: BOOL }))

const wrong: readonly [string, string][] = [
  ['self.nothing == 1', "undefined field 'nothing'"],
  ['self.any == 1', "undefined field 'any'"],
  ['self.open.b == 1', "undefined field 'b'"],
  ['self.objects[0].b == ""', "undefined field 'b'"],
  ['self.metadata.name == ""', "undefined field 'metadata'"],
  ['self.number == 1.0', "found no matching overload for '_==_' applied to '(int, double)'"],
  ['self.text == null', "found no matching overload for '_==_' applied to '(string, null)'"],
  ['self.span == "1h"', "found no matching overload for '_==_' applied to '(duration, string)'"],
  ['1 in self.list', "found no matching overload for '@in' applied to '(int, list(string))'"],
  ["duration('1x') == duration('1s')", 'invalid duration argument'],
  ["timestamp('2024-02-30T00:00:00Z') == null", 'invalid timestamp argument'],
  ['1 + 1u == 2', "found no matching overload for '_+_' applied to '(int, uint)'"],
  ["self.text.matches('(')", 'invalid matches argument'],
  ["'%s %s'.format([self.text]) == ''", 'index 1 out of range'],
  ["'%'.format([]) == ''", 'unexpected end of string'],
  [
    "'%d'.format([self.text]) == ''",
    'error during formatting: decimal clause can only be used on integers, was given string',
  ],
  [
    'self.list.flatten() == []',
    "found no matching overload for 'flatten' applied to 'list(string).()'",
  ],
  [
    'sets.contains(self.list, [1])',
    "found no matching overload for 'sets.contains' applied to '(list(string), list(int))'",
  ],
  [
    'self.map[1] == ""',
    "found no matching overload for '_[_]' applied to '(map(string, string), int)'",
  ],
  [
    'self.list["a"] == ""',
    "found no matching overload for '_[_]' applied to '(list(string), string)'",
  ],
  [
    "self.open['text'] == ''",
    "found no matching overload for '_[_]' applied to '(selfType1.open, string)'",
  ],
  ['self.text[0] == ""', "found no matching overload for '_[_]' applied to '(string, int)'"],
  [
    'self.open == self.map',
    "found no matching overload for '_==_' applied to '(selfType1.open, map(string, string))'",
  ],
  [
    "self.map == {'a': 1}",
    "found no matching overload for '_==_' applied to '(map(string, string), map(string, int))'",
  ],
  ['self.text.more == ""', "type 'string' does not support field selection"],
  ['self.time.more == ""', "type 'timestamp' does not support field selection"],
  ['has(self.nothing)', "undefined field 'nothing'"],
  ['has(self.text.more)', "type 'string' does not support field selection"],
  [
    'self.text.all(x, true)',
    "expression of type 'string' cannot be range of a comprehension (must be list, map, or dynamic)",
  ],
  ['self.list.all(x, 1)', "expected type 'bool' but found 'int'"],
  [
    'self.list.indexOf(1) == 0',
    "found no matching overload for 'indexOf' applied to 'list(string).(int)'",
  ],
  ['[[1]].min() == 1', "found no matching overload for 'min' applied to 'list(list(int)).()'"],
  ['true && 1', "expected type 'bool' but found 'int'"],
  ["true ? 1 : 'a'", "found no matching overload for '_?_:_' applied to '(bool, int, string)'"],
  ['size() == 1', "found no matching overload for 'size' applied to '()'"],
  ["lists.range('a') == []", "found no matching overload for 'lists.range' applied to '(string)'"],
  ["self.text.nothing('a')", "undeclared reference to 'nothing' (in container '')"],
  [
    "self.list.join(1) == ''",
    "found no matching overload for 'join' applied to 'list(string).(int)'",
  ],
  ['timestamp(253402300800) == null', 'invalid timestamp argument'],
  ["duration('2562048h') == null", 'invalid duration argument'],
  ['size(self.number) > 1', "found no matching overload for 'size' applied to '(int)'"],
]
for (const [rule, message] of wrong)
  test(`something in ${rule}`, () => {
    const [first = ''] = problemOf(check(rule)).split('\n')
    assert.equal(first.replace(/^ERROR: <input>:1:\d+: /, ''), message)
  })

test('what is joined must be of one type', () => {
  assert.match(
    problemOf(check('self.objects + [self.open] == []')),
    /'_\+_' applied to '\(list\(selfType1\.objects\.@idx\), list\(selfType1\.open\)\)'/,
  )
})

test('words of the language are names of fields, too', () => {
  const typed = ruleChecker({ type: 'object', properties: { for: text } }, false)
  for (const rule of ["self.for == ''", "self.__for__ == ''"])
    assert.deepEqual(typed?.(rule), { type: BOOL })
  assert.match(problemOf(typed?.("self.while == ''")), /undefined field 'while'/)
})

test('what is computed before there is a value may fail', () => {
  const why = "program instantiation failed: type conversion error from 'string' to 'int'"
  assert.deepEqual(check("int('a') == 1"), { type: BOOL, noProgram: why })
})

test('a whole object has its names', () => {
  assert.deepEqual(check('self.metadata.name == self.kind', true), { type: BOOL })
  assert.match(problemOf(check('self.metadata.labels == {}', true)), /undefined field 'labels'/)
})

test('the old value may be one that there may be or not', () => {
  const typed = ruleChecker({ type: 'string' }, false)
  const rule = "oldSelf.hasValue() ? oldSelf.value() == self : oldSelf.orValue('a') == self"
  assert.deepEqual(typed?.(rule, true), { type: BOOL })
  assert.match(problemOf(typed?.(rule)), /'hasValue' applied to 'string.\(\)'/)
  assert.match(problemOf(typed?.('oldSelf.value() == 1', true)), /'\(string, int\)'/)
})

test('a rule that is not true or false is known by its type', () => {
  assert.deepEqual(check('self.text'), { type: STRING })
})

test('without a type there is nothing to check', () => {
  assert.equal(ruleChecker({ 'x-kubernetes-preserve-unknown-fields': true }, false), undefined)
})
