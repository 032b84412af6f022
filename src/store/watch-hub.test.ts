import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Log } from '#base/log.ts'
import { evaluate, Mvcc } from './mvcc.ts'
import { encode, recorder, settled } from './testing/recorder.ts'
import { MAX_WATCHES, WatchHub } from './watch-hub.ts'

function commitTo(state: Mvcc, key: string) {
  const revision = state.revision + 1
  const outcome = evaluate([{ key, value: encode('x') }], revision, one => state.get(one))
  assert.ok(outcome.ok)
  const commit = { revision, timeMs: 0, events: outcome.events }
  state.apply(commit)
  return commit
}

test('more watches than anyone needs are refused, and cancelling makes room', () => {
  const state = new Mvcc()
  const hub = new WatchHub()
  const sink = recorder()
  const cancels = Array.from({ length: MAX_WATCHES }, () =>
    hub.add(state, { prefix: '/', after: 0 }, sink),
  )
  assert.throws(() => hub.add(state, { prefix: '/', after: 0 }, sink), /more than 10000 watches/)
  cancels[0]?.()
  hub.add(state, { prefix: '/', after: 0 }, sink)
})

test('what is compacted right after a watch began still reaches it', async () => {
  const state = new Mvcc()
  const hub = new WatchHub()
  hub.publish([commitTo(state, '/a'), commitTo(state, '/b')])
  const sink = recorder()
  hub.add(state, { prefix: '/', after: 0 }, sink)
  state.compact(2)
  hub.publish([commitTo(state, '/c')])
  await settled()
  assert.deepEqual(
    sink.groups.map(group => group[0]?.revision),
    [1, 2, 3],
  )
})

test('progress is told to idle watches too, and never ahead of events', async () => {
  const state = new Mvcc()
  const hub = new WatchHub()
  const told: string[] = []
  const sink = (name: string) => ({
    events: () => void told.push(`${name} events`),
    progress: (revision: number) => void told.push(`${name} ${revision}`),
    end: () => void told.push(`${name} end`),
  })
  hub.add(state, { prefix: '/a', after: 0 }, sink('a'))
  hub.add(state, { prefix: '/b', after: 0 }, sink('b'))
  hub.add(state, { prefix: '/', after: 9 }, sink('future'))
  await settled()
  assert.deepEqual(told.splice(0), ['a 0', 'b 0'])
  hub.publish([commitTo(state, '/b'), commitTo(state, '/b')])
  assert.deepEqual(told.splice(0), ['b events', 'b events', 'a 2', 'b 2'])
  hub.close()
  assert.deepEqual(told, ['a end', 'b end', 'future end'])
})

test('a sink that throws is logged, also when it throws again at its end', async () => {
  const lines: string[] = []
  const log: Log = {
    debug() {},
    info() {},
    warn() {},
    error: message => void lines.push(message),
    with: () => log,
  }
  const state = new Mvcc()
  const hub = new WatchHub(log)
  const fail = () => {
    throw new Error('planted')
  }
  hub.add(state, { prefix: '/', after: 0 }, { events: fail, end: fail })
  await settled()
  hub.publish([commitTo(state, '/a')])
  hub.publish([commitTo(state, '/a')])
  assert.deepEqual(lines, ['a watch failed and was ended', 'a watch failed while it ended'])
})
