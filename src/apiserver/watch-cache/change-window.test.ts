import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { StoredObject } from '../storage/stored-object.ts'
import { CacheEvent } from './cache-event.ts'
import { ChangeWindow, WindowBudget } from './change-window.ts'

const change = (revision: number) => new CacheEvent(revision, 'ADDED', {} as StoredObject)
const revisionsAfter = (window: ChangeWindow, revision: number) =>
  window.after(revision)?.map(each => each.revision)

test('a window tells all changes after a revision that it still reaches, or nothing', () => {
  const window = new ChangeWindow(new WindowBudget(), 10)
  assert.deepEqual(revisionsAfter(window, 10), [])
  assert.equal(revisionsAfter(window, 9), undefined)
  for (let revision = 11; revision <= 20; revision++) window.push(change(revision), 0)
  assert.deepEqual(revisionsAfter(window, 18), [19, 20])
  assert.ok(window.halve())
  assert.equal(window.start, 15)
  assert.equal(revisionsAfter(window, 14), undefined)
  assert.deepEqual(revisionsAfter(window, 15), [16, 17, 18, 19, 20])
  window.reset(30)
  assert.deepEqual([window.start, window.bytes, window.after(29)], [30, 0, undefined])
})

test('where one commit changed many, none of them is told without the others', () => {
  const window = new ChangeWindow(new WindowBudget(), 1)
  for (const revision of [2, 3, 3, 3]) window.push(change(revision), 0)
  window.halve()
  // The first of the three is gone: who has not seen any of them is not told of two.
  assert.equal(revisionsAfter(window, 2), undefined)
  assert.deepEqual(revisionsAfter(window, 3), [])
})

test('it has some thousand changes at most', () => {
  const window = new ChangeWindow(new WindowBudget(), 0)
  for (let revision = 1; revision <= 100_000; revision++) {
    window.push(change(revision), 1)
    const count = 100_000 - window.start
    assert.ok(window.after(window.start)?.length === revision - window.start, `${count}`)
    assert.ok(revision - window.start < 2000)
  }
})

test('together windows hold what they may, and those that hold most give it up', () => {
  const limit = 1_000_000
  const budget = new WindowBudget(limit)
  const [quiet, busy, large] = [1, 1, 1].map(start => new ChangeWindow(budget, start))
  assert.ok(quiet && busy && large)
  let revision = 1
  for (let turn = 0; turn < 1000; turn++) {
    if (turn % 100 === 0) quiet.push(change(++revision), 100)
    busy.push(change(++revision), 100)
    large.push(change(++revision), 20_000)
    assert.ok(quiet.bytes + busy.bytes + large.bytes <= limit)
  }
  assert.equal(quiet.start, 1)
  assert.equal(quiet.after(1)?.length, 10)
  assert.ok(large.start > busy.start)
  const newest = large.after(large.start)?.at(-1)?.revision
  assert.equal(newest, revision)
  // One change alone stays, however large it is.
  quiet.push(change(++revision), 2 * limit)
  assert.deepEqual(revisionsAfter(quiet, revision - 1), [revision])
  assert.deepEqual(
    [busy, large].map(({ start }) => start < revision),
    [true, true],
  )
})

test('what is forgotten or closed leaves its part to others', () => {
  const budget = new WindowBudget(100_000)
  let revision = 0
  const fill = (window: ChangeWindow) => {
    for (let turn = 0; turn < 9; turn++) window.push(change(++revision), 9_300)
    return window
  }
  const first = fill(new ChangeWindow(budget, 0))
  first.reset(++revision)
  const second = fill(new ChangeWindow(budget, revision))
  assert.equal(second.after(second.start)?.length, 9)
  second.close()
  const third = fill(new ChangeWindow(budget, revision))
  assert.equal(third.after(third.start)?.length, 9)
  const fourth = fill(new ChangeWindow(budget, revision))
  assert.ok(third.bytes + fourth.bytes <= 100_000)
})
