import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readLogQuery } from './query.ts'

/** What upstream's kubelet of v1.36.3 answered. */
const REFUSALS: Readonly<Record<string, string>> = {
  'query=kubelet&tailLines=-1':
    'tailLines: Invalid value: -1: must be between 0 and 100000, inclusive',
  'query=kubelet&tailLines=100001':
    'tailLines: Invalid value: 100001: must be between 0 and 100000, inclusive',
  'query=kubelet&tailLines=x':
    'tailLines: Invalid value: "x": strconv.Atoi: parsing "x": invalid syntax',
  'query=kubelet&sinceTime=2023-01-02T00:00:00Z&untilTime=2023-01-01T00:00:00Z':
    'untilTime: Invalid value: "2023-01-01T00:00:00Z": must be after `sinceTime`',
  'query=kubelet&sinceTime=yesterday': 'sinceTime: Invalid value: "yesterday": invalid time format',
  'query=kubelet&boot=1': 'boot: Invalid value: 1: must be less than 1',
  'query=kubelet&boot=x': 'boot: Invalid value: "x": strconv.Atoi: parsing "x": invalid syntax',
  'query=/dpkg.log&tailLines=2':
    'query: Invalid value: ["/dpkg.log"]: cannot specify file with options',
  'query=/dpkg.log&query=kubelet':
    'query: Invalid value: "[/dpkg.log], [kubelet]": cannot specify a file and service',
  'query=/dpkg.log&query=/alternatives.log':
    'query: Invalid value: ["/dpkg.log","/alternatives.log"]: cannot specify more than one file',
  'query=': 'query: Invalid value: [""]: may not be empty',
  'query=%20': 'query: Invalid value: [" "]: may not be empty',
  'query=foo%20bar': 'query: Invalid value: "foo bar": input contains unsupported characters',
  'query=foo%26bar': 'query: Invalid value: "foo&bar": input contains unsupported characters',
  'query=foo*': 'query: Invalid value: "foo*": input contains unsupported characters',
  'query=foo%0Abar': 'query: Invalid value: "foo\\nbar": input contains unsupported characters',
  'query=a&query=b&query=c&query=d&query=e': 'query: Too many: 5: must have at most 4 items',
  'tailLines=10': 'query: Required value: cannot be empty with options',
  'pattern=x': 'query: Required value: cannot be empty with options',
}

test('what is wrong is told in upstream’s words', () => {
  const problems = Object.keys(REFUSALS).map(search => [search, readLogQuery(search).problem])
  assert.deepEqual(Object.fromEntries(problems), REFUSALS)
  assert.deepEqual(
    ['query=', 'query=a&boot=x', 'query=a&boot=1', 'boot=0'].map(
      search => readLogQuery(search).status,
    ),
    [400, 400, 406, 406],
  )
  assert.equal(
    readLogQuery('query=kubelet&boot=1&tailLines=-1').problem,
    '[boot: Invalid value: 1: must be less than 1, tailLines: Invalid value: -1: must be between 0 and 100000, inclusive]',
  )
  for (const word of ['$(x)', 'a`b`', 'a|b', 'a"b', "a'b", 'a=b', 'a[b]', 'a?b', 'ä'])
    assert.match(
      readLogQuery(`query=${encodeURIComponent(word)}`).problem ?? '',
      /unsupported characters$/,
    )
})

test('what is asked for is read', () => {
  const { query } = readLogQuery(
    'query=kubelet&query=foo%40bar&sinceTime=2023-01-01T00:00:00.5%2B02:00&untilTime=2023-01-02T00:00:00Z&tailLines=3&pattern=a+b&boot=-1&boot=0',
  )
  assert.deepEqual(query, {
    services: ['kubelet', 'foo@bar'],
    file: undefined,
    sinceMs: Date.parse('2022-12-31T22:00:00.5Z'),
    untilMs: Date.parse('2023-01-02T00:00:00Z'),
    lastLines: 3,
    pattern: 'a b',
    boot: -1,
  })
  assert.equal(readLogQuery('query=/apt/history.log').query?.file, '/apt/history.log')
  assert.equal(readLogQuery('query=kubelet&tailLines=').query?.lastLines, undefined)
})

test('what queries nothing is a page of logs', () => {
  for (const search of ['foo=bar', 'query=;ls', 'query=%zz', '']) {
    assert.deepEqual(readLogQuery(search), {})
  }
})
