/** `PROA_WIRE=20000,7` sends twenty thousand from seed 7. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { createServer } from 'node:tls'
import { pod } from '#api/core/v1/pod/pod.ts'
import { connectionFromKubeconfig } from '#client/kubeconfig.ts'
import { startCluster } from '#index'
import { fuzzWire, type WireServer } from './wire.ts'

const [COUNT = 400, SEED = 1] = (process.env.PROA_WIRE ?? '').split(',').filter(Boolean).map(Number)

let cluster: Awaited<ReturnType<typeof startCluster>>
let server: WireServer
before(async () => {
  cluster = await startCluster({ listen: { port: 0 } })
  const {
    server: url,
    clientCertificate,
    clientKey,
  } = await connectionFromKubeconfig(cluster.kubeconfig ?? '', {
    read: async () => '',
    resolve: file => file,
  })
  const { hostname: host, port } = new URL(url)
  server = { host, port: Number(port), cert: clientCertificate ?? '', key: clientKey ?? '' }
  await cluster.client.create(pod, {
    metadata: { name: 'a', namespace: 'default' },
    spec: { containers: [{ name: 'main', image: 'x', resources: {} }] },
  })
})
after(() => cluster.stop())

/** What would have ended the process. */
async function deadly(work: () => Promise<void>): Promise<string[]> {
  const found: string[] = []
  const note = (error: unknown) => void found.push(String((error as Error)?.stack ?? error))
  const events = ['uncaughtException', 'unhandledRejection'] as const
  const others = events.map(event => [event, process.rawListeners(event)] as const)
  for (const event of events) process.removeAllListeners(event).on(event, note)
  try {
    await work()
  } finally {
    for (const [event, listeners] of others) {
      process.removeAllListeners(event)
      for (const each of listeners) process.on(event, each as never)
    }
  }
  return found
}

test(`${COUNT} requests from seed ${SEED} leave the server as well as it was`, async () => {
  assert.deepEqual(await deadly(() => fuzzWire(server, SEED, COUNT)), [])
  const { status } = await cluster.transport.request({ method: 'GET', path: '/readyz' })
  assert.equal(status, 200)
})

test('a server that one strange request would end is found', async () => {
  const fragile = createServer({ cert: server.cert, key: server.key }, socket => {
    socket.on('error', () => {})
    socket.on('data', bytes => {
      if (bytes.includes('SPDY')) throw new Error('planted')
    })
  }).listen(0, '127.0.0.1')
  await once(fragile, 'listening')
  const { port } = fragile.address() as AddressInfo
  const found = await deadly(() => fuzzWire({ ...server, host: '127.0.0.1', port }, SEED, 100))
  fragile.close()
  assert.ok(found.some(each => each.includes('planted')))
})
