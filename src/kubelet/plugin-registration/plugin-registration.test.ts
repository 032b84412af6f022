import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLog } from '#base/log.ts'
import { createManualClock } from '#client/testing/manual-clock.ts'
import type { PluginSocket } from '../host-access.ts'
import { type Plugin, PluginRegistration } from './plugin-registration.ts'
import type { PluginInfo } from './registration-client.ts'

const rest = async () => {
  for (let turn = 0; turn < 20; turn++) await new Promise(resolve => setImmediate(resolve))
}

/** A directory of sockets in memory, plugins behind them, and one handler that notes what it is told. */
function world() {
  const clock = createManualClock()
  const told: string[] = []
  const state = {
    sockets: [] as PluginSocket[],
    answers: {} as Record<string, Partial<PluginInfo> | Error>,
    refuse: undefined as string | undefined,
    failures: 0,
    deaf: false,
    changed: () => {},
  }
  const registration = new PluginRegistration({
    directory: '/registry',
    clock,
    log: silentLog,
    sockets: {
      prepare: async () => {},
      list: async () => state.sockets,
      watch: (_, changed) => {
        state.changed = changed
        return () => told.push('unwatched')
      },
    },
    client: {
      async getInfo(path) {
        const answer = state.answers[path]
        if (!answer) throw new Error('connection refused')
        if (answer instanceof Error) throw answer
        return {
          type: 'CSIPlugin',
          name: 'd',
          endpoint: '',
          supportedVersions: ['1.0.0'],
          ...answer,
        }
      },
      async notify(path, error) {
        if (state.deaf) throw new Error('it hung up')
        told.push(`notify ${path} ${error ?? 'ok'}`)
      },
    },
    handlers: {
      CSIPlugin: {
        validate() {
          if (state.refuse) throw new Error(state.refuse)
        },
        async register({ name, endpoint }: Plugin) {
          if (state.failures-- > 0) throw new Error('not today')
          told.push(`register ${name} ${endpoint}`)
        },
        deregister: ({ name, endpoint }) => void told.push(`deregister ${name} ${endpoint}`),
      },
    },
  })
  const take = () => told.splice(0)
  return { registration, clock, state, take }
}

const socket = (path: string, identity = '1'): PluginSocket => ({ path, identity })

test('a plugin that is there is registered and told so, at its endpoint or its own socket', async () => {
  const { registration, state, take } = world()
  state.sockets = [socket('/a'), socket('/b')]
  state.answers = { '/a': {}, '/b': { name: 'e', endpoint: '/plugins/e.sock' } }
  await registration.start()
  assert.deepEqual(take().sort(), [
    'notify /a ok',
    'notify /b ok',
    'register d /a',
    'register e /plugins/e.sock',
  ])
  await registration.look()
  await rest()
  assert.deepEqual(take(), [], 'a second look asks nobody anew')
  await registration.stop()
  assert.deepEqual(take(), ['unwatched'], 'a kubelet that stops gives nobody up')
})

test('it is given up when its socket goes, and taken anew when another stands in its place', async () => {
  const { registration, state, take } = world()
  state.answers = { '/a': {} }
  await registration.start()
  state.sockets = [socket('/a')]
  state.changed()
  await rest()
  assert.deepEqual(take(), ['register d /a', 'notify /a ok'])
  state.sockets = [socket('/a', '2')]
  state.changed()
  await rest()
  assert.deepEqual(take(), ['deregister d /a', 'register d /a', 'notify /a ok'])
  state.sockets = []
  state.changed()
  await rest()
  assert.deepEqual(take(), ['deregister d /a'])
  state.sockets = [socket('/a', '3')]
  state.changed()
  await rest()
  assert.deepEqual(take(), ['register d /a', 'notify /a ok'])
  await registration.stop()
})

test('who does not answer is asked again, ever more seldom', async () => {
  const { registration, clock, state, take } = world()
  state.sockets = [socket('/a')]
  await registration.start()
  assert.deepEqual(take(), [])
  await clock.advance(499)
  await rest()
  state.answers = { '/a': {} }
  await rest()
  assert.deepEqual(take(), [])
  await clock.advance(1)
  await rest()
  assert.deepEqual(take(), ['register d /a', 'notify /a ok'])
  await registration.stop()
})

test('a handler that fails is told to the plugin and tried again', async () => {
  const { registration, clock, state, take } = world()
  state.sockets = [socket('/a')]
  state.answers = { '/a': {} }
  state.failures = 1
  await registration.start()
  assert.deepEqual(take(), [
    'notify /a RegisterPlugin error -- plugin registration failed with err: not today',
  ])
  await clock.advance(500)
  await rest()
  assert.deepEqual(take(), ['register d /a', 'notify /a ok'])
  await registration.stop()
})

test('what nobody deals with, or its handler refuses, is refused once', async () => {
  const { registration, clock, state, take } = world()
  state.sockets = [socket('/a'), socket('/b')]
  state.answers = { '/a': { type: 'toString' }, '/b': {} }
  state.refuse = 'no supported version'
  await registration.start()
  await clock.advance(60_000)
  await rest()
  assert.deepEqual(take(), [
    'notify /a RegisterPlugin error -- no handler registered for plugin type: toString at socket /a',
    'notify /b RegisterPlugin error -- no supported version at socket /b',
  ])
  state.sockets = []
  state.changed()
  await rest()
  assert.deepEqual(take(), [], 'it was never registered')
  await registration.stop()
})

test('a plugin that hangs up before it is told is registered all the same', async () => {
  const { registration, state, take } = world()
  state.sockets = [socket('/a')]
  state.answers = { '/a': {} }
  state.deaf = true
  await registration.start()
  assert.deepEqual(take(), ['register d /a'])
  state.sockets = []
  state.changed()
  await rest()
  assert.deepEqual(take(), ['deregister d /a'])
  await registration.stop()
})

test('a change that no watch told is found within ten seconds', async () => {
  const { registration, clock, state, take } = world()
  await registration.start()
  state.sockets = [socket('/a')]
  state.answers = { '/a': {} }
  await clock.advance(10_000)
  await rest()
  assert.deepEqual(take(), ['register d /a', 'notify /a ok'])
  await registration.stop()
  await clock.advance(20_000)
  await rest()
  assert.deepEqual(take(), ['unwatched'])
})

test('one that takes the place of another is dealt with, at whichever moment it comes', async () => {
  for (let turns = 0; turns < 80; turns++) {
    const { registration, state, take } = world()
    // The first one answers, or not.
    state.answers = turns % 2 ? { '/registry/a': { name: 'old' } } : {}
    state.sockets = [{ path: '/registry/a', identity: '1' }]
    const started = registration.start()
    for (let turn = 0; turn < turns / 2; turn++) await null
    state.answers = { '/registry/a': { name: 'new' } }
    state.sockets = [{ path: '/registry/a', identity: '2' }]
    state.changed()
    await started
    await rest()
    assert.ok(take().includes('register new /registry/a'), `after ${turns} turns`)
    await registration.stop()
  }
})
