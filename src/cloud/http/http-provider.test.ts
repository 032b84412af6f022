/** A provider over HTTP says what the one behind it says. */
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import type { Node } from '#api/core/v1/node.ts'
import type { Service } from '#api/core/v1/service.ts'
import { systemClock } from '#host/clock.ts'
import { MemoryCloud } from '#simulation/cloud/memory-cloud.ts'
import { ImplementedElsewhere, RetryLater } from '../provider.ts'
import { serveProvider } from '../testing/served-provider.ts'
import { createHttpProvider } from './http-provider.ts'

const { signal } = new AbortController()
const node = { metadata: { name: 'n1' }, spec: {}, status: {} } as unknown as Node
const service = {
  metadata: { name: 'web', namespace: 'd', uid: 'u-1' },
  spec: { type: 'LoadBalancer' },
} as unknown as Service

test('every call goes there and back', async () => {
  const cloud = new MemoryCloud({ clock: systemClock, adoptsNodes: false })
  const served = await serveProvider(cloud)
  const { instances, loadBalancer, routes, close } = createHttpProvider({
    name: 'http',
    url: `${served.url}/`,
    clock: systemClock,
  })
  assert.ok(instances && loadBalancer && routes)
  try {
    assert.equal(await instances.instanceExists(node, signal), false)
    await assert.rejects(instances.instanceMetadata(node, signal), {
      message: 'instance not found',
    })
    cloud.launch('n1', { labels: { a: 'b' } })
    assert.equal(await instances.instanceExists(node, signal), true)
    const metadata = await instances.instanceMetadata(node, signal)
    assert.equal(metadata?.providerID, 'memory://n1')
    assert.deepEqual(metadata.additionalLabels, { a: 'b' })
    cloud.shutDown('n1')
    assert.equal(await instances.instanceShutdown(node, signal), true)
    assert.equal(await loadBalancer.getLoadBalancer('c', service, signal), undefined)
    const status = await loadBalancer.ensureLoadBalancer('c', service, [node], signal)
    assert.deepEqual(status.ingress, [{ ip: '198.19.128.1', ipMode: 'VIP' }])
    assert.deepEqual(await loadBalancer.getLoadBalancer('c', service, signal), status)
    await loadBalancer.updateLoadBalancer('c', service, [], signal)
    assert.deepEqual([...cloud.balancers.values()][0]?.nodes, [])
    await loadBalancer.ensureLoadBalancerDeleted('c', service, signal)
    assert.equal(cloud.balancers.size, 0)
    const route = { name: '', targetNode: 'n1', destinationCIDR: '10.0.0.0/24' }
    await routes.createRoute('c', 'hint', route, signal)
    const [made] = await routes.listRoutes('c', signal)
    assert.deepEqual(made, { ...route, name: 'route-hint' })
    await routes.deleteRoute('c', route, signal)
    assert.deepEqual(await routes.listRoutes('c', signal), [])
  } finally {
    close?.()
    await served.close()
  }
})

test('failures that mean something mean it on this side, too', async () => {
  const cloud = new MemoryCloud({ clock: systemClock })
  const served = await serveProvider(cloud)
  const { loadBalancer, close } = createHttpProvider({
    name: 'http',
    url: served.url,
    clock: systemClock,
  })
  assert.ok(loadBalancer)
  const ensure = () => loadBalancer.ensureLoadBalancer('c', service, [], signal)
  try {
    cloud.fail('EnsureLoadBalancer', new ImplementedElsewhere())
    await assert.rejects(ensure(), { name: 'ImplementedElsewhere' })
    cloud.fail('EnsureLoadBalancer', new RetryLater('busy', 7000))
    await assert.rejects(ensure(), { name: 'RetryLater', message: 'busy', retryAfterMs: 7000 })
    cloud.fail('EnsureLoadBalancer', 'quota exceeded')
    await assert.rejects(ensure(), { name: 'Error', message: 'quota exceeded' })
  } finally {
    close?.()
    await served.close()
  }
})

test('what is no answer is an error, and never a “no”', async () => {
  let answer: { status: number; body: string } | undefined
  const server = createServer((_, response) => {
    if (!answer) return
    response.writeHead(answer.status)
    response.end(answer.body)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', () => resolve()))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const { instances, loadBalancer, close } = createHttpProvider({
    ...{ name: 'http', url, clock: systemClock },
    timeoutMs: 200,
  })
  assert.ok(instances && loadBalancer)
  const exists = () => instances.instanceExists(node, signal)
  try {
    await assert.rejects(exists(), { message: 'instance-exists was not answered within 0.2s' })
    const cases = [
      [200, '', 'the answer to instance-exists has no "exists"'],
      [200, '{"exists":null}', 'the answer to instance-exists has no "exists"'],
      [200, '<html>', 'instance-exists was answered with something that is no JSON'],
      [502, '<html>', 'instance-exists was answered with HTTP 502'],
      [500, 'null', 'instance-exists was answered with HTTP 500'],
      [500, '{"message":{}}', 'instance-exists was answered with HTTP 500'],
      [301, '', 'instance-exists was answered with HTTP 301'],
      [200, 'null', 'instance-exists was answered with something that is no JSON object'],
      [200, '[]', 'instance-exists was answered with something that is no JSON object'],
      ...['0', '""', '"false"'].map(
        exists =>
          [
            200,
            `{"exists":${exists}}`,
            'the "exists" in the answer to instance-exists is neither true nor false',
          ] as const,
      ),
    ] as const
    for (const [status, body, message] of cases) {
      answer = { status, body }
      await assert.rejects(exists(), { message })
    }
    answer = { status: 302, body: '' }
    const message = /was answered with HTTP 302$/
    await assert.rejects(loadBalancer.getLoadBalancer('c', service, signal), { message })
    await assert.rejects(loadBalancer.ensureLoadBalancerDeleted('c', service, signal), { message })
    for (const retryAfterSeconds of [undefined, 0, -3, 'soon']) {
      const body = JSON.stringify({ message: 'busy', reason: 'RetryAfter', retryAfterSeconds })
      answer = { status: 429, body }
      await assert.rejects(exists(), { name: 'Error', message: 'busy' })
    }
    const aborting = new AbortController()
    answer = undefined
    const asked = instances.instanceExists(node, aborting.signal)
    aborting.abort()
    await assert.rejects(asked)
  } finally {
    close?.()
    server.closeAllConnections()
    server.close()
  }
})

test('a URL that is none is told at once', () => {
  for (const url of ['', 'localhost:1', 'ftp://x'])
    assert.throws(() => createHttpProvider({ name: 'http', url, clock: systemClock }), {
      name: 'UserError',
    })
})
