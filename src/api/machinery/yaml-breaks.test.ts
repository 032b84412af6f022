import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cpuMs } from '#base/testing/cpu-time.ts'
import { isStatus } from './status.ts'
import { parseYaml } from './yaml.ts'

const read = (text: string) => parseYaml(new TextEncoder().encode(text))
const [NEL, LS, PS] = ['\u0085', '\u2028', '\u2029']

test('in quotes the ends of lines of YAML 1.1 are read as upstream reads them', () => {
  // What sigs.k8s.io/yaml v1.6.0 makes of each.
  for (const [text, value] of [
    [`a: "x${LS}y"`, `x${LS}y`],
    [`a: 'x${PS}y'`, `x${PS}y`],
    [`a: "x ${LS}  y"`, `x${LS}y`],
    [`a: 'x \t${PS} y'`, `x${PS}y`],
    [`{"a":"x ${LS} y"}`, `x${LS}y`],
    [`a: "x${NEL}y"`, 'x y'],
    [`a: 'x ${NEL}  y'`, 'x y'],
    ['a: "x \\u2028 y"', `x ${LS} y`],
    ['a: "x \\N y"', `x ${NEL} y`],
  ] as const)
    assert.deepEqual(read(text), { a: value }, JSON.stringify(text))
  const both = { a: 'v v', b: `c${PS}d` }
  assert.deepEqual(read(`a: "v ${NEL} v"\nb: 'c ${PS} d'`), both)
  assert.deepEqual(read(`{"a": "v ${NEL} v","b":"c ${PS} d"}`), both)
})

test('a megabyte of blanks around one is no more work than it is long', () => {
  const blanks = ' '.repeat(500_000)
  assert.deepEqual(read(`a: "x${blanks}y${blanks}${LS}${blanks}z"`), { a: `x${blanks}y${LS}z` })
})

test('elsewhere they are letters here, where upstream sees a line end', () => {
  // Upstream: `could not find expected ':'` for both, as what follows is not indented.
  assert.deepEqual(read(`a: x${LS}y`), { a: `x${LS}y` })
  assert.deepEqual(read(`a: |\n  x${LS}y\n  z\n`), { a: `x${LS}y\nz\n` })
  // Upstream: {"a":1,"b":2} and {"a":1}.
  assert.deepEqual(read(`a: 1${LS}\nb: 2`), { a: `1${LS}`, b: 2 })
  assert.equal(read(`# c${LS}a: 1`), null)
})

test('a text of too many lines is refused as soon with such an end of a line in it', () => {
  const lines = '- a\n'.repeat(700_000)
  const refusal = (text: string) => {
    const begun = cpuMs()
    assert.throws(
      () => read(text),
      thrown => isStatus(thrown, 'RequestEntityTooLarge'),
    )
    return cpuMs() - begun
  }
  refusal(lines)
  const plain = refusal(lines)
  assert.ok(refusal(`${lines}- "${LS}"\n`) < 4 * plain + 100)
})
