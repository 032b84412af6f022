import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Client } from '#client/client.ts'
import type { Pod } from '../pod-types.ts'
import { Tokens } from './tokens.ts'

const START = Date.parse('2026-05-01T12:00:00Z')
const pod = {
  metadata: { name: 'p', namespace: 'd', uid: 'u' },
  spec: { serviceAccountName: 'builder' },
} as unknown as Pod

const EXPIRES = '2026-05-01T12:10:00.000Z'
const bytes = (token: string) => new TextEncoder().encode(token)

function setUp({ serverAheadMs = 0 } = {}) {
  const state = { now: START, asked: 0, away: false, last: undefined as unknown }
  const clock = { now: () => state.now, monotonicMs: () => 0, after: () => () => {} }
  const client = {
    async createSubresource(
      _: unknown,
      at: { name: string },
      __: string,
      request: { spec: { expirationSeconds: number } },
    ) {
      if (state.away) throw new Error('the API is away')
      state.asked++
      state.last = { at, spec: request.spec }
      const end = state.now + serverAheadMs + request.spec.expirationSeconds * 1000
      const expirationTimestamp = new Date(end).toISOString()
      return { status: { token: `t${state.asked}`, expirationTimestamp } }
    },
  } as unknown as Client
  return { state, tokens: new Tokens(client, clock) }
}

test('a token is asked for as the pod says, and again after four fifths of its life', async () => {
  const { state, tokens } = setUp()
  assert.deepEqual(await tokens.get(pod, 'vault', 600), {
    token: bytes('t1'),
    renewInMs: 480_000,
    expirationTimestamp: EXPIRES,
  })
  assert.deepEqual(state.last, {
    at: { name: 'builder', namespace: 'd' },
    spec: {
      audiences: ['vault'],
      expirationSeconds: 600,
      boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'u' },
    },
  })
  state.now += 479_999
  assert.deepEqual(await tokens.get(pod, 'vault', 600), {
    token: bytes('t1'),
    renewInMs: 1,
    expirationTimestamp: EXPIRES,
  })
  state.now += 1
  assert.deepEqual((await tokens.get(pod, 'vault', 600)).token, bytes('t2'))
})

test('a long token is renewed daily', async () => {
  const { tokens } = setUp()
  const { renewInMs } = await tokens.get(pod, '', 30 * 86_400)
  assert.equal(renewInMs, 86_400_000)
})

test('while the API is away the old token serves, and is tried again within a minute', async () => {
  const { state, tokens } = setUp()
  state.away = true
  await assert.rejects(tokens.get(pod, '', 600), /away/)
  state.away = false
  await tokens.get(pod, '', 600)
  state.away = true
  state.now += 500_000
  assert.deepEqual(await tokens.get(pod, '', 600), {
    token: bytes('t1'),
    renewInMs: 60_000,
    expirationTimestamp: EXPIRES,
  })
  state.away = false
  state.now += 60_000
  assert.deepEqual((await tokens.get(pod, '', 600)).token, bytes('t2'))
})

test('a server whose clock is far behind is not asked without end', async () => {
  const { state, tokens } = setUp({ serverAheadMs: -7_200_000 })
  const { renewInMs } = await tokens.get(pod, '', 3600)
  assert.equal(renewInMs, 60_000)
  await tokens.get(pod, '', 3600)
  assert.equal(state.asked, 1)
})

test('what belonged to a pod is forgotten with it', async () => {
  const { state, tokens } = setUp()
  await tokens.get(pod, '', 600)
  tokens.forget('u')
  await tokens.get(pod, '', 600)
  assert.equal(state.asked, 2)
})

test('a token that was asked for while the clock was ahead is asked for anew: it is not valid yet', async () => {
  const { state, tokens } = setUp()
  state.now += 3_600_000
  await tokens.get(pod, 'vault', 600)
  state.now -= 3_600_000
  assert.deepEqual((await tokens.get(pod, 'vault', 600)).token, bytes('t2'))
  assert.deepEqual((await tokens.get(pod, 'vault', 600)).token, bytes('t2'))
})
