import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { Service } from '#api/core/v1/service.ts'
import type { Endpoint, EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import { silentLog } from '#base/log.ts'
import { systemClock } from '#host/clock.ts'
import { listenTcp } from '#host/sockets.ts'
import { HealthCheckPorts, RETRY_MS } from './health-check-ports.ts'
import { type HealthCheck, healthCheckOf } from './service-ports.ts'

const events: string[] = []
let isProxyHealthy = true
const clock = { ...systemClock, after: patient }
/** Waits for a port are short here; everything else takes the time it takes. */
function patient(delayMs: number, callback: () => void) {
  return systemClock.after(delayMs === RETRY_MS ? 50 : delayMs, callback)
}
const ports = new HealthCheckPorts({
  nodeName: 'here',
  clock,
  log: silentLog,
  recorder: {
    record: (_about, type, reason, { message }) => void events.push(`${type} ${reason} ${message}`),
  },
  isProxyHealthy: () => isProxyHealthy,
})
after(() => ports.stop())

test('only Services with externalTrafficPolicy Local have a health check', () => {
  assert.equal(healthCheckOf(web(30_100), [], 'here')?.port, 30_100)
  assert.equal(healthCheckOf(web(0), [], 'here'), undefined)
  const cluster = web(30_100, { externalTrafficPolicy: 'Cluster' })
  assert.equal(healthCheckOf(cluster, [], 'here'), undefined)
})

test('it counts ready endpoints of the node that do not end, each address once', () => {
  const endpoint = (ip: string, more: Partial<Endpoint> = {}): Endpoint => ({
    addresses: [ip],
    nodeName: 'here',
    conditions: { ready: true, serving: true, terminating: false },
    ...more,
  })
  const ending = { ready: false, serving: true, terminating: true }
  const endpoints = [
    endpoint('10.244.0.5'),
    endpoint('10.244.0.6', { conditions: ending }),
    endpoint('10.244.0.7', { conditions: { ready: false } }),
    endpoint('10.244.1.5', { nodeName: 'elsewhere' }),
    endpoint('10.244.0.8', { conditions: {} }),
  ]
  const slices = [slice(endpoints), slice([endpoint('10.244.0.5')])]
  assert.equal(healthCheckOf(web(30_100), slices, 'here')?.localEndpoints, 2)
})

test('the port answers as upstream does, follows the endpoints and goes with its Service', async () => {
  const port = await freePort()
  ports.settled([check(port, 2)])
  const good = await answered(port)
  assert.equal(good.status, 200)
  assert.equal(
    await good.text(),
    '{\n\t"service": {\n\t\t"namespace": "default",\n\t\t"name": "web"\n\t},\n\t"localEndpoints": 2,\n\t"serviceProxyHealthy": true\n}',
  )
  const headers = ['content-type', 'x-content-type-options', 'x-load-balancing-endpoint-weight']
  assert.deepEqual(
    headers.map(name => good.headers.get(name)),
    ['application/json', 'nosniff', '2'],
  )
  isProxyHealthy = false
  const ill = await answered(port)
  isProxyHealthy = true
  assert.equal(ill.status, 503)
  assert.match(await ill.text(), /"serviceProxyHealthy": false/)

  ports.settled([check(port, 0)])
  const bad = await answered(port)
  assert.equal(bad.status, 503)
  assert.equal(bad.headers.get('x-load-balancing-endpoint-weight'), '0')
  await bad.text()

  ports.settled([])
  await assert.rejects(ask(port))
  ports.settled([check(port, 1)])
  assert.equal((await answered(port)).status, 200)
})

test('a port that somebody else holds is told, and taken when it is free', async () => {
  const holder = await listenTcp('0.0.0.0', 0, socket => socket.destroy())
  ports.settled([check(holder.port, 1)])
  while (events.length === 0)
    await new Promise(resolve => systemClock.after(10, () => resolve(undefined)))
  assert.match(
    events[0] ?? '',
    /^Warning FailedToStartServiceHealthcheck node here failed to start healthcheck "default\/web" on port \d+: listen EADDRINUSE/,
  )
  await holder.close()
  assert.equal((await answered(holder.port)).status, 200)
  assert.equal(events.length, 1, 'told once')
})

function ask(port: number): Promise<Response> {
  return fetch(`http://127.0.0.1:${port}/`)
}

/** Asks until somebody answers. */
async function answered(port: number): Promise<Response> {
  for (let tries = 0; tries < 100; tries++)
    try {
      return await ask(port)
    } catch {
      await new Promise(resolve => systemClock.after(50, () => resolve(undefined)))
    }
  return assert.fail('nobody answers')
}

async function freePort(): Promise<number> {
  const { port, close } = await listenTcp('0.0.0.0', 0, socket => socket.destroy())
  await close()
  return port
}

function check(port: number, localEndpoints: number): HealthCheck {
  return { service: web(port), port, localEndpoints }
}

function web(healthCheckNodePort: number, spec: object = {}): Service {
  return {
    metadata: { name: 'web', namespace: 'default' },
    spec: {
      ...{ type: 'LoadBalancer', clusterIP: '10.96.0.7', externalTrafficPolicy: 'Local' },
      healthCheckNodePort,
      ports: [{ name: 'http', port: 80, protocol: 'TCP' }],
      ...spec,
    },
  } as unknown as Service
}

function slice(endpoints: readonly Endpoint[]): EndpointSlice {
  return {
    addressType: 'IPv4',
    metadata: { name: 'web-1' },
    ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
    endpoints,
  } as unknown as EndpointSlice
}
