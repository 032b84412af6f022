import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { cpuMs } from '#base/testing/cpu-time.ts'
import { duplicateFields, parseJson } from './body.ts'
import { isStatus } from './status.ts'
import { parseYaml } from './yaml.ts'
import { writeYaml } from './yaml-writer.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const badRequest = (thrown: unknown) => isStatus(thrown, 'BadRequest')

/** As JSON.parse would have rounded it. */
const rounded = (value: unknown) =>
  JSON.parse(JSON.stringify(value, (_, part) => (typeof part === 'bigint' ? Number(part) : part)))

test('JSON is read as JSON.parse reads it', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 6 }), text => {
      assert.deepEqual(
        rounded(parseJson(bytes(text))),
        JSON.parse(JSON.stringify(JSON.parse(text))),
      )
    }),
  )
})

test('what is no JSON is a BadRequest', () => {
  for (const text of ['', '{', '{"a":}', '{"a":1}x', 'nope', '\ufeff{}'])
    assert.throws(() => parseJson(bytes(text)), badRequest, text)
})

test('JSON that nests too deep is refused at once, brackets in strings do not count', () => {
  const deep = (levels: number) => bytes('['.repeat(levels) + ']'.repeat(levels))
  assert.doesNotThrow(() => parseJson(deep(1000)))
  assert.throws(() => parseJson(deep(1001)), /exceeded max depth/)
  assert.throws(() => parseJson(deep(1_500_000)), badRequest)
  assert.throws(() => parseJson(bytes('{"a":'.repeat(2000))), badRequest)
  const text = '[{\\"'.repeat(5000)
  assert.deepEqual(parseJson(bytes(`{"a":"${text}","b":"\\\\"}`)), {
    a: '[{"'.repeat(5000),
    b: '\\',
  })
})

test('prototype names are plain keys', () => {
  const parsed = parseYaml(bytes('__proto__: {polluted: 1}\nconstructor: 2')) as object
  assert.deepEqual(Object.keys(parsed), ['__proto__', 'constructor'])
  assert.equal((parsed as { polluted?: number }).polluted, undefined)
  const aliased = parseYaml(bytes('a: &x {__proto__: {polluted: 1}}\nb: *x')) as {
    b: { polluted?: number }
  }
  assert.deepEqual(Object.keys(aliased.b), ['__proto__'])
  assert.equal(aliased.b.polluted, undefined)
})

test('duplicate keys are told by their path, once each', () => {
  const told = (text: string) => duplicateFields(bytes(text))
  assert.deepEqual(told('{"a":1,"b":{"a":1},"c":[{"a":1},{"a":1}]}'), [])
  assert.deepEqual(told('{"a":1,"a":2,"a":3}'), ['a'])
  assert.deepEqual(told('{"spec":{"x":[0,{"y":"{","y":"}"}]},"spec":1}'), ['spec.x[1].y', 'spec'])
  assert.deepEqual(told('{"a\\u0062":1,"ab":2,"__proto__":1,"__proto__":2}'), ['ab', '__proto__'])
  assert.deepEqual(told('{"x":["a","a"],"y":{"a":"a","b":"a"}}'), [])
})

test('a text has duplicates exactly when printing loses keys', () => {
  const key = fc.constantFrom('a', 'b', 'é', '"', '\\', '__proto__')
  fc.assert(
    fc.property(fc.array(key, { maxLength: 8 }), keys => {
      const text = `{"in":[{${keys.map(name => `${JSON.stringify(name)}:"}"`).join(' , ')}}]}`
      const repeated = keys.filter((name, at) => keys.indexOf(name) < at)
      assert.deepEqual(
        duplicateFields(bytes(text)),
        [...new Set(repeated)].map(name => `in[0].${name}`),
      )
    }),
  )
})

test('YAML is read by the rules that manifests were written for', () => {
  const text = [
    'yes: on',
    'mode: 0644',
    'port: 22:22',
    'date: 2026-01-02',
    'text: |',
    '  a',
    'base: &b {x: 1}',
    'more: {<<: *b, z: ~}',
  ].join('\n')
  assert.deepEqual(parseYaml(bytes(text)), {
    true: true,
    mode: 0o644,
    port: '22:22',
    date: '2026-01-02',
    text: 'a\n',
    base: { x: 1 },
    more: { x: 1, z: null },
  })
  assert.deepEqual(parseYaml(bytes('a: 1\n---\na: 2')), { a: 1 })
  assert.equal(parseYaml(bytes('# nothing')), null)
})

test('YAML of JSON is the same value', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 4 }), json => {
      const text = bytes(JSON.stringify(JSON.parse(json)))
      assert.deepEqual(parseYaml(text), parseJson(text))
    }),
    { numRuns: 50 },
  )
})

test('hostile YAML is refused quickly', () => {
  const laughs = 'bcdefghij'
    .split('')
    .map((name, at) => `${name}: &${name} [${Array(9).fill(`*${'abcdefghij'[at]}`).join()}]`)
  const hostile = [
    ['a: &a [x,x]', ...laughs].join('\n'),
    'a: &a [*a]',
    '['.repeat(200_000),
    '- '.repeat(200_000),
    '? '.repeat(100_000),
    '{'.repeat(5000),
    '? {a: 1}\n: 2',
    'a: !custom x',
    'a: [',
    `a: &a {x: 1}\nb: [${Array(2000).fill('*a').join()}]`,
  ]
  for (const text of hostile) {
    const start = cpuMs()
    assert.throws(() => parseYaml(bytes(text)), badRequest, text.slice(0, 40))
    assert.ok(cpuMs() - start < 1000, `${text.slice(0, 40)} took too long`)
  }
})

test('only the first YAML document is read, whatever stands around it', () => {
  const read = (text: string) => parseYaml(bytes(text))
  for (const text of [
    'a: 1\n---\nb: [',
    '---\na: 1\n---\nb: [',
    '# why\n%YAML 1.2\n--- # here\na: 1\n...\nb: [',
    '\n  \n---\r\na: 1\r\n---\r\nb: [',
    ' a: 1\n---\nb: [',
  ])
    assert.deepEqual(read(text), { a: 1 }, text)
  assert.deepEqual(read('a: |\n  ---\n  b\n'), { a: '---\nb\n' })
  assert.deepEqual(read('a: ---x\n'), { a: '---x' })
  assert.equal(read('---\n'), null)
})

test('bodies of too many values are refused before they cost anything', () => {
  const tooLarge = (thrown: unknown) => isStatus(thrown, 'RequestEntityTooLarge')
  const many = (count: number) => `[${Array(count).fill('","').join()}]`
  assert.doesNotThrow(() => parseJson(bytes(many(49_000))))
  assert.throws(() => parseJson(bytes(many(51_000))), tooLarge)
  assert.throws(() => parseYaml(bytes(many(51_000))), tooLarge)
  assert.throws(() => parseYaml(bytes('a: 1\n'.repeat(300_000))), tooLarge)
})

test('YAML is written with its keys in order, long numbers as they are, and at once however deep it is', () => {
  assert.equal(
    writeYaml({ b: 9223372036854775807n, a: ['yes', '12:30', null], c: {} }),
    'a:\n- "yes"\n- "12:30"\n- null\nb: 9223372036854775807\nc: {}\n',
  )
  let deep: unknown = 1
  for (let level = 0; level < 900; level++) deep = { a: deep }
  const text = writeYaml(deep)
  // Indentation alone would be some 800 KB.
  assert.ok(text.length < 20_000, `${text.length} bytes`)
  assert.deepEqual(parseYaml(bytes(text)), deep)
})
