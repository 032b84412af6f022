/** What is wrong with an expression once it is read, in the words of a kube-apiserver 1.36.3. */
import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { admissionEnvironment, deviceEnvironment } from './admission-types.ts'
import { environmentOf, fieldsFrom } from './checker/environment.ts'
import { listOf, mapOf, optionalOf, STRING, struct, typeText } from './checker/types.ts'
import { compiled } from './compile.ts'
import { prepareExpressions, wrongExpression } from './expressions.ts'
import { WITH_BIND } from './parser/macros.ts'

before(prepareExpressions)

const structs = new Map([['thing', fieldsFrom({ text: STRING, list: listOf(STRING) })]])
const ENVIRONMENT = environmentOf({
  variables: [
    ['thing', struct('thing')],
    ['map', mapOf(STRING, struct('thing'))],
    ['maybe', optionalOf(STRING)],
  ],
  structs: name => structs.get(name),
})

const problemsOf = (text: string) => {
  const found = compiled(text, ENVIRONMENT)
  if ('type' in found) return [found.noProgram ?? typeText(found.type)]
  return found.problem
    .split('\n')
    .filter(line => line.startsWith('ERROR'))
    .map(line => line.replace('ERROR: <input>:', ''))
}
const noOverload = (name: string, given: string) =>
  `found no matching overload for '${name}' applied to '${given}'`
const undeclared = (name: string) => `undeclared reference to '${name}' (in container '')`
const mixed = (wanted: string, found: string) => `expected type '${wanted}' but found '${found}'`

const cases: readonly (readonly [text: string, ...told: string[]])[] = [
  ['.optMap(x, 1)', `1:8: ${undeclared('.optMap')}`, `1:9: ${undeclared('x')}`],
  ['[1, 2u]', `1:5: ${mixed('int', 'uint')}`],
  ['[1, "a", 2.0]', `1:5: ${mixed('int', 'string')}`],
  ['[[1], ["a"]]', `1:7: ${mixed('list(int)', 'list(string)')}`],
  ['[[], [1]]', 'list(list(int))'],
  ['[null, 1]', `1:8: ${mixed('null', 'int')}`],
  ['[dyn(1), 2]', `1:10: ${mixed('dyn', 'int')}`],
  ['{"a": 1, 2: "b"}', `1:10: ${mixed('string', 'int')}`, `1:13: ${mixed('int', 'string')}`],
  ['"%s %s".format([1, "a"])', 'string'],
  ['"%s".format([[1, "a"]])', 'string'],
  [
    '"%d".format(["a"])',
    '1:14: error during formatting: decimal clause can only be used on integers, was given string',
  ],
  ['"%z".format([])', '1:12: index 0 out of range'],
  [
    '"%.3".format([1])',
    '1:13: could not parse formatting clause: error while parsing precision: could not find end of precision specifier',
  ],
  [
    '1 + "a" + 2u + nobody',
    `1:3: ${noOverload('_+_', '(int, string)')}`,
    `1:16: ${undeclared('nobody')}`,
  ],
  ['1 < 2u && 1.0 >= 2', 'bool'],
  ['1 == 1.0', `1:3: ${noOverload('_==_', '(int, double)')}`],
  [
    'thing.text.nothing + thing.nothing',
    `1:11: type 'string' does not support field selection`,
    "1:27: undefined field 'nothing'",
  ],
  ['has(thing.nothing)', "1:4: undefined field 'nothing'"],
  ['has(map.anything) && map.anything.text == ""', 'bool'],
  [
    'map["a"].list.filter(x, 1)',
    `1:21: ${noOverload('_?_:_', '(int, list(string), list(string))')}`,
  ],
  ['map.all(k, v, v.text == k)', 'bool'],
  ['thing.list.transformMap(i, v, v)', 'map(int, string)'],
  [
    'thing.list.sortBy(x, [x])',
    `1:18: ${noOverload('@sortByAssociatedKeys', 'list(string).(list(list(string)))')}`,
  ],
  [
    'thing.text.all(x, true)',
    `1:6: expression of type 'string' cannot be range of a comprehension (must be list, map, or dynamic)`,
  ],
  ['thing.list.all(x, 1)', `1:19: ${mixed('bool', 'int')}`],
  ['thing.list.existsOne(x, true)', `1:21: ${undeclared('existsOne')}`, `1:22: ${undeclared('x')}`],
  ['maybe.orValue(1)', `1:14: ${noOverload('orValue', 'optional_type(string).(int)')}`],
  ['maybe.optMap(x, x.size())', 'optional_type(int)'],
  ['nobody.optMap(x, x)', `1:1: ${undeclared('nobody')}`, `1:1: ${undeclared('nobody')}`],
  ['thing.?list[0]', 'optional_type(string)'],
  ['[?maybe]', 'list(string)'],
  ['[?1]', `1:3: ${mixed('optional_type(int)', 'int')}`],
  [
    'sets.contains([1], ["a"])',
    `1:14: ${noOverload('sets.contains', '(list(int), list(string))')}`,
  ],
  [
    'cel.bind(x, 1, x)',
    `1:1: ${undeclared('cel')}`,
    `1:9: ${undeclared('bind')}`,
    `1:10: ${undeclared('x')}`,
    `1:16: ${undeclared('x')}`,
  ],
  ['type(1) == int && type(thing.text) == string', 'bool'],
  [
    'google.protobuf.StringValue{value: 1}',
    "1:34: expected type of field 'value' is 'string' but provided type is 'int'",
  ],
  ['google.protobuf.Nothing{}', `1:24: ${undeclared('google.protobuf.Nothing')}`],
  ['string{}', "1:7: 'string' is not a message type"],
  ['thing{}', "1:6: 'thing' is not a type"],
  [
    "duration('x') == duration('1s') && 'a'.matches('(')",
    '1:10: invalid duration argument',
    '1:48: invalid matches argument',
  ],
  ['timestamp(9999999999999)', '1:11: invalid timestamp argument'],
  ["uint('-1')", "program instantiation failed: type conversion error from 'string' to 'uint'"],
  ['int(1e30)', 'program instantiation failed: integer overflow'],
  ['int(string(2))', 'int'],
  ['int(null)', 'program instantiation failed: no such overload: int(null_type)'],
  ["'a'.find('(')", 'program instantiation failed: error parsing regexp: missing closing ): `(`'],
]
for (const [text, ...told] of cases) test(text, () => assert.deepEqual(problemsOf(text), told))

test('requests and namespaces have types, objects have none', () => {
  const seen = admissionEnvironment({ variables: new Map([['name', STRING]]) })
  const typeOf = (text: string) => {
    const found = compiled(text, seen)
    return 'type' in found ? typeText(found.type) : found.problem.split('\n')[0]
  }
  assert.equal(typeOf('object.spec.replicas'), 'dyn')
  assert.equal(typeOf('request.userInfo.extra'), 'map(string, list(string))')
  assert.equal(typeOf('namespaceObject.metadata.labels'), 'map(string, string)')
  assert.equal(typeOf('authorizer.requestResource.check("get").allowed()'), 'bool')
  assert.equal(typeOf('variables.name'), 'string')
  assert.match(typeOf('request.nothing') ?? '', /undefined field 'nothing'/)
  assert.match(typeOf('params') ?? '', /undeclared reference to 'params'/)
})

test('types that hold themselves, time and again, are given up', () => {
  const lists = `[1]${'.map(x, {x: x})'.repeat(100)} == []`
  assert.deepEqual(problemsOf(lists), ['-1:0: the types of the expression are too complex'])
  const names = Array.from({ length: 100 }, (_, at) => `cel.bind(x${at + 1}, {x${at}: x${at}}, `)
  const bound = `cel.bind(x0, 1, ${names.join('')}x100 == x100${')'.repeat(101)}`
  const found = compiled(bound, deviceEnvironment(), WITH_BIND)
  assert.match('problem' in found ? found.problem : '', /too complex/)
})

test('a chain of what there may be is evaluated link by link', () => {
  const text = `optional.of(1)${'.optMap(x, x)'.repeat(100)}.hasValue()`
  assert.deepEqual(wrongExpression('f', text), [])
})
