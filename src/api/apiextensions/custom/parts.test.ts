import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { created } from '../../core/v1/testing.ts'
import { customResourceDefinition } from '../v1/custom-resource-definition.ts'
import { columnsOf } from './columns.ts'
import { finalizerWarnings } from './finalizers.ts'
import { formatNamed } from './formats.ts'
import { compileJsonPath } from './json-path.ts'
import { acceptNames } from './names.ts'
import { compareVersions } from './versions.ts'

describe('JSON paths', () => {
  const root = {
    spec: { size: 3, tags: ['a', 'b', 'c'], 'a.b': 'dotted' },
    metadata: { labels: { 'app.kubernetes.io/name': 'web' } },
    status: {
      conditions: [
        { type: 'Ready', status: 'True', weight: 2 },
        { type: 'Synced', status: 'False', weight: 5 },
      ],
    },
  }
  const cases: readonly [string, unknown[]][] = [
    ['.spec.size', [3]],
    ['.spec.none', []],
    ['.spec.tags[1]', ['b']],
    ['.spec.tags[-1]', ['c']],
    ['.spec.tags[0:2]', ['a', 'b']],
    ['.spec.tags[*]', ['a', 'b', 'c']],
    ['.spec.tags[9]', []],
    [".spec['a.b']", ['dotted']],
    ['.spec.a\\.b', ['dotted']],
    ['.metadata.labels.app\\.kubernetes\\.io/name', ['web']],
    ['.status.conditions[?(@.type=="Ready")].status', ['True']],
    [".status.conditions[?(@.type!='Ready')].status", ['False']],
    ['.status.conditions[?(@.weight>2)].type', ['Synced']],
    ['.status.conditions[?(@.reason)].type', []],
    ['.status..type', ['Ready', 'Synced']],
    ['.', [root]],
    ['.constructor', []],
  ]
  for (const [path, expected] of cases)
    test(path, () => {
      assert.deepEqual(compileJsonPath(path)(root), expected)
    })

  test('that are none are refused', () => {
    for (const path of ['.spec[', '.spec.tags[a]', '.a b', '.a[?(@.b==c)]'])
      assert.throws(() => compileJsonPath(path), path)
  })

  test('of any text end quickly, in an answer or an error', () => {
    const letters = fc.constantFrom(...'.[]*?@()\'"=<>:ab01\\ -')
    fc.assert(
      fc.property(fc.string({ unit: letters, maxLength: 40 }), path => {
        let find: ReturnType<typeof compileJsonPath>
        try {
          find = compileJsonPath(path)
        } catch (thrown) {
          assert.ok(thrown instanceof Error)
          return
        }
        assert.ok(find(root).length <= 10_000)
      }),
      { numRuns: 2_000 },
    )
  })
})

test('columns show values of their type alone', () => {
  const columns = columnsOf({
    name: 'v1',
    served: true,
    storage: true,
    additionalPrinterColumns: [
      { name: 'Text', type: 'string', jsonPath: '.a' },
      { name: 'Whole', type: 'integer', jsonPath: '.b' },
      { name: 'Number', type: 'number', jsonPath: '.b' },
      { name: 'Flag', type: 'boolean', jsonPath: '.c' },
      { name: 'Since', type: 'date', jsonPath: '.d' },
      { name: 'Wrong', type: 'integer', jsonPath: '.a' },
      { name: 'None', type: 'string', jsonPath: '.x' },
    ],
  })
  const object = {
    metadata: { name: 'n' },
    a: { k: [1] },
    b: 2.5,
    c: true,
    d: '2026-01-01T00:00:00Z',
  }
  const now = Date.parse('2026-01-01T01:00:00Z')
  assert.deepEqual(
    columns.map(({ name, cell }) => [name, cell(object as never, now)]),
    [
      ['Name', 'n'],
      ['Text', '{"k":[1]}'],
      ['Whole', 2],
      ['Number', 2.5],
      ['Flag', true],
      ['Since', '60m'],
      ['Wrong', null],
      ['None', null],
    ],
  )
  assert.deepEqual(
    columnsOf({ name: 'v1', served: true, storage: true }).map(({ name }) => name),
    ['Name', 'Age'],
  )
})

test('formats', () => {
  const good: Record<string, string> = {
    'date-time': '2026-01-02T03:04:05.678+01:00',
    date: '2026-02-28',
    duration: '1h30m',
    uri: 'https://example.com/a?b=c',
    email: 'a.b@example.com',
    hostname: 'www.example.com',
    ipv4: '10.0.0.1',
    ipv6: '2001:db8::1',
    cidr: '10.0.0.0/8',
    mac: '00:00:5e:00:53:01',
    uuid: 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11',
    uuid4: 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11',
    byte: 'aGVsbG8=',
    isbn: '978-0321751041',
    isbn10: '0321751043',
    creditcard: '4111 1111 1111 1111',
    ssn: '111-22-3333',
    hexcolor: '#ff00aa',
    rgbcolor: 'rgb(255,0,17)',
    bsonobjectid: '507f1f77bcf86cd799439011',
    'k8s-short-name': 'web-1',
    'k8s-long-name': 'web.example.com',
  }
  for (const [format, text] of Object.entries(good)) {
    const test = formatNamed(format)
    assert.ok(test?.(text), `${format}: ${text}`)
    // Whatever else stands between the digits of a card, or beside a span of time, does not matter.
    if (format !== 'creditcard' && format !== 'duration')
      assert.equal(test?.(`${text} no`), false, format)
  }
  assert.equal(formatNamed('creditcard')?.('4111 1111 1111 1112'), false)
  assert.equal(formatNamed('date')?.('2026-02-30'), false)
  assert.equal(formatNamed('duration')?.('2 days'), true)
  // As a kube-apiserver 1.36.3 takes them, and refuses them.
  const also: Record<string, string[]> = {
    duration: ['P1D', '1 day or so'],
    email: ['A <a@b.example>'],
    hostname: ['A-b', 'YQ=='],
    ipv4: ['1.2.3.04', '::ffff:1.2.3.4'],
    cidr: ['10.0.0.1/8'],
    mac: ['4111111111111111'],
  }
  for (const [format, texts] of Object.entries(also))
    for (const text of texts) assert.equal(formatNamed(format)?.(text), true, `${format}: ${text}`)
  const not: Record<string, string[]> = {
    duration: ['5', 'day'],
    email: ['<a@b.example', 'a b@c.example'],
    hostname: ['a.b', '1.2.3.4', '2020-02-29', '-a', 'a'.repeat(64)],
    ipv4: ['1.2.3', '::1'],
    cidr: ['10.0.0.0/33', '10.0.0.0'],
  }
  for (const [format, texts] of Object.entries(not))
    for (const text of texts) assert.equal(formatNamed(format)?.(text), false, `${format}: ${text}`)
  assert.equal(formatNamed('constructor'), undefined)
})

test('versions are ordered as upstream orders them', () => {
  const ordered = [
    'v10',
    'v2',
    'v1',
    'v11beta2',
    'v10beta3',
    'v3beta1',
    'v12alpha1',
    'v11alpha2',
    'foo1',
    'foo10',
  ]
  assert.deepEqual([...ordered].reverse().sort(compareVersions), ordered)
  fc.assert(
    fc.property(fc.constantFrom(...ordered), fc.constantFrom(...ordered), (a, b) => {
      assert.equal(Math.sign(compareVersions(a, b)), -Math.sign(compareVersions(b, a)) || 0)
    }),
  )
})

test('names go to whoever had them first', () => {
  const definition = (plural: string, names: object = {}) =>
    created(customResourceDefinition, {
      metadata: { name: `${plural}.example.com` },
      spec: {
        group: 'example.com',
        scope: 'Cluster',
        names: { plural, kind: plural, ...names },
        versions: [],
      },
    })
  const first = definition('cats', { shortNames: ['c'] })
  first.status.acceptedNames = first.spec.names
  const second = definition('dogs', { shortNames: ['c', 'd'], singular: 'cats' })
  const { acceptedNames, condition } = acceptNames(second, [first, second])
  assert.deepEqual(acceptedNames, { plural: 'dogs', kind: 'dogs', listKind: 'dogsList' })
  assert.equal(condition?.status, 'False')
  assert.equal(condition?.reason, 'ShortNamesConflict')
  assert.equal(condition?.message, '"c" is already in use')
  const twice = definition('cows', { shortNames: ['c', 'c'] })
  assert.equal(acceptNames(twice, [first, twice]).condition?.message, condition?.message)
  // Nothing is left to decide, so nothing is told.
  assert.equal(acceptNames(first, [first, second]).condition, undefined)
  first.status.acceptedNames = { ...first.spec.names, categories: ['all'] }
  assert.equal(acceptNames(first, [first, second]).condition?.status, 'True')
})

test('finalizers without an owner are told when they come', () => {
  const object = (...finalizers: string[]) => ({
    apiVersion: '',
    kind: '',
    metadata: { finalizers },
  })
  const warnings = finalizerWarnings(object('orphan', 'a.b/c', 'mine', 'a.b'), object('old'))
  assert.deepEqual(warnings, [
    'metadata.finalizers: "a.b": prefer a domain-qualified finalizer name including a path (/) to avoid accidental conflicts with other finalizer writers',
    'metadata.finalizers: "mine": prefer a domain-qualified finalizer name to avoid accidental conflicts with other finalizer writers',
  ])
  assert.deepEqual(finalizerWarnings(object('mine'), object('mine')), [])
})
