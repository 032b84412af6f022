import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '#api/core/v1/pod/pod.ts'
import { StatusError } from '#api/machinery/status.ts'
import type { Client } from '#client/client.ts'
import { systemClock } from '#host/clock.ts'
import { patchPodStatus } from './pod-status.ts'

const found = { metadata: { name: 'p', namespace: 'a', uid: 'u' } } as Pod

/** Patches through a client that fails so, one after the other; how often it was asked. */
async function triesOf(...failures: Error[]): Promise<number> {
  let tries = 0
  const patch = async () => {
    const failure = failures[tries++]
    if (failure) throw failure
  }
  const client = { patch } as unknown as Client
  await patchPodStatus({ client, clock: systemClock }, found, {}).catch(error =>
    assert.equal(error, failures[tries - 1]),
  )
  return tries
}

test('the status of a pod is written again while the API is in trouble, four times at the most', async () => {
  const failing = () => new StatusError('InternalError', 'the disk is away')
  const away = () => new StatusError('ServiceUnavailable', 'etcd is away')
  const refused = () => Object.assign(new Error('connect'), { code: 'ECONNREFUSED' })
  assert.equal(await triesOf(), 1)
  assert.equal(await triesOf(failing(), away(), refused()), 4)
  assert.equal(await triesOf(failing(), failing(), failing(), failing(), failing()), 4)
})

test('what the API refuses for a reason is not asked again', async () => {
  for (const reason of ['NotFound', 'Conflict', 'Invalid', 'Forbidden'] as const)
    assert.equal(await triesOf(new StatusError(reason, 'no')), 1)
  assert.equal(await triesOf(new Error('the connection is gone')), 1)
})
