import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '#api/core/v1/pod/pod.ts'
import { silentLog } from '#base/log.ts'
import type { Client } from '#client/client.ts'
import type { EventRecorder } from '#client/events.ts'
import { systemClock } from '#host/clock.ts'
import { createOutcomeWriter } from './outcome.ts'

const podWith = (message?: string) =>
  ({
    metadata: { name: 'p', namespace: 'a', uid: 'u' },
    spec: {},
    status: {
      conditions: message
        ? [
            {
              type: 'PodScheduled',
              status: 'False',
              reason: 'Unschedulable',
              message,
              lastTransitionTime: '2026-01-01T00:00:00Z',
            },
          ]
        : [],
    },
  }) as unknown as Pod

/** A client whose patches are answered when the test says so. */
function slowClient() {
  const sent: { told: string; answer(error?: Error): void }[] = []
  const patch = (_kind: unknown, _at: unknown, _type: unknown, { status }: { status: object }) =>
    new Promise((resolve, reject) => {
      const { conditions, nominatedNodeName } = status as {
        conditions?: { message: string }[]
        nominatedNodeName?: string
      }
      sent.push({
        told: conditions?.[0]?.message ?? `on ${nominatedNodeName}`,
        answer: error => (error ? reject(error) : resolve({})),
      })
    })
  return { sent, client: { patch } as unknown as Client }
}

const recorder = { record() {} } as unknown as EventRecorder
const turn = () => new Promise(resolve => setImmediate(resolve))

test('what is told of a pod arrives in its order, also where two attempts follow each other closely', async () => {
  const { sent, client } = slowClient()
  const writer = createOutcomeWriter({ client, clock: systemClock, log: silentLog }, recorder)
  const outcomes = ['first', 'second']
  for (const message of outcomes) writer.failed(podWith(), { reason: 'Unschedulable', message })
  const expected = writer.expected(podWith(), 'n1')
  assert.deepEqual(
    sent.map(({ told }) => told),
    ['first'],
  )
  sent[0]?.answer(new Error('the connection is gone'))
  await turn()
  sent[1]?.answer()
  await turn()
  sent[2]?.answer()
  await expected
  assert.deepEqual(
    sent.map(({ told }) => told),
    ['first', 'second', 'on n1'],
  )
})

test('what the API says already is not told again, unless something else is on its way', async () => {
  const { sent, client } = slowClient()
  const writer = createOutcomeWriter({ client, clock: systemClock, log: silentLog }, recorder)
  const say = (message: string) =>
    writer.failed(podWith('old'), { reason: 'Unschedulable', message })
  say('old')
  assert.equal(sent.length, 0)
  say('new')
  say('old')
  sent[0]?.answer()
  await turn()
  assert.deepEqual(
    sent.map(({ told }) => told),
    ['new', 'old'],
  )
})
