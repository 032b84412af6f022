import assert from 'node:assert/strict'
import { test } from 'node:test'
import { urlParts } from './go-url.ts'

test('a URL is taken apart as it is written', () => {
  assert.deepEqual(urlParts('HTTPS://me@a.example.com:1/x?a=b#c'), {
    scheme: 'https',
    user: 'me',
    host: 'a.example.com:1',
    query: 'a=b',
    fragment: 'c',
  })
  assert.deepEqual(
    [urlParts('x').host, urlParts('https:x').host, urlParts('///x').host],
    ['', '', ''],
  )
})

for (const [text, why] of [
  ['https://a b/x', 'invalid character " " in host name'],
  ['https://[::1/x', "missing ']' in host"],
  ['https://::1/x', 'invalid port "::1" after host'],
  ['https://a:port/x', 'invalid port ":port" after host'],
  ['https://a/%zz', 'invalid URL escape "%zz"'],
  ['https://a/\n', 'net/url: invalid control character in URL'],
  [' https://a', 'first path segment in URL cannot contain colon'],
  [':x', 'missing protocol scheme'],
] as const)
  test(`no URL: ${JSON.stringify(text)}`, () => {
    assert.throws(() => urlParts(text), { message: why })
  })
