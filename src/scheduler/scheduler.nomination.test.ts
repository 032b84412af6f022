/** What the API shows of a chosen node while a pod waits to be bound to it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pod } from '#api/core/v1/pod/pod.ts'
import type { Client } from '#client/client.ts'
import type { PluginFactory } from './framework/handle.ts'
import { refusal } from './framework/status.ts'
import type { WaitingPods } from './framework/waiting-pods.ts'
import { startScheduler } from './scheduler.ts'
import { serveCluster } from './testing/served-cluster.ts'
import { nodeOf } from './testing/world.ts'

const HOLD = 'Hold'

/** A scheduler whose plugin holds every pod that has the label `hold`. */
async function withHeld(
  gate: boolean,
  run: (parts: {
    client: Client
    waiting: () => WaitingPods
    patched: string[]
    create: (name: string, held: boolean) => Promise<unknown>
    until: (what: string, check: () => unknown) => Promise<void>
    hopes: (name: string) => Promise<string | undefined>
  }) => Promise<void>,
): Promise<void> {
  await using cluster = await serveCluster(['a'])
  const { client } = cluster
  const patched: string[] = []
  const noting: Client = {
    ...client,
    get: client.get.bind(client),
    patch(kind, at, ...rest) {
      patched.push(`${(at as { name: string }).name} ${JSON.stringify(rest[1])}`)
      return client.patch(kind, at, ...rest)
    },
  }
  let waitingPods: WaitingPods | undefined
  const hold: PluginFactory = (_args, handle) => {
    waitingPods = handle.waitingPods
    return {
      name: HOLD,
      permit: (_cycle, { labels }) =>
        'hold' in labels ? { status: refusal(HOLD, '', 'Wait'), timeoutMs: 60_000 } : undefined,
    }
  }
  const context = cluster.openContext(noting)
  const scheduler = startScheduler(context, {
    profiles: [
      { schedulerName: 'default-scheduler', plugins: { permit: { enabled: [{ name: HOLD }] } } },
    ],
    ownPlugins: new Map([[HOLD, hold]]),
    featureGates: new Map([['NominatedNodeNameForExpectation', gate]]),
    podInitialBackoffMs: 5,
  })
  try {
    await cluster.addNode(nodeOf('n1'))
    await run({
      client,
      patched,
      waiting() {
        assert.ok(waitingPods)
        return waitingPods
      },
      create: (name, held) =>
        client.create(pod, {
          metadata: { name, namespace: 'a', labels: held ? { hold: '' } : {} },
          spec: { containers: [{ name: 'c', image: 'i' }] },
        } as never),
      hopes: async name => (await client.get(pod, name, 'a')).status.nominatedNodeName,
      async until(what, check) {
        for (let tries = 0; tries < 5000; tries++) {
          if (await check()) return
          await new Promise(resolve => setTimeout(resolve, 10))
        }
        assert.fail(`${what} never came`)
      },
    })
  } finally {
    await scheduler.stop()
    context.end()
  }
}

test('a pod that waits shows its node, and no more once it is bound or refused', () =>
  withHeld(true, async ({ client, waiting, patched, create, until, hopes }) => {
    await create('plain', false)
    const bound = async (name: string) => (await client.get(pod, name, 'a')).spec.nodeName === 'n1'
    await until('plain', () => bound('plain'))
    assert.deepEqual(patched, [], 'who is bound at once needs no word before')
    for (const name of ['kept', 'sent']) await create(name, true)
    for (const name of ['kept', 'sent'])
      await until(`${name} shows its node`, async () => (await hopes(name)) === 'n1')
    const held = new Map(
      waiting()
        .list()
        .map(each => [each.pod.pod.metadata.name, each]),
    )
    held.get('kept')?.allow(HOLD)
    await until('kept', () => bound('kept'))
    assert.equal((await hopes('kept')) ?? '', '')
    held.get('sent')?.reject(HOLD, 'not now')
    await until('the word to be taken back', async () => !(await hopes('sent')))
  }))

test('without the gate nothing is told before', () =>
  withHeld(false, async ({ waiting, patched, create, until }) => {
    await create('held', true)
    await until('held', () => waiting().list().length === 1)
    waiting().list()[0]?.allow(HOLD)
    await until('held to go', () => waiting().list().length === 0)
    assert.deepEqual(
      patched.filter(text => text.includes('nominatedNodeName')),
      [],
    )
  }))
