import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Mvcc } from '../../mvcc.ts'
import { encode } from '../recorder.ts'
import { Dice } from './dice.ts'
import { applied, DiskModel } from './disk-model.ts'
import { fates } from './fates.ts'
import { longValue, type Note, TortureHistory } from './history.ts'
import { stateViolations } from './judge.ts'
import type { Step } from './trace.ts'

const write = (file: number, offset: number, text: string): Step => ({
  type: 'write',
  file,
  offset,
  bytes: Buffer.from(text),
})
const create = (file: number, name: string): Step => ({
  type: 'open',
  file,
  name,
  isNew: true,
  isDirectory: false,
})
const directory: Step = { type: 'open', file: 9, name: '.', isNew: false, isDirectory: true }
const sync = (file: number, number: number): Step[] => [
  { type: 'sync', file, number },
  { type: 'synced', file, number },
]

function after(steps: readonly Step[], fate = 'nothing', before?: Map<string, Buffer>) {
  const disk = new DiskModel(before)
  for (const step of steps) disk.apply(step)
  const files = disk.crash(fates[fate]?.(new Dice(1)) as never)
  return Object.fromEntries([...files].map(([name, bytes]) => [name, bytes.toString()]))
}

test('without a sync of its file nothing stays, and without one of its directory no name', () => {
  const begin = [directory, create(1, 'a'), write(1, 0, 'hello')]
  assert.deepEqual(after(begin), {})
  assert.deepEqual(after(begin, 'everything'), { a: 'hello' })
  assert.deepEqual(after([...begin, ...sync(1, 1)]), {})
  assert.deepEqual(after([...begin, ...sync(9, 1)]), { a: '' })
  assert.deepEqual(after([...begin, ...sync(1, 1), ...sync(9, 2)]), { a: 'hello' })
  const later = [...begin, ...sync(1, 1), ...sync(9, 2), write(1, 1, 'i')]
  assert.deepEqual(after(later), { a: 'hello' })
  assert.deepEqual(after([...later, { type: 'sync', file: 1, number: 3 }]), { a: 'hello' })
  assert.deepEqual(after([...later, ...sync(1, 3)]), { a: 'hillo' })
})

test('what is written while a sync runs is not covered by it', () => {
  const steps: Step[] = [
    directory,
    create(1, 'a'),
    ...sync(9, 1),
    write(1, 0, 'one'),
    { type: 'sync', file: 1, number: 2 },
    write(1, 0, 'two'),
    { type: 'synced', file: 1, number: 2 },
  ]
  assert.deepEqual(after(steps), { a: 'one' })
})

test('renames, links and removals wait for their directory, files keep their bytes', () => {
  const before = new Map([
    ['old', Buffer.from('old')],
    ['other', Buffer.from('other')],
  ])
  const steps: Step[] = [
    directory,
    create(1, 'new'),
    write(1, 0, 'new'),
    ...sync(1, 1),
    { type: 'link', from: 'old', to: 'kept' },
    { type: 'rename', from: 'new', to: 'old' },
    { type: 'unlink', name: 'other' },
  ]
  assert.deepEqual(after(steps, 'nothing', before), { old: 'old', other: 'other' })
  const done = { kept: 'old', old: 'new' }
  assert.deepEqual(after(steps, 'everything', before), done)
  assert.deepEqual(after([...steps, ...sync(9, 2)], 'nothing', before), done)
})

test('cutting a file and growing it again leaves zeros', () => {
  const bytes = applied(Buffer.from('abcdef'), [
    { type: 'truncate', file: 1, length: 2 },
    { type: 'write', file: 1, offset: 4, bytes: Buffer.from('x') },
  ])
  assert.deepEqual([...bytes], [97, 98, 0, 0, 120])
})

test('a torn write keeps some sectors, and every fate keeps what was synced', () => {
  const first = 'a'.repeat(5000)
  const second = 'b'.repeat(5000)
  const steps = [directory, create(1, 'f'), write(1, 0, first), ...sync(1, 1), ...sync(9, 2)]
  for (const fate of Object.keys(fates)) {
    assert.equal(after(steps, fate).f, first)
    const found = after([...steps, write(1, 0, second)], fate).f ?? ''
    assert.match(found, /^[ab]{5000}$/)
    if (fate === 'torn sectors') {
      const sectors = found.match(/.{1,512}/gs) ?? []
      assert.ok(sectors.every(sector => /^(a+|b+)$/.test(sector)))
      assert.ok(/a/.test(found) && /b/.test(found))
    }
  }
})

/** A store of three commits as the judge sees it, and what was noted of them. */
function judged(harm: (state: Mvcc, notes: Note[]) => void = () => {}) {
  const notes: Note[] = [
    { sent: [{ key: '/a', value: { number: 1, length: 5 } }] },
    { sent: [{ key: '/b', value: { number: 2, length: 9 } }] },
    { acknowledged: 2 },
    { sent: [{ key: '/a', value: null }] },
  ]
  const state = new Mvcc()
  harm(state, notes)
  const history = new TortureHistory()
  for (const note of notes) history.take(note)
  return stateViolations(state, history)
}

const put = (state: Mvcc, key: string, number: number, revision: number) => {
  const value = encode(longValue({ number, length: number === 1 ? 5 : 9 }))
  const entry = { key, value, createRevision: revision, modRevision: revision }
  const previous = state.get(key)
  state.apply({ revision, timeMs: 0, events: [{ type: 'put', revision, entry, previous }] })
}

test('the judge passes what may be, with and without the commit that nobody knew of', () => {
  const two = (state: Mvcc) => {
    put(state, '/a', 1, 1)
    put(state, '/b', 2, 2)
  }
  assert.deepEqual(judged(two), [])
  const three = (state: Mvcc) => {
    two(state)
    const previous = state.get('/a')
    assert.ok(previous)
    const events = [{ type: 'delete', revision: 3, key: '/a', previous }] as const
    state.apply({ revision: 3, timeMs: 0, events })
  }
  assert.deepEqual(judged(three), [])
})

const wrongs: Readonly<Record<string, [(state: Mvcc, notes: Note[]) => void, RegExp]>> = {
  'a lost commit': [state => put(state, '/a', 1, 1), /revision went back from 2 to 1/],
  'an empty store': [() => {}, /revision went back from 2 to 0/],
  'another value': [
    state => {
      put(state, '/a', 2, 1)
      put(state, '/b', 2, 2)
    },
    /at 2 \/a was 1, but is 2:/,
  ],
  'a missing key': [
    state => {
      put(state, '/b', 2, 1)
      put(state, '/b', 2, 2)
    },
    /at 2 \/a is missing/,
  ],
  'a key from nowhere': [
    state => {
      put(state, '/c', 1, 1)
      put(state, '/b', 2, 2)
    },
    /there is \/c, which was not there/,
  ],
  'a revision from nowhere': [state => put(state, '/a', 1, 7), /revision 7 was never sent/],
  'a revision that a watch told and that is gone': [
    (state, notes) => {
      put(state, '/a', 1, 1)
      put(state, '/b', 2, 2)
      notes.push({ seen: 3 })
    },
    /revision went back from 3 to 2/,
  ],
}

for (const [name, [harm, sentence]] of Object.entries(wrongs)) {
  test(`the judge objects to ${name}`, () => {
    assert.match(judged(harm).join('; '), sentence)
  })
}
