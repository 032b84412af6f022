/** The texts of upstream's API server, of which these are a choice. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseYaml } from './yaml.ts'
import { writeYaml } from './yaml-writer.ts'

/** Of a value behind a key, without both. */
const written = (value: unknown) => writeYaml({ a: value }).slice('a: '.length, -1)

const plain = ['a', 'a:b', 'a#b', '-a', "-'#a", 'nO', '_1', '0o8', '1:60', '1e400', '1.2.3', 'a, b']
const double = ['', 'yes', 'N', 'Off', '~', 'Null', '.5', '-.INF', '0x1f', '017', '0B1', '1_000']
const others = ['08', '1.', '12e03', '12:30', '190:20:30.15', '2026-01-02', '2026-1-2 3:04:05']

test('texts are quoted where they would mean something else, in double quotes', () => {
  for (const text of plain) assert.equal(written(text), text)
  for (const text of [...double, ...others]) assert.equal(written(text), `"${text}"`)
  assert.equal(written('2026-02-30'), '2026-02-30')
  assert.equal(written('<<'), '"<<"')
})

test('texts with marks of YAML are in single quotes, unprintable ones escaped', () => {
  const marked = ['a: b', 'a:', 'a #b', ' a', 'a ', '- a', '?', '[a', '!a', '@a', '"a', '--- a']
  for (const text of marked) assert.equal(written(text), `'${text}'`)
  assert.equal(written("it's: x"), "'it''s: x'")
  assert.equal(
    written('\t\0\x01"\\\x85\u2028\ufeff😀é'),
    '"\\t\\0\\x01\\"\\\\\\N\\L\\uFEFF\\U0001F600é"',
  )
})

test('lines stand below each other where they can', () => {
  assert.equal(written('b\nc'), '|-\n  b\n  c')
  assert.equal(
    writeYaml({ a: 'b\n', c: '\n', d: ' e\n\n' }),
    'a: |\n  b\nc: |2+\n\nd: |2+\n   e\n\n',
  )
  assert.equal(written('b \nc'), '"b \\nc"')
  assert.equal(written('b\n\tc'), '"b\\n\\tc"')
})

test('long texts are folded behind the 80th column', () => {
  const words = (word: string) => `${word} `.repeat(30).trim()
  const lines = (text: string) => text.split('\n').map(line => line.length)
  assert.deepEqual(lines(written(words('word'))), [79, 71])
  assert.deepEqual(lines(written(words("it's:"))), [84, 85, 44])
  assert.equal(
    written(`${'x'.repeat(90)}  y z "\x01" `),
    `"${'x'.repeat(90)}\n  \\ y z \\"\\x01\\"\n  "`.replace('\n  "', ' "'),
  )
  assert.equal(written(`${'x'.repeat(90)}  y z`), `${'x'.repeat(90)}  y\n  z`)
})

test('keys are in order, numbers within them by value; long ones and those of several lines stand alone', () => {
  const keys = ['-', '_', '1', '2', '10', 'A', 'a', 'a-1', 'a1', 'a10', 'a1b', 'a01', 'a9', 'é']
  assert.equal(
    writeYaml(Object.fromEntries(keys.toReversed().map(key => [key, null])))
      .replaceAll(/: null\n/g, ' ')
      .replaceAll(/['"]/g, ''),
    `${keys.join(' ')} `,
  )
  const long = 'k'.repeat(129)
  assert.equal(
    writeYaml({ [long]: [1, [2]], 'a\nb': { c: 1, d: 2 } }),
    `? |-\n  a\n  b\n: c: 1\n  d: 2\n? ${long}\n: - 1\n  - - 2\n`,
  )
})

test('items stand below the key, blocks within items beside the dash', () => {
  const value = { a: [[1, [2, { b: [], c: {} }]], { x: ['b\nc'], y: true }], z: undefined }
  assert.equal(
    writeYaml(value),
    'a:\n- - 1\n  - - 2\n    - b: []\n      c: {}\n- x:\n  - |-\n    b\n    c\n  "y": true\n',
  )
  assert.equal(writeYaml('a'), 'a\n')
  assert.equal(writeYaml([{}]), '- {}\n')
})

test('numbers are written as Go writes them', () => {
  const numbers = [3, -0.1, 1e20, 1e21, 1e-7, 12345678.9, 0.00001234, 123456.5, 2 ** 63, 5n, 0.0001]
  assert.deepEqual(numbers.map(written), [
    '3',
    '-0.1',
    '1e+20',
    '1e+21',
    '1e-07',
    '1.23456789e+07',
    '1.234e-05',
    '123456.5',
    '9223372036854775808',
    '5',
    '0.0001',
  ])
})

test('whatever is written is read again', () => {
  const marks = [
    'a',
    ' ',
    '\n',
    ':',
    '#',
    "'",
    '"',
    '-',
    '\u2028',
    '1',
    '\t',
    '[',
    '?',
    '\x85',
    '.',
  ]
  const texts = [...plain, ...double, ...others]
  for (const one of marks)
    for (const two of marks)
      for (const three of marks)
        texts.push(one + two + three, `${one}${'x '.repeat(50)}${two}${three}`)
  for (const text of texts) {
    const value = { [text]: text, b: [text, { c: text }] }
    assert.deepEqual(parseYaml(Buffer.from(writeYaml(value))), value, JSON.stringify(text))
  }
})

test('numbers that JSON does not have are written, and refused where they are read', () => {
  const all = { '.inf': Number.POSITIVE_INFINITY, '-.inf': Number.NEGATIVE_INFINITY, '.nan': NaN }
  for (const [text, value] of Object.entries(all)) {
    const written = writeYaml([value])
    assert.equal(written.trim(), `- ${text}`)
    assert.throws(() => parseYaml(Buffer.from(written)), /: json: unsupported value: /)
  }
})
