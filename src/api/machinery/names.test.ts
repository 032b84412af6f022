import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import * as names from './names.ts'

type Rule = (text: string) => string[]
const RULES: readonly [rule: Rule, good: readonly string[], bad: readonly string[]][] = [
  [
    names.isDns1123Label,
    ['a', '1a', 'a-b', 'a'.repeat(63)],
    ['', 'A', '-a', 'a-', 'a.b', 'a'.repeat(64), 'ä', 'a\n'],
  ],
  [
    names.isDns1123Subdomain,
    ['a', 'a.b', '1.2', 'a'.repeat(253)],
    ['', '.', 'a..b', 'a.', 'A.b', 'a'.repeat(254)],
  ],
  [names.isDns1035Label, ['a', 'a1', 'a-b'], ['', '1a', 'a.b', 'a-']],
  [names.isWildcardDns1123Subdomain, ['*.a.b'], ['*', 'a.b', '*.*.a', '*a.b']],
  [
    names.isQualifiedName,
    ['a', 'A_b.c-1', 'example.com/a', 'a'.repeat(63)],
    ['', '/', '/a', 'a/', 'a/b/c', 'X/a', '-a', 'a'.repeat(64)],
  ],
  [names.isLabelValue, ['', 'a', 'A_b.c-1'], ['-', 'a-', 'a b', 'a'.repeat(64)]],
  [names.isPathSegment, ['a', 'a:b', '', '...', 'system:node'], ['.', '..', 'a/b', 'a%b']],
  [names.isCIdentifier, ['a', '_1'], ['1', 'a-b', '']],
  [names.isEnvironmentName, ['A', 'my.env-name'], ['1', '', 'a=b', '..', '..a', '.']],
  [names.isRelaxedEnvironmentName, ['1', 'a b', '..'], ['', 'a=b', 'ä', 'a\n']],
  [
    names.isConfigMapKey,
    ['a.b', '..data'.slice(1)],
    ['', 'a/b', '.', '..', '..data', 'a'.repeat(254)],
  ],
  [names.isPortName, ['http', 'a-1'], ['', 'HTTP', '80', 'a--b', '-a', 'a-', 'a'.repeat(16)]],
  [names.isPercent, ['1%', '100%'], ['1', '%', '-1%', '1.5%']],
  [names.isHttpHeaderName, ['X-A'], ['', 'X_A', 'a b']],
]

test('each rule takes what is good and says what is wrong with the rest', () => {
  for (const [rule, good, bad] of RULES) {
    for (const text of good) assert.deepEqual(rule(text), [], `${rule.name} ${text}`)
    for (const text of bad) {
      const wrong = rule(text)
      assert.ok(wrong.length > 0, `${rule.name} accepted ${JSON.stringify(text)}`)
      for (const message of wrong) assert.match(message, /\w/)
    }
  }
})

test('the words are those that clients know', () => {
  assert.deepEqual(names.isDns1123Subdomain('A'), [
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
  ])
  assert.deepEqual(names.isDns1123Label('a.b'), ['must not contain dots'])
  assert.deepEqual(names.isDns1035Label('1'.repeat(64)), [
    'must be no more than 63 characters',
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')",
  ])
  assert.deepEqual(names.isQualifiedName('a/'), [
    'name part must be non-empty',
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
  ])
  assert.deepEqual(names.isPathSegment('..'), ["may not be '..'"])
  assert.deepEqual(names.isPortNumber(0), ['must be between 1 and 65535, inclusive'])
})

const codePoint = fc.integer({ min: 0, max: 0x10ffff }).map(code => String.fromCodePoint(code))
test('bytes are counted as UTF-8 has them', () => {
  fc.assert(
    fc.property(fc.string({ unit: codePoint }), text => {
      assert.equal(names.utf8Length(text), new TextEncoder().encode(text).length)
    }),
  )
  assert.equal(names.utf8Length('\ud800x'), 4)
})

test('long texts are checked in linear time', () => {
  const long = `${'a'.repeat(1_000_000)}!`
  for (const [rule] of RULES) {
    // A rule that looks at each pair of letters would take an hour; on the slowest machine a linear one takes a second.
    const { user } = process.cpuUsage()
    rule(long)
    rule(`${'a.'.repeat(500_000)}!`)
    assert.ok(process.cpuUsage().user - user < 10_000_000, rule.name)
  }
})
