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

/** What is there from the start; nothing changes but what is told to `listeners`. */
function having<T extends { metadata: { name?: string; namespace?: string } }>(
  objects: readonly T[],
  listeners: Parameters<Informer<T>['subscribe']>[0][] = [],
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
    subscribe(listener) {
      listeners.push(listener)
      for (const each of objects) listener.changed?.(each, undefined)
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
  const listeners: Parameters<Informer<(typeof nodes)[number]>['subscribe']>[0][] = []
  const ofNodes = having(nodes, listeners)
  const informers = {
    for: (kind: unknown) => (kind === node ? ofNodes : kind === pod ? having(pods) : undefined),
  } as unknown as Informers
  const label = (name: string, labels: { name: string }) => {
    const at = nodes.findIndex(({ metadata }) => metadata.name === name)
    const [before] = nodes.splice(at, 1, { metadata: { name, labels } })
    for (const { changed } of listeners) changed?.(nodes[at] as never, before as never)
  }
  const remove = (name: string) => {
    const at = nodes.findIndex(({ metadata }) => metadata.name === name)
    for (const gone of nodes.splice(at, 1))
      for (const { deleted } of listeners) deleted?.(gone as never)
  }
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
  const text = () => figuresText([figures.source])
  return { clock, running, warnings, names, text, label, remove }
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

test('a node that is not wanted any more is told of no more', async () => {
  const { clock, running, names, label } = serverOver(tells('on-n1'), {
    nodes: parseLabelSelector('name in (n1,n2)'),
  })
  await clock.advance(20_000)
  assert.deepEqual([names(nodeMetrics), names(podMetrics)], [['n1', 'n2'], ['on-n1']])
  label('n1', { name: 'other' })
  assert.deepEqual([names(nodeMetrics), names(podMetrics)], [['n2'], []])
  await clock.advance(60_000)
  assert.deepEqual([names(nodeMetrics), names(podMetrics)], [['n2'], []])
  label('n1', { name: 'n1' })
  await clock.advance(30_000)
  assert.deepEqual(names(nodeMetrics), ['n1', 'n2'])
  await running.stop()
})

test('of a node that goes while it is asked nothing stays', async () => {
  const { clock, running, text, remove } = serverOver(tells('on-n1'), {
    kubelet: async name => ({
      async request() {
        await new Promise<void>(resolve => void clock.after(2_000, resolve))
        throw new Error(`${name} is away`)
      },
    }),
  })
  await clock.advance(1_000)
  remove('n1')
  await clock.advance(30_000)
  assert.doesNotMatch(text(), /n1/)
  assert.match(text(), /^metrics_server_kubelet_last_request_time_seconds\{node="n2"\}/m)
  const stopping = running.stop()
  await clock.advance(2_000)
  await stopping
})

test('whatever one kubelet says, all other nodes are told of', async () => {
  for (const [cpu, memory, at] of [
    ['1e308', '4096', '1000'],
    ['1', '1e308', '1000'],
    ['1', '4096', '99999999999999999999'],
    ['1', '4096', '253402300800000'],
    ['-1', '-4096', '-1000'],
  ]) {
    let asked = 0
    const { clock, running, names } = serverOver((name, now) => {
      if (name === 'n2') return tells('on-n2')(name, now)
      const more = Number(cpu) * ++asked
      return `node_cpu_usage_seconds_total ${Number.isFinite(more) ? more : cpu} ${at}${asked % 10}
node_memory_working_set_bytes ${memory} ${at}${asked % 10}
`
    })
    await clock.advance(40_000)
    assert.ok(names(nodeMetrics)?.includes('n2'), `${cpu} ${memory} ${at}`)
    await running.stop()
  }
})
