import assert from 'node:assert/strict'
import { test } from 'node:test'
import { node } from '#api/core/v1/node.ts'
import { pod } from '#api/core/v1/pod/pod.ts'
import { parseLabelSelector } from '#api/machinery/label-selector.ts'
import { nodeMetrics } from '#api/metrics/v1beta1/node-metrics.ts'
import { podMetrics } from '#api/metrics/v1beta1/pod-metrics.ts'
import { createFigureBook, figuresText } from '#base/figures.ts'
import type { Log } from '#base/log.ts'
import type { Informer, Informers } from '#client/informer.ts'
import type { RoleContext } from '#client/role.ts'
import { createManualClock } from '#client/testing/manual-clock.ts'
import { type MetricsServerOptions, startMetricsServer } from './metrics-server.ts'

const everything = { namespace: '', matches: () => true }

/** What is there from the start; nothing changes. */
function having<T extends { metadata: { name?: string; namespace?: string } }>(
  objects: readonly T[],
): Informer<T> {
  const keyOf = ({ metadata }: T) =>
    metadata.namespace ? `${metadata.namespace}/${metadata.name}` : (metadata.name ?? '')
  return {
    synced: Promise.resolve(),
    revision: 1,
    get: key => objects.find(each => keyOf(each) === key),
    list: () => objects,
    by: () => [],
    addIndex() {},
    subscribe({ changed }) {
      for (const each of objects) changed?.(each, undefined)
      return () => {}
    },
  }
}

function serverOver(
  kubelet: (name: string, now: number) => string,
  more: Partial<MetricsServerOptions> = {},
) {
  const clock = createManualClock()
  const warnings: string[] = []
  const log: Log = {
    ...{ debug() {}, info() {}, error() {} },
    warn: (message, fields) => warnings.push(`${message}: ${fields?.node}, ${fields?.error}`),
    with: () => log,
  }
  const nodes = ['n1', 'n2'].map(name => ({ metadata: { name, labels: { name } } }))
  const pods = ['n1', 'n2'].map(nodeName => ({
    metadata: { name: `on-${nodeName}`, namespace: 'a' },
    spec: { nodeName },
    status: { phase: 'Running' },
  }))
  const informers = {
    for: (kind: unknown) =>
      kind === node ? having(nodes) : kind === pod ? having(pods) : undefined,
  } as unknown as Informers
  const context = { clock, informers, log } as unknown as RoleContext
  const figures = createFigureBook()
  const running = startMetricsServer(context, {
    figures,
    kubelet: async name => ({
      async request() {
        const text = kubelet(name, clock.now())
        return { status: 200, headers: {}, body: { kind: 'bytes', bytes: Buffer.from(text) } }
      },
    }),
    ...more,
  })
  const names = (kind: typeof nodeMetrics | typeof podMetrics) =>
    running.resources
      .get(kind)
      ?.list(everything)
      .map(({ metadata }) => metadata.name)
  return { clock, running, warnings, names, text: () => figuresText([figures.source]) }
}

const tells = (podName: string) => (_: string, now: number) =>
  `node_cpu_usage_seconds_total ${now / 1000} ${now}
node_memory_working_set_bytes 4096 ${now}
container_cpu_usage_seconds_total{container="c",namespace="a",pod="${podName}"} ${now / 1000} ${now}
container_memory_working_set_bytes{container="c",namespace="a",pod="${podName}"} 4096 ${now}
`

test('a node tells of its own pods, and of no others', async () => {
  const { clock, running, names } = serverOver(tells('on-n1'))
  await clock.advance(20_000)
  assert.deepEqual(names(nodeMetrics), ['n1', 'n2'])
  // Both told of it; only one of them runs it.
  assert.deepEqual(names(podMetrics), ['on-n1'])
  await running.stop()
  assert.equal(clock.pending, 0)
})

test('figures are there four seconds after the start', async () => {
  const { clock, running, names } = serverOver(tells('on-n1'))
  await clock.advance(1_000)
  assert.deepEqual([names(nodeMetrics), running.isReady], [[], false])
  await clock.advance(3_000)
  assert.deepEqual(names(nodeMetrics), ['n1', 'n2'])
  assert.ok(running.isReady)
  await running.stop()
})

test('a node that fails is told of once, and nothing is told about it until it answers again', async () => {
  let isAway = false
  const tell = tells('on-n1')
  const { clock, running, warnings, names, text } = serverOver((name, now) => {
    if (isAway && name === 'n1') throw new Error('it is away')
    return tell(name, now)
  })
  await clock.advance(20_000)
  isAway = true
  await clock.advance(60_000)
  assert.deepEqual(warnings, ['a node cannot be measured: n1, it is away'])
  assert.deepEqual([names(nodeMetrics), names(podMetrics)], [['n2'], []])
  assert.ok(running.isHealthy)
  isAway = false
  await clock.advance(30_000)
  assert.deepEqual([names(nodeMetrics), names(podMetrics)], [['n1', 'n2'], ['on-n1']])
  assert.match(text(), /^metrics_server_kubelet_request_total\{success="false"\} [1-9]/m)
  assert.match(text(), /^metrics_server_storage_points\{type="node"\} 2$/m)
  await running.stop()
})

test('only the nodes that are wanted are asked', async () => {
  const asked = new Set<string>()
  const { clock, running, names } = serverOver(
    (name, now) => {
      asked.add(name)
      return tells('on-n2')(name, now)
    },
    { nodes: parseLabelSelector('name=n2') },
  )
  await clock.advance(20_000)
  assert.deepEqual([...asked], ['n2'])
  assert.deepEqual(names(nodeMetrics), ['n2'])
  await running.stop()
})
