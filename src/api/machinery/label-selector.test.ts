import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  everything,
  labelMatcherOf,
  labelMatcherOfSet,
  nothing,
  parseLabelSelector,
} from './label-selector.ts'
import { isStatus } from './status.ts'

const labels = { app: 'web', tier: 'front', size: '12', empty: '' }
const CASES: readonly [selector: string, canonical: string, matches: boolean][] = [
  ['', '', true],
  [' ', '', true],
  ['app=web', 'app=web', true],
  ['app == web', 'app==web', true],
  ['app!=web', 'app!=web', false],
  ['none!=web', 'none!=web', true],
  ['tier,app', 'app,tier', true],
  ['!app', '!app', false],
  ['!none', '!none', true],
  ['tier in (front,back)', 'tier in (back,front)', true],
  ['tier notin (front)', 'tier notin (front)', false],
  ['none notin (front)', 'none notin (front)', true],
  ['empty in (,x)', 'empty in (,x)', true],
  ['empty in ()', 'empty in ()', true],
  ['empty=', 'empty=', true],
  ['empty=,app=web', 'app=web,empty=', true],
  ['none=', 'none=', false],
  ['size>11', 'size>11', true],
  ['size<12', 'size<12', false],
  ['app>1', 'app>1', false],
  ['in in (in,notin)', 'in in (in,notin)', false],
  ['example.com/a=b', 'example.com/a=b', false],
  ['constructor', 'constructor', false],
  ['!toString', '!toString', true],
]

test('selectors as text', () => {
  for (const [text, canonical, matches] of CASES) {
    const matcher = parseLabelSelector(text)
    assert.equal(matcher.toString(), canonical, text)
    assert.equal(matcher.matches(labels), matches, text)
    assert.equal(parseLabelSelector(canonical).toString(), canonical)
  }
  assert.equal(parseLabelSelector('app=web').matches(undefined), false)
  assert.equal(parseLabelSelector('!app').matches(undefined), true)
})

test('what cannot be read is a BadRequest in upstream’s words', () => {
  const message = (text: string) => {
    try {
      parseLabelSelector(text)
    } catch (thrown) {
      assert.ok(isStatus(thrown, 'BadRequest'))
      return thrown.message
    }
    return assert.fail(`accepted ${text}`)
  }
  assert.equal(message('=x'), "found '=', expected: !, identifier, or 'end of string'")
  assert.equal(message('a,,b'), "found ',', expected: identifier after ','")
  assert.equal(message('a,'), "found '', expected: identifier after ','")
  assert.equal(
    message('a b'),
    "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt",
  )
  assert.equal(message('a in b'), "unable to parse requirement: found 'b' expected: '('")
  assert.equal(message('!a=b'), "found '=', expected: ',' or 'end of string'")
  assert.equal(message('a=b=c'), "found '=', expected: ',' or 'end of string'")
  assert.equal(message('!a=b'), "found '=', expected: ',' or 'end of string'")
  assert.match(
    message('-a=b'),
    /^unable to parse requirement: <nil>: Invalid value: "-a": name part/,
  )
  assert.match(message('a=!'), /found '!', expected: identifier$/)
  assert.match(message('a in (b'), /found '', expected: ',' or '\)'$/)
  assert.match(message('a>x'), /the value must be an integer$/)
  assert.match(message('a=-'), /values\[0\]\[a\]: Invalid value: "-": a valid label must be/)
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'ab=!(),<> in\tnotin') }), text => {
      try {
        const canonical = parseLabelSelector(text).toString()
        assert.equal(parseLabelSelector(canonical).toString(), canonical)
      } catch (thrown) {
        assert.ok(isStatus(thrown, 'BadRequest'), String(thrown))
      }
    }),
    { numRuns: 1000 },
  )
})

test('selectors of objects', () => {
  assert.equal(labelMatcherOf(undefined), nothing)
  assert.equal(nothing.matches({}), false)
  assert.equal(labelMatcherOf({}), everything)
  assert.equal(everything.matches(undefined), true)
  const matcher = labelMatcherOf({
    matchLabels: { app: 'web' },
    matchExpressions: [
      { key: 'tier', operator: 'In', values: ['front', 'back'] },
      { key: 'none', operator: 'DoesNotExist' },
      { key: 'size', operator: 'Exists' },
      { key: 'size', operator: 'NotIn', values: ['1'] },
    ],
  })
  assert.equal(matcher.toString(), 'app=web,!none,size,size notin (1),tier in (back,front)')
  assert.equal(matcher.matches(labels), true)
  assert.equal(matcher.matches({ ...labels, none: '' }), false)
  for (const operator of ['Near', 'constructor'])
    assert.throws(
      () => labelMatcherOf({ matchExpressions: [{ key: 'a', operator }] }),
      (thrown: Error) => thrown.message === `"${operator}" is not a valid label selector operator`,
    )
  assert.throws(() => labelMatcherOf({ matchExpressions: [{ key: 'a', operator: 'In' }] }))
})

test('a set selects what carries all of it, and text and set agree', () => {
  const word = fc.stringMatching(/^[a-z]{1,3}$/)
  const set = fc.dictionary(word, word, { maxKeys: 4 })
  fc.assert(
    fc.property(set, set, (wanted, present) => {
      const expected = Object.entries(wanted).every(([key, value]) => present[key] === value)
      assert.equal(labelMatcherOfSet(wanted).matches(present), expected)
      const text = Object.entries(wanted)
        .map(([key, value]) => `${key}=${value}`)
        .join()
      assert.equal(parseLabelSelector(text).matches(present), expected)
      assert.equal(
        labelMatcherOf({ matchLabels: wanted }).toString(),
        labelMatcherOfSet(wanted).toString(),
      )
    }),
  )
})
