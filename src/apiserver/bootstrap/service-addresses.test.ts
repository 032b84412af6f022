/** What becomes of IPAddresses that somebody else writes, and what people are told of it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { startTestServer } from '../testing.ts'

const ADDRESSES = '/apis/networking.k8s.io/v1/ipaddresses'
const SERVICES = '/api/v1/namespaces/default/services'
const LABELS = {
  'ipaddress.kubernetes.io/ip-family': 'IPv4',
  'ipaddress.kubernetes.io/managed-by': 'ipallocator.k8s.io',
}

async function setUp() {
  const { server, ask } = await startTestServer()
  const until = async <T>(what: string, look: () => Promise<T | undefined | false>): Promise<T> => {
    for (let tries = 0; tries < 5000; tries++) {
      const found = await look()
      if (found) return found
      await delay(5)
    }
    return assert.fail(`${what}: it did not happen in time`)
  }
  const make = (name: string, clusterIP?: string) =>
    ask('POST', SERVICES, { metadata: { name }, spec: { clusterIP, ports: [{ port: 80 }] } })
  const addressOf = (
    address: string,
    namespace: string,
    name: string,
    labels: object = LABELS,
  ) => ({
    metadata: { name: address, labels },
    spec: { parentRef: { resource: 'services', namespace, name } },
  })
  const events = async () =>
    ((await ask('GET', '/api/v1/events')).body.items as never[]).map(
      ({ reason, message, involvedObject }: Record<string, { name: string }>) =>
        `${involvedObject?.name} ${reason}: ${message}`,
    )
  const isTold = (text: string) => until(text, async () => (await events()).includes(text))
  const owner = async (address: string) => {
    const { status, body } = await ask('GET', `${ADDRESSES}/${address}`)
    return status === 200
      ? `${body.spec.parentRef.namespace}/${body.spec.parentRef.name}`
      : 'nobody'
  }
  const isOf = (address: string, wanted: string) =>
    until(`${address} of ${wanted}`, async () => (await owner(address)) === wanted)
  return { server, ask, make, addressOf, events, isTold, isOf, until }
}

test('an address that somebody removed comes back, and the service is told of', async () => {
  const { server, ask, make, isTold, isOf, events } = await setUp()
  await make('web', '10.96.0.50')
  await isOf('10.96.0.50', 'default/web')
  assert.deepEqual(await events(), [])
  await ask('DELETE', `${ADDRESSES}/10.96.0.50`)
  await isTold(
    'web ClusterIPNotAllocated: Cluster IP [IPv4]: 10.96.0.50 is not allocated; repairing',
  )
  await isOf('10.96.0.50', 'default/web')
  await server.stop()
})

test('labels that somebody took off come back', async () => {
  const { server, ask, make, isOf, until } = await setUp()
  await make('web', '10.96.0.50')
  await isOf('10.96.0.50', 'default/web')
  const { body } = await ask('GET', `${ADDRESSES}/10.96.0.50`)
  await ask('PUT', `${ADDRESSES}/10.96.0.50`, {
    ...body,
    metadata: { ...body.metadata, labels: {} },
  })
  await until('the labels', async () => {
    const { body } = await ask('GET', `${ADDRESSES}/10.96.0.50`)
    return body.metadata?.labels?.['ipaddress.kubernetes.io/managed-by'] === 'ipallocator.k8s.io'
  })
  await server.stop()
})

test('an address that says it is of a service, and is not, goes', async () => {
  const { server, ask, make, addressOf, isTold, isOf } = await setUp()
  await make('web', '10.96.0.50')
  await ask('POST', ADDRESSES, addressOf('10.96.0.60', 'default', 'web'))
  await isTold(
    '10.96.0.60 IPAddressWrongReference: IPAddress: 10.96.0.60 for Service default/web has a wrong reference; cleaning up',
  )
  await isOf('10.96.0.60', 'nobody')
  await ask('POST', ADDRESSES, addressOf('10.96.0.61', 'default', 'gone'))
  await isTold(
    '10.96.0.61 IPAddressNotAllocated: IPAddress: 10.96.0.61 for Service default/gone appears to have leaked: cleaning up',
  )
  await isOf('10.96.0.61', 'nobody')
  await server.stop()
})

test('an address that others use is given to no service', async () => {
  const { server, ask, make, addressOf, isOf, events } = await setUp()
  await ask('POST', ADDRESSES, addressOf('10.96.0.70', 'default', 'gateway', {}))
  const refused = await make('web', '10.96.0.70')
  assert.equal(refused.status, 422)
  assert.match(
    refused.body.message,
    /failed to allocate IP 10.96.0.70: provided IP is already allocated/,
  )
  await ask('DELETE', `${ADDRESSES}/10.96.0.70`)
  assert.equal((await make('web', '10.96.0.70')).status, 201)
  await isOf('10.96.0.70', 'default/web')
  // What a service had is free for the next one at once.
  await ask('DELETE', `${SERVICES}/web`)
  assert.equal((await make('next', '10.96.0.70')).status, 201)
  await isOf('10.96.0.70', 'default/next')
  assert.deepEqual(await events(), [])
  await server.stop()
})
