import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StatusError } from '#api/machinery/status.ts'
import { NotStoredError } from '#apiserver/storage/resource-storage.ts'
import { UserError } from '#base/errors.ts'
import { type Log, silentLog } from '#base/log.ts'
import { issueAuthority } from '#base/pki/certificate.ts'
import { createManualClock, createSeededRandom } from '#client/testing/manual-clock.ts'
import { StoreUnavailableError } from '#store'
import { untilStored, warnOfEarlyClock } from './foundation.ts'

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

test('a clock that is before the certificates begin is told of, since it lets nobody in', async () => {
  const clock = createManualClock()
  const notBefore = clock.now()
  const validity = { notBefore, notAfter: notBefore + 86_400_000 }
  const authority = issueAuthority('kubernetes', validity, createSeededRandom()).certificate
  const told: unknown[] = []
  const log: Log = { ...silentLog, warn: (message, fields) => told.push([message, fields]) }
  warnOfEarlyClock({ authority }, { clock, log })
  assert.deepEqual(told, [])
  await clock.jump(-3_600_000)
  warnOfEarlyClock({ authority }, { clock, log })
  assert.deepEqual(told, [
    [
      "this machine's clock is before the cluster's certificates begin: nobody is let in until it is right",
      { clock: '2025-12-31T23:00:00Z', begin: '2026-01-01T00:00:00Z' },
    ],
  ])
})
