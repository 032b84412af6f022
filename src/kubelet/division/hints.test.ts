import assert from 'node:assert/strict'
import { test } from 'node:test'
import { count, type Hint, judge, mergeHints, setsOf } from './hints.ts'
import { numbersFrom } from './testing/machines.ts'

const of = (nodes: number | undefined, preferred = true): Hint => ({ nodes, preferred })
const NODES = [0, 1]

test('the narrowest set that all prefer wins, the lower nodes before the higher', () => {
  const free = [of(0b01), of(0b10), of(0b11, false)]
  assert.deepEqual(mergeHints([free, free], 0b11), of(0b01))
  assert.deepEqual(mergeHints([free, [of(0b10), of(0b11, false)]], 0b11), of(0b10))
  assert.deepEqual(mergeHints([[of(0b01)], [of(0b10)]], 0b11), of(0b11, false), 'they never meet')
  assert.deepEqual(mergeHints([], 0b11), of(0b11))
  assert.deepEqual(mergeHints([[of(undefined)], [of(0b10)]], 0b11), of(0b10))
})

test('what is preferred is so only where all want the very same set', () => {
  assert.deepEqual(mergeHints([[of(0b11)], [of(0b01)]], 0b11), of(0b01, false))
})

test('policies: one admits anything, one what is preferred, one what fits in a single node', () => {
  const across = { cpu: [of(0b11)] }
  const anywhere = { cpu: [of(0b01), of(0b10), of(0b11, false)] }
  const nowhere = { cpu: [] }
  const verdict = (policy: Parameters<typeof judge>[0], hints: object) =>
    judge(policy, NODES, [hints as never]).admitted
  for (const [hints, expected] of [
    [across, [true, true, true, false]],
    [anywhere, [true, true, true, true]],
    [nowhere, [true, true, false, false]],
    [{ cpu: [of(0b11, false)] }, [true, true, false, false]],
  ] as const)
    assert.deepEqual(
      (['none', 'best-effort', 'restricted', 'single-numa-node'] as const).map(policy =>
        verdict(policy, hints),
      ),
      expected,
      JSON.stringify(hints),
    )
  assert.equal(judge('single-numa-node', NODES, []).admitted, true, 'who wants nothing is welcome')
})

test('sets come with the small ones first', () => {
  assert.deepEqual(setsOf([0, 1, 2]), [1, 2, 4, 3, 5, 6, 7])
})

test('whatever is told: the answer is common to hints of each list, and preferred only if there is such a choice', () => {
  const next = numbersFrom(3)
  for (let round = 0; round < 2000; round++) {
    const lists = Array.from({ length: 1 + next(3) }, () =>
      Array.from({ length: 1 + next(4) }, () => of(1 + next(15), next(2) === 0)),
    )
    const merged = mergeHints(lists, 0b1111)
    const agreed = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15].filter(nodes =>
      lists.every(list => list.some(hint => hint.preferred && hint.nodes === nodes)),
    )
    assert.equal(merged.preferred, agreed.length > 0)
    if (agreed.length > 0)
      assert.equal(count(merged.nodes ?? 0), Math.min(...agreed.map(count)), 'the narrowest')
    const reachable = lists.reduce<number[]>(
      (sets, list) => sets.flatMap(set => list.map(hint => set & (hint.nodes ?? 0))),
      [0b1111],
    )
    if (reachable.some(Boolean)) assert.ok(reachable.includes(merged.nodes ?? 0))
    else assert.deepEqual(merged, of(0b1111, false))
  }
})
