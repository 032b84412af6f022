/** /metrics and /metrics/slis in Prometheus' text format. The library is loaded by the first scrape, for loading costs more than a start may. */

import { figuresText } from '#base/figures.ts'
import { pageNotFound, respondText } from '../respond.ts'
import type { ServerContext } from '../server-context.ts'
import type { Endpoint } from './endpoints.ts'
import { healthOf } from './health.ts'
import { BUCKETS } from './request-metrics.ts'

export const metrics: Endpoint = async ({ server, info }) => {
  if (info.path === '/metrics/slis') return answerOf(figuresText([healthOf(server).figures]))
  if (info.path !== '/metrics') return pageNotFound()
  const own = await (await registryOf(server)).metrics()
  return answerOf(own + figuresText(server.figures))
}

const answerOf = (text: string) => ({
  ...respondText(200, text),
  headers: { 'content-type': 'text/plain; version=0.0.4; charset=utf-8; escaping=underscores' },
})

type Registry = InstanceType<typeof import('prom-client').Registry>
const registries = new WeakMap<ServerContext, Promise<Registry>>()

function registryOf(server: ServerContext): Promise<Registry> {
  let registry = registries.get(server)
  if (!registry) {
    registry = createRegistry(server)
    registries.set(server, registry)
  }
  return registry
}

async function createRegistry(server: ServerContext): Promise<Registry> {
  const { Registry, Gauge, Counter, collectDefaultMetrics } = await import('prom-client')
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const registers = [registry]
  const labels = ['verb', 'group', 'version', 'resource', 'subresource', 'scope']
  new Counter({
    name: 'apiserver_request_total',
    help: 'Requests by verb, resource and HTTP code.',
    labelNames: [...labels, 'code', 'component'],
    registers,
    collect() {
      this.reset()
      for (const { labels, codes } of server.metrics.series)
        for (const [code, count] of codes)
          this.inc({ ...labels, code: String(code), component: 'apiserver' }, count)
    },
  })
  registry.registerMetric(durations(server) as never)
  new Gauge({
    name: 'apiserver_current_inflight_requests',
    help: 'Requests that are being answered now.',
    labelNames: ['request_kind'],
    registers,
    collect() {
      this.set({ request_kind: 'readOnly' }, server.inFlight.reads)
      this.set({ request_kind: 'mutating' }, server.inFlight.writes)
    },
  })
  new Gauge({
    name: 'apiserver_storage_objects',
    help: 'Stored objects by resource.',
    labelNames: ['resource'],
    registers,
    collect() {
      for (const { resources } of server.registry.versions())
        for (const { name, storage } of resources)
          if (storage)
            this.set(
              { resource: name.group ? `${name.resource}.${name.group}` : name.resource },
              storage.cache.size,
            )
    },
  })
  new Counter({
    name: 'apiserver_watch_events_total',
    help: 'Events that watchers were told, by resource.',
    labelNames: ['group', 'version', 'resource'],
    registers,
    collect() {
      this.reset()
      for (const { resources } of server.registry.versions())
        for (const { name, kind, storage } of resources)
          if (storage && storage.kind === kind)
            this.inc({ ...name, version: kind.version }, storage.cache.toldEvents)
    },
  })
  if (server.store.shared) registry.registerMetric(comparisons(server, Counter))
  new Gauge({
    name: 'apiserver_longrunning_requests',
    help: 'Watches that are open now, by resource.',
    labelNames: ['resource', 'verb'],
    registers,
    collect() {
      for (const { resources } of server.registry.versions())
        for (const { name, storage } of resources)
          if (storage)
            this.set({ resource: name.resource, verb: 'WATCH' }, storage.cache.watchers.size)
    },
  })
  return registry
}

function comparisons(server: ServerContext, Counter: typeof import('prom-client').Counter) {
  return new Counter({
    name: 'apiserver_storage_consistency_checks_total',
    help: 'Comparisons of the watch cache with etcd, by what came of them.',
    labelNames: ['group', 'resource', 'status'],
    registers: [],
    collect() {
      this.reset()
      for (const { resources } of server.registry.versions())
        for (const { name, kind, storage } of resources)
          if (storage && storage.kind === kind)
            for (const [status, count] of Object.entries(storage.cache.comparisons))
              this.inc({ ...name, status }, count)
    },
  })
}

/** The library's own histogram cannot be filled with counts; this is one that shows ours. */
function durations(server: ServerContext) {
  const name = 'apiserver_request_duration_seconds'
  const get = async () => ({
    name,
    help: 'Time that answers took, in seconds, by verb and resource; watches and streams excluded.',
    type: 'histogram',
    aggregator: 'sum',
    values: [...server.metrics.series].flatMap(({ labels, buckets, sumSeconds, count }) => {
      let below = 0
      const counts = BUCKETS.map((bound, at) => {
        below += buckets[at] ?? 0
        return { metricName: `${name}_bucket`, labels: { ...labels, le: bound }, value: below }
      })
      return [
        ...counts,
        { metricName: `${name}_bucket`, labels: { ...labels, le: '+Inf' }, value: count },
        { metricName: `${name}_sum`, labels, value: sumSeconds },
        { metricName: `${name}_count`, labels, value: count },
      ]
    }),
  })
  return { name, get, reset() {} }
}
