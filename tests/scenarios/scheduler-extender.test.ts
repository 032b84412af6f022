/** An extender on a whole cluster: it chooses the node and binds the pod itself; while it is broken, its pods wait. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { pod } from '#api/core/v1/pod/pod.ts'
import { silentLog } from '#base/log.ts'
import { createInformers } from '#client/informers.ts'
import { systemClock as clock } from '#host/clock.ts'
import { systemRandom as random } from '#host/random.ts'
import { type Cluster, startCluster } from '#index'
import { startScheduler } from '#scheduler'
import { createExtender } from '#scheduler/extenders/http-extender.ts'
import { isReady, nodesReady, until } from './hollow-workloads.ts'

interface Binding {
  readonly PodName: string
  readonly PodNamespace: string
  readonly PodUID: string
  readonly Node: string
}

/** Lets pods run on the last of the nodes only, and binds them there. */
async function startExtender({ client }: Cluster) {
  const state = { broken: true, bound: [] as Binding[] }
  const bind = async (asked: Binding) => {
    if (state.broken) return { Error: 'the licence server is down' }
    const { PodName: name, PodNamespace: namespace, PodUID: uid, Node } = asked
    await client.createSubresource(pod, { name, namespace }, 'binding', {
      metadata: { name, namespace, uid },
      target: { kind: 'Node', name: Node },
    })
    state.bound.push(asked)
    return { Error: '' }
  }
  const server = createServer(async (request, reply) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const asked = JSON.parse(Buffer.concat(chunks).toString())
    const answer = request.url?.endsWith('/bind')
      ? await bind(asked)
      : { NodeNames: asked.NodeNames.toSorted().slice(-1) }
    reply.end(JSON.stringify(answer))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return { state, server, urlPrefix: `http://127.0.0.1:${port}` }
}

test('pods go where the extender lets them, are bound by it, and wait while it fails', async () => {
  const cluster = await startCluster({ nodes: { kind: 'hollow', count: 3 } })
  const { client } = cluster
  const { state, server, urlPrefix } = await startExtender(cluster)
  const informers = createInformers(client, { clock, log: silentLog, random })
  const extender = createExtender(
    { urlPrefix, filterVerb: 'filter', bindVerb: 'bind', nodeCacheCapable: true },
    {
      clock,
      readText: path => {
        throw new Error(`no file ${path}`)
      },
    },
  )
  const scheduler = startScheduler(
    { client, informers, clock, random, log: silentLog },
    {
      profiles: [{ schedulerName: 'licensed' }],
      extenders: [extender],
      podInitialBackoffMs: 50,
      podMaxBackoffMs: 100,
    },
  )
  try {
    await nodesReady(cluster, 3)
    await client.create(pod, {
      metadata: { name: 'licensed', namespace: 'default' },
      spec: { schedulerName: 'licensed', containers: [{ name: 'main', image: 'nginx' }] },
    } as never)
    const find = () => client.get(pod, 'licensed', 'default')
    const refused = await until('a refusal', async () =>
      (await find()).status.conditions?.find(
        ({ type, status }) => type === 'PodScheduled' && status === 'False',
      ),
    )
    assert.deepEqual(
      [refused.reason, refused.message],
      ['SchedulerError', 'the licence server is down'],
    )
    state.broken = false
    const running = await until('the pod to be ready', async () => {
      const found = await find()
      return isReady(found) && found
    })
    const last = [...cluster.nodeNames].sort().at(-1)
    assert.equal(running.spec.nodeName, last)
    assert.deepEqual(state.bound, [
      {
        PodName: 'licensed',
        PodNamespace: 'default',
        PodUID: running.metadata.uid,
        Node: last,
      },
    ])
  } finally {
    await scheduler.stop()
    informers.stop()
    extender.close()
    server.closeAllConnections()
    server.close()
    await cluster.stop()
  }
})
