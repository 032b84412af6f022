import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { deployment } from '#api/apps/v1/deployment.ts'
import { configMap } from '#api/core/v1/config-map.ts'
import { kinds } from '../kinds.ts'
import { deviceEnvironment } from './admission-types.ts'
import { BOOL } from './checker/types.ts'
import { compiled } from './compile.ts'
import { loadCelEngine } from './engine.ts'
import { WITH_BIND } from './parser/macros.ts'
import { typeChecker } from './type-check.ts'

before(loadCelEngine)

const check = (
  expression: string,
  variables: readonly { name: string; expression: string }[] = [],
  params = { hasParams: true, params: configMap.shape },
) => typeChecker({ object: deployment.shape, ...params }, variables)(expression)

const wrong: [string, number, string][] = [
  ['object.replicas > 1', 7, "undefined field 'replicas'"],
  ['object.spec.replicas >= 1 && object.spec.foo == 1', 41, "undefined field 'foo'"],
  ['object.spec.template.spec.containers.all(c, c.imag == "")', 46, "undefined field 'imag'"],
  [
    'object.metadata.labels["a"] > 1',
    29,
    "found no matching overload for '_>_' applied to '(string, int)'",
  ],
  [
    'object.spec.replicas == "5"',
    22,
    "found no matching overload for '_==_' applied to '(int, string)'",
  ],
  ['1 in object.spec.replicas', 3, "found no matching overload for '@in' applied to '(int, int)'"],
  ['!object.spec.replicas', 1, "found no matching overload for '!_' applied to '(int)'"],
  ['-object.metadata.name == ""', 1, "found no matching overload for '-_' applied to '(string)'"],
  [
    'object.metadata.name.startsWith(1)',
    32,
    "found no matching overload for 'startsWith' applied to 'string.(int)'",
  ],
  ['size(object.spec.replicas) > 1', 5, "found no matching overload for 'size' applied to '(int)'"],
  [
    'object.metadata.name.startWith("a")',
    31,
    "undeclared reference to 'startWith' (in container '')",
  ],
  ['foo == 1', 1, "undeclared reference to 'foo' (in container '')"],
  ['params.dat["a"] == "b"', 7, "undefined field 'dat'"],
  [
    'object.spec.template.spec.containers == 1',
    38,
    "found no matching overload for '_==_' applied to '(list(Deployment1.spec.template.spec.containers.@idx), int)'",
  ],
]
for (const [expression, column, message] of wrong)
  test(`wrong: ${expression}`, () => {
    const marked = `${expression}\n | ${'.'.repeat(column - 1)}^`
    assert.equal(check(expression), `ERROR: <input>:1:${column}: ${message}\n | ${marked}`)
  })

test('the place is told in its line', () => {
  assert.equal(
    check('object.spec.replicas > 1 &&\n  object.spec.foo'),
    "ERROR: <input>:2:14: undefined field 'foo'\n |   object.spec.foo\n | .............^",
  )
})

const right = [
  'object.spec.replicas > 1',
  'object == null || oldObject != null',
  'has(object.spec.selector.matchLabels) && object.spec.selector.matchLabels["a"] == "b"',
  'object.metadata.creationTimestamp > timestamp("2020-01-01T00:00:00Z")',
  'object.metadata.namespace == "a" && object.metadata.__namespace__ == "a"',
  'object.spec.strategy.rollingUpdate.maxSurge == 1 || object.spec.strategy.rollingUpdate.maxSurge == "1"',
  'object.spec.template.spec.containers.exists(c, has(c.securityContext) && c.name.matches("^a"))',
  'object.metadata.labels.all(k, v, k != v)',
  'authorizer.group("").resource("pods").check("get").allowed()',
  'request.operation == "CREATE" && namespaceObject.metadata.name == "a"',
  'object.?spec.?replicas.orValue(1) == 1',
  'quantity(object.spec.template.spec.containers[0].resources.limits["cpu"]).isGreaterThan(quantity("1"))',
  'params.data["a"] == "b"',
]
for (const expression of right)
  test(`nothing to tell: ${expression}`, () => assert.equal(check(expression), undefined))

test('variables have the types of their expressions', () => {
  const variables = [
    { name: 'replicas', expression: 'object.spec.replicas' },
    { name: 'containers', expression: 'object.spec.template.spec.containers' },
    { name: 'double', expression: 'variables.replicas * 2' },
    { name: 'broken', expression: 'object.foo' },
  ]
  assert.equal(check('variables.double > 1 && variables.broken == 1', variables), undefined)
  assert.match(
    check('variables.double == "1"', variables) ?? '',
    /'_==_' applied to '\(int, string\)'/,
  )
  assert.match(
    check('variables.containers.all(c, c.foo)', variables) ?? '',
    /undefined field 'foo'/,
  )
  assert.match(check('variables.other', variables) ?? '', /undefined field 'other'/)
})

test('params are unknown where their type is, and undeclared where there are none', () => {
  assert.equal(check('params.x.y == 1', [], { hasParams: true } as never), undefined)
  assert.match(check('params.x', [], { hasParams: false } as never) ?? '', /undeclared reference/)
})

test('every kind has a type', () => {
  for (const { shape, kind } of kinds) {
    const look = typeChecker({ object: shape, hasParams: false }, [])
    assert.equal(look('has(object.kind) && object.metadata.name == "a"'), undefined, kind)
    assert.match(look('object.nosuchfield') ?? '', /undefined field 'nosuchfield'/, kind)
  }
})

const named = (text: string, ...places: readonly (readonly [at: number, name: string])[]) =>
  places
    .map(([at, name]) => {
      const mark = `${text}\n | ${'.'.repeat(at - 1)}^`
      return `ERROR: <input>:1:${at}: undeclared reference to '${name}' (in container '')\n | ${mark}`
    })
    .join('\n')

test('all names that nobody declared are told, in the order of their places', () => {
  const bind = 'cel.bind(x, object.spec.replicas, x > 0)'
  const ofBind = named(bind, [1, 'cel'], [9, 'bind'], [10, 'x'], [35, 'x'])
  assert.equal(check(bind), ofBind)
  const called = 'nothing.at.some(object, y) && nobody(z)'
  assert.equal(
    check(called),
    named(called, [1, 'nothing'], [16, 'some'], [25, 'y'], [37, 'nobody'], [38, 'z']),
  )
  const inLoop = 'object.spec.template.spec.containers.all(c, c.name == d)'
  assert.equal(check(inLoop), named(inLoop, [55, 'd']))
})

test('values are bound to names for devices alone', () => {
  const text = 'cel.bind(x, device, x == x)'
  assert.deepEqual(compiled(text, deviceEnvironment(), WITH_BIND), { type: BOOL })
  const ofRules = text.replaceAll('device', 'object')
  assert.equal(
    check(ofRules),
    named(ofRules, [1, 'cel'], [9, 'bind'], [10, 'x'], [21, 'x'], [26, 'x']),
  )
})
