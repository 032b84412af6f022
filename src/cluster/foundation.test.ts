import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StatusError } from '#api/machinery/status.ts'
import { NotStoredError } from '#apiserver/storage/resource-storage.ts'
import { UserError } from '#base/errors.ts'
import { StoreUnavailableError } from '#store'
import { untilStored } from './foundation.ts'

test('a store that goes away during a start is told in a sentence, a bug with its stack', async () => {
  await untilStored(Promise.resolve())
  const away = new StoreUnavailableError('etcd did not answer: too slow')
  const told = (error: unknown) => error instanceof UserError && error.message === away.message
  await assert.rejects(untilStored(Promise.reject(away)), told)
  // That a write was not answered is said as to a client.
  const unanswered = new StatusError('ServiceUnavailable', away.message)
  await assert.rejects(untilStored(Promise.reject(unanswered)), told)
  const bug = new TypeError('x is not a function')
  await assert.rejects(untilStored(Promise.reject(bug)), error => error === bug)
  const full = new NotStoredError('InternalError', 'the write could not be stored: disk is full')
  await assert.rejects(untilStored(Promise.reject(full)), error => {
    return error instanceof UserError && /needs to write, .*disk is full/.test(error.message)
  })
})
