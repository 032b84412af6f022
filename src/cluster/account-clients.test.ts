import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StatusError } from '#api/machinery/status.ts'
import type { Client } from '#client/client.ts'
import { createManualClock } from '#client/testing/manual-clock.ts'
import { AccountToken } from './account-clients.ts'

const account = { name: 'deployment-controller', namespace: 'kube-system' }
const MINUTE_MS = 60_000

function setUp(until?: string) {
  const clock = createManualClock()
  const state = { asked: 0, made: 0, isThere: true, refusal: undefined as Error | undefined }
  const client = {
    createSubresource: async () => {
      if (!state.isThere) throw new StatusError('NotFound', 'there is no such account')
      if (state.refusal) throw state.refusal
      state.asked++
      const expirationTimestamp = until ?? new Date(clock.now() + 60 * MINUTE_MS).toISOString()
      return { status: { token: `token ${state.asked}`, expirationTimestamp } }
    },
    create: async () => {
      state.made++
      state.isThere = true
    },
  } as unknown as Client
  return { clock, state, token: new AccountToken(client, account, clock) }
}

test('a token is asked for once, and anew when a fifth of its hour is left', async () => {
  const { clock, state, token } = setUp()
  assert.deepEqual(await Promise.all([token.get(), token.get()]), ['token 1', 'token 1'])
  await clock.advance(47 * MINUTE_MS)
  assert.equal(await token.get(), 'token 1')
  await clock.advance(2 * MINUTE_MS)
  assert.deepEqual(await Promise.all([token.get(), token.get()]), ['token 2', 'token 2'])
  assert.equal(state.asked, 2)
})

test('an account that is not there is made', async () => {
  const { state, token } = setUp()
  state.isThere = false
  assert.equal(await token.get(), 'token 1')
  assert.equal(state.made, 1)
})

test('what was refused is asked for again, and so is what the server no longer takes', async () => {
  const { state, token } = setUp()
  state.refusal = new StatusError('Forbidden', 'not you')
  await assert.rejects(token.get(), /not you/)
  state.refusal = undefined
  assert.equal(await token.get(), 'token 1')
  token.forget('token 1')
  assert.equal(await token.get(), 'token 2')
  // Told late of the old one: the new one is none the worse.
  token.forget('token 1')
  assert.equal(await token.get(), 'token 2')
})

test('a token of which no time is told that can be read is good for as long as was asked', async () => {
  const { state, token } = setUp('soon')
  await token.get()
  await token.get()
  assert.equal(state.asked, 1)
})
