import assert from 'node:assert/strict'
import { test } from 'node:test'
import { headersOf } from './http1-headers.ts'

test('what comes several times can be taken apart, and is nobody else’s credential', () => {
  const raw = [
    ...['Accept', 'a', 'X-Team', 'a, b', 'X-Remote-Group', 'c', 'Authorization', 'Bearer one'],
    ...['accept', 'b', 'x-team', 'c', 'x-remote-group', 'd, e', 'AUTHORIZATION', 'Bearer two'],
    ...['Cookie', 'a=1', 'cookie', 'b=2', 'X-More', '1', 'X-More', '2'],
  ]
  assert.deepEqual(
    { ...headersOf(raw, name => name === 'x-team') },
    {
      accept: 'a, b',
      'x-team': 'a, b\nc',
      'x-remote-group': 'c\nd, e',
      authorization: 'Bearer one',
      cookie: 'a=1; b=2',
      'x-more': '1, 2',
    },
  )
})
