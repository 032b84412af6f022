import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { hostname } from 'node:os'
import { test } from 'node:test'
import { StatusError } from '#api/machinery/status.ts'
import { NotStoredError } from '#apiserver/storage/resource-storage.ts'
import { UserError } from '#base/errors.ts'
import { type Log, silentLog } from '#base/log.ts'
import { issueAuthority } from '#base/pki/certificate.ts'
import { createManualClock, createSeededRandom } from '#client/testing/manual-clock.ts'
import { StoreUnavailableError } from '#store'
import { layFoundation, untilStored, warnOfEarlyClock } from './foundation.ts'

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

test('who listens for other machines is known to them by its name and by the address that it tells', async () => {
  const clock = createManualClock()
  const namesOf = async (listen: { address?: string }, advertiseAddress?: string) => {
    const foundation = await layFoundation(
      {
        ...{ clock, random: createSeededRandom(), log: silentLog, listen },
        ...(advertiseAddress ? { advertiseAddress } : {}),
        ...{ clusterDomain: 'cluster.local', serviceClusterIpRange: '10.96.0.0/12' },
        keepsInMemory: true,
      },
      undefined,
    )
    await foundation.store.close()
    const { certificate } = foundation.pki.server()
    return new X509Certificate(certificate).subjectAltName ?? ''
  }
  const name = `DNS:${hostname().toLowerCase()}`
  assert.ok((await namesOf({ address: '0.0.0.0' })).split(', ').includes(name))
  assert.ok(!(await namesOf({})).split(', ').includes(name))
  const told = await namesOf({ address: '0.0.0.0' }, '203.0.113.7')
  assert.ok(told.split(', ').includes('IP Address:203.0.113.7'), told)
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
