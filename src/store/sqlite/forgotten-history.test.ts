import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Commit } from '../history.ts'
import { ForgottenHistory } from './forgotten-history.ts'

/** Commits that change keys whose last changes lie so far apart, or keys that were not there. */
function commits(count: number, apart = 2): Commit[] {
  const entry = (modRevision: number) => ({
    key: '/a',
    value: new Uint8Array(),
    createRevision: 1,
    modRevision,
  })
  return Array.from({ length: count }, (_, i) => ({
    revision: 100_000 + i,
    timeMs: 0,
    events: [
      {
        type: 'put',
        revision: 100_000 + i,
        entry: entry(100_000 + i),
        previous: apart > 0 ? entry(1 + apart * i) : undefined,
      },
    ],
  }))
}

test('more are removed than come, however many these are', () => {
  const history = new ForgottenHistory()
  history.add(commits(5000), 200_000)
  assert.equal(history.oldestFor(1).length, 64)
  history.noteSent(200, false)
  assert.equal(history.oldestFor(200).length, 500)
  history.noteSent(200, true)
  assert.equal(history.oldestFor(100).length, 125)
})

test('a few rows wait until there are more, or until somebody wants them gone', () => {
  const history = new ForgottenHistory()
  history.add(commits(63), 200_000)
  assert.equal(history.isDue, false)
  history.hurry()
  assert.equal(history.isDue, true)
  const first = history.oldestFor(0)
  assert.equal(first.length, 64, 'the last tells how far it goes')
  history.removed(first.length)
  assert.equal(history.isDue, false)
  assert.equal(history.oldestFor(0).length, 0)
  history.add(commits(1), 300_000)
  assert.equal(history.isDue, false, 'what comes later is not as urgent')
  history.add(commits(63), 300_000)
  assert.equal(history.isDue, true)
})

test('rows that lie side by side wait for more', () => {
  const history = new ForgottenHistory()
  history.add(commits(252, 1), 200_000)
  assert.equal(history.isDue, false)
  history.add(commits(1, 1), 300_000)
  assert.equal(history.isDue, true)
  history.removed(254)
  assert.equal(history.isDue, false)
})

test('commits that leave no rows behind do not gather without end', () => {
  const history = new ForgottenHistory()
  for (let i = 0; i < 40; i++) history.add(commits(100, 0), 200_000)
  assert.equal(history.isDue, false)
  history.add(commits(100, 0), 200_000)
  assert.equal(history.isDue, true)
})
