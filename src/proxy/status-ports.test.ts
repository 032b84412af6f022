import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { Node } from '#api/core/v1/node.ts'
import { UserError } from '#base/errors.ts'
import { silentLog } from '#base/log.ts'
import { listenTcp } from '#host/sockets.ts'
import { ProxyFigures } from './figures.ts'
import { ProxyHealth } from './proxy-health.ts'
import { isEligible, openStatusPorts, type WantedStatusAddress } from './status-ports.ts'

let now = Date.UTC(2026, 0, 2, 3, 4, 5, 678)
const clock = { now: () => now, monotonicMs: () => now, after: () => () => {} }
const health = new ProxyHealth(clock)
const figures = new ProxyFigures([4])
let node: Node | undefined
const somewhere = { address: '127.0.0.1', port: 0 }
const warnings: string[] = []
const log = { ...silentLog, warn: (message: string) => void warnings.push(message) }
const open = (healthz: WantedStatusAddress, metrics: WantedStatusAddress) =>
  openStatusPorts({
    healthz,
    metrics,
    families: [4],
    health,
    figures,
    node: () => node,
    clock,
    log,
  })
const ports = await open(somewhere, somewhere)
after(() => ports.stop())

test('healthz and livez tell since when rules are late', async () => {
  health.waiting(4)
  health.written(4, true)
  const written = '2026-01-02 03:04:05.678 +0000 UTC'
  const good = { lastUpdated: written, currentTime: written }
  assert.deepEqual(await ask('/livez'), [200, good])
  assert.deepEqual(await ask('/healthz'), [200, { ...good, nodeEligible: true }])
  health.waiting(4)
  now += 59_000
  assert.equal((await ask('/healthz'))[0], 200, 'not late yet')
  health.waiting(4)
  now += 1_000
  const late = { lastUpdated: written, currentTime: '2026-01-02 03:05:05.678 +0000 UTC' }
  assert.deepEqual(await ask('/livez'), [503, late])
  assert.deepEqual(await ask('/healthz'), [503, { ...late, nodeEligible: true }])
  health.written(4, false)
  assert.equal((await ask('/healthz'))[0], 200, 'what waits now waits since now')
  health.written(4, true)
})

test('a node that leaves takes no new clients, but lives', async () => {
  node = leaving({ spec: { taints: [{ key: 'ToBeDeletedByClusterAutoscaler' }] } })
  const [status, body] = await ask('/healthz')
  assert.deepEqual([status, (body as { nodeEligible: boolean }).nodeEligible], [503, false])
  assert.equal((await ask('/livez'))[0], 200)
  node = undefined
  assert.equal((await ask('/healthz'))[0], 200)
  assert.equal(isEligible(leaving({ spec: { taints: [{ key: 'another' }] } })), true)
  assert.equal(isEligible(leaving({ metadata: { deletionTimestamp: 'now' }, spec: {} })), false)
})

test('the other port tells mode and figures under the names of kube-proxy', async () => {
  figures.queued(4, 1_500)
  figures.written(4, { nowMs: 2_500, tookMs: 40 }, [1_500])
  figures.failed(4)
  const base = `http://127.0.0.1:${ports.metricsPort}`
  assert.equal(await (await fetch(`${base}/proxyMode`)).text(), 'nftables')
  assert.equal((await fetch(`${base}/healthz`)).status, 200)
  const text = await (await fetch(`${base}/metrics`)).text()
  for (const line of [
    'kubeproxy_sync_proxy_rules_duration_seconds_count{ip_family="IPv4"} 1',
    'kubeproxy_sync_proxy_rules_last_timestamp_seconds{ip_family="IPv4"} 2.5',
    'kubeproxy_sync_proxy_rules_last_queued_timestamp_seconds{ip_family="IPv4"} 1.5',
    'kubeproxy_network_programming_duration_seconds_sum{ip_family="IPv4"} 1',
    'kubeproxy_sync_proxy_rules_nftables_sync_failures_total{ip_family="IPv4"} 1',
    'kubeproxy_proxy_livez_total{code="503"} 1',
  ])
    assert.ok(text.includes(line), line)
  for (const path of ['/other', '/healthz/more'])
    assert.equal((await fetch(`${base}${path}`)).status, 404)
  assert.equal((await fetch(base, { method: 'POST' })).status, 405)
})

test('none opens no port; a place that was asked for and is taken is an error', async () => {
  const closed = await open('none', 'none')
  assert.deepEqual([closed.healthzPort, closed.metricsPort], [undefined, undefined])
  await closed.stop()
  const holder = await listenTcp('127.0.0.1', 0, socket => socket.destroy())
  const taken = { address: '127.0.0.1', port: holder.port }
  await assert.rejects(open(somewhere, taken), error => {
    assert.ok(error instanceof UserError)
    assert.match(
      error.message,
      /^--metrics-bind-address 127\.0\.0\.1:\d+ cannot be opened: .*EADDRINUSE/,
    )
    return true
  })
  await holder.close()
})

test('places of upstream that another cluster has are told and left out', async () => {
  const first = await open(undefined, undefined)
  warnings.length = 0
  const second = await open(undefined, undefined)
  assert.deepEqual([second.healthzPort, second.metricsPort], [undefined, undefined])
  assert.equal(warnings.length, 2)
  await first.stop()
  await second.stop()
})

async function ask(path: string): Promise<[number, unknown]> {
  const response = await fetch(`http://127.0.0.1:${ports.healthzPort}${path}`)
  assert.equal(response.headers.get('content-type'), 'application/json')
  return [response.status, await response.json()]
}

function leaving(more: object): Node {
  return { metadata: { name: 'here' }, ...more } as unknown as Node
}
