import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StatusError } from '#api/machinery/status.ts'
import { UserError } from '#base/errors.ts'
import { StoreUnavailableError } from '#store'
import { untilReady } from './foundation.ts'

test('a store that goes away during a start is told in a sentence, a bug with its stack', async () => {
  await untilReady({ ready: async () => {} })
  const away = new StoreUnavailableError('etcd did not answer: too slow')
  const told = (error: unknown) => error instanceof UserError && error.message === away.message
  await assert.rejects(untilReady({ ready: () => Promise.reject(away) }), told)
  // That a write was not answered is said as to a client.
  const unanswered = new StatusError('ServiceUnavailable', away.message)
  await assert.rejects(untilReady({ ready: () => Promise.reject(unanswered) }), told)
  const bug = new TypeError('x is not a function')
  await assert.rejects(untilReady({ ready: () => Promise.reject(bug) }), error => error === bug)
})
