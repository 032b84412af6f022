import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Commit, History } from './history.ts'

const commit = (revision: number, previousBytes = 0, timeMs = revision): Commit => {
  const entry = { key: '/a', createRevision: 1 }
  const previous =
    previousBytes > 0
      ? { ...entry, value: new Uint8Array(previousBytes), modRevision: revision - 1 }
      : undefined
  const value = new Uint8Array(1)
  const now = { ...entry, value, modRevision: revision }
  return { revision, timeMs, events: [{ type: 'put', revision, entry: now, previous }] }
}
const history = (...commits: Commit[]) => {
  const made = new History()
  for (const one of commits) made.push(one)
  return made
}
const revisions = (commits: readonly Commit[]) => commits.map(({ revision }) => revision)
const limits = { ageMs: 1e9, events: 1e9, bytes: 1e9 }

test('it answers from any revision, also one between commits', () => {
  const some = history(commit(2), commit(3), commit(7), commit(9))
  assert.deepEqual(revisions(some.after(0)), [2, 3, 7, 9])
  assert.deepEqual(revisions(some.after(3)), [7, 9])
  assert.deepEqual(revisions(some.after(5)), [7, 9])
  assert.deepEqual(revisions(some.after(9)), [])
  assert.deepEqual(revisions(some.drop(4)), [2, 3])
  assert.deepEqual(revisions(some.drop(4)), [])
  assert.deepEqual(revisions(some.after(0)), [7, 9])
  assert.deepEqual(revisions(some.drop(100)), [7, 9])
  some.push(commit(101))
  assert.deepEqual(revisions(some.after(0)), [101])
})

test('each limit asks for as much to go as is beyond it', () => {
  const some = history(...[1, 2, 3, 4, 5].map(revision => commit(revision, 1000)))
  assert.equal(some.excess(limits, 100, 10), undefined)
  assert.equal(some.excess({ ...limits, events: 2 }, 100, 10), 3)
  assert.equal(some.excess({ ...limits, bytes: 5000 }, 100, 10), 2)
  assert.equal(some.excess({ ...limits, ageMs: 96 }, 100, 10), 3)
  assert.equal(some.excess({ ...limits, ageMs: 96 }, undefined, 10), undefined)
  assert.equal(some.excess({ ...limits, events: 0 }, 100, 10), 5)
})

test('one step of forgetting stays short', () => {
  const some = history(...[1, 2, 3, 4, 5].map(revision => commit(revision)))
  assert.equal(some.excess({ ...limits, events: 0 }, 100, 2), 2)
  some.drop(2)
  assert.equal(some.excess({ ...limits, events: 0 }, 100, 2), 4)
})
