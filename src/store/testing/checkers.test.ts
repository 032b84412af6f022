import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { StoreEvent } from '../store.ts'
import {
  type Acknowledged,
  crashViolations,
  type Survivors,
  type Truth,
  type Watched,
  watchViolations,
} from './checkers.ts'

const bytes = (value: string) => new TextEncoder().encode(value)
const put = (revision: number, key: string, value: string, previous?: string): StoreEvent => ({
  type: 'put',
  revision,
  entry: { key, value: bytes(value), createRevision: 1, modRevision: revision },
  previous:
    previous === undefined
      ? undefined
      : { key, value: bytes(previous), createRevision: 1, modRevision: 1 },
})

const truth: Truth = [
  { revision: 1, changes: [{ key: '/a', value: '1', previous: undefined }] },
  {
    revision: 2,
    changes: [
      { key: '/a', value: '2', previous: '1' },
      { key: '/b', value: '2', previous: undefined },
    ],
  },
  { revision: 4, changes: [{ key: '/b', value: '4', previous: '2' }] },
]
const right: Watched = {
  prefix: '/',
  after: 0,
  upTo: 4,
  groups: [
    [put(1, '/a', '1')],
    [put(2, '/a', '2', '1'), put(2, '/b', '2')],
    [put(4, '/b', '4', '2')],
  ],
}
const [first = [], second = [], third = []] = right.groups

const wrongWatches: Record<string, { groups: Watched['groups']; says: RegExp }> = {
  'a gap': { groups: [first, third], says: /revision 2 was not told/ },
  'a lost last event': { groups: [first, second], says: /revision 4 was not told/ },
  'a duplicate': { groups: [first, second, second, third], says: /revision 2 was told twice/ },
  'a wrong order': { groups: [first, third, second], says: /revision 2 was told after 4/ },
  'a split commit': {
    groups: [first, second.slice(0, 1), second.slice(1), third],
    says: /revision 2 (told|was told twice)/,
  },
  'a group of two revisions': { groups: [first, [...second, ...third]], says: /exactly one/ },
  'half a commit': { groups: [first, second.slice(1), third], says: /revision 2 told/ },
  'another value': { groups: [first, second, [put(4, '/b', 'x', '2')]], says: /revision 4 told/ },
  'another previous value': {
    groups: [first, second, [put(4, '/b', '4', 'x')]],
    says: /revision 4 told/,
  },
  'an invented event': { groups: [first, second, [put(3, '/c', '3')], third], says: /3 told/ },
}

test('a right watch passes', () => {
  assert.deepEqual(watchViolations(truth, right), [])
  const later = { prefix: '/b', after: 2, upTo: 4, groups: [third] }
  assert.deepEqual(watchViolations(truth, later), [])
})

for (const [name, { groups, says }] of Object.entries(wrongWatches)) {
  test(`the watch checker catches ${name}`, () => {
    assert.match(watchViolations(truth, { ...right, groups }).join('\n'), says)
  })
}

const writes: Acknowledged[] = [
  { key: '/a', value: 'old', revision: 1 },
  { key: '/a', value: 'new', revision: 3 },
  { key: '/b', value: 'kept', revision: 2 },
  { key: '/c', value: 'gone', revision: 4 },
  { key: '/c', value: undefined, revision: 5 },
]
const survivors = (changed: Record<string, [string, number] | undefined>, revision = 5) => {
  const entries: Survivors['entries'] = new Map(
    Object.entries({ '/a': ['new', 3] as const, '/b': ['kept', 2] as const, ...changed }).flatMap(
      ([key, held]) => (held ? [[key, { value: held[0], modRevision: held[1] }]] : []),
    ),
  )
  return { revision, entries }
}

test('a right recovery passes, also with an unacknowledged write on top', () => {
  assert.deepEqual(crashViolations(writes, survivors({})), [])
  assert.deepEqual(crashViolations(writes, survivors({ '/a': ['newer', 6] }, 6)), [])
  const deleted = { ...survivors({ '/b': undefined }), unsettledDeletes: new Set(['/b']) }
  assert.deepEqual(crashViolations(writes, deleted), [])
})

const wrongRecoveries: Record<string, { survivors: Survivors; says: RegExp }> = {
  'a lost write': { survivors: survivors({ '/b': undefined }), says: /\/b was kept at 2/ },
  'an older value': { survivors: survivors({ '/a': ['old', 1] }), says: /\/a was new at 3/ },
  'a resurrected key': { survivors: survivors({ '/c': ['gone', 4] }), says: /\/c was undefined/ },
  'a revision that went back': { survivors: survivors({}, 4), says: /went back from 5 to 4/ },
}

for (const [name, wrong] of Object.entries(wrongRecoveries)) {
  test(`the crash checker catches ${name}`, () => {
    assert.match(crashViolations(writes, wrong.survivors).join('\n'), wrong.says)
  })
}

test('the crash checker catches a revision that was used twice', () => {
  const twice = [...writes, { key: '/d', value: 'd', revision: 5 }]
  const all = survivors({ '/d': ['d', 5] })
  assert.match(crashViolations(twice, all).join('\n'), /revision 5 was used twice/)
})
