/** Services become packet rules: watches Services, EndpointSlices and this node's pods, and keeps one nftables table. The door of the room. */
import { node } from '#api/core/v1/node.ts'
import { pod } from '#api/core/v1/pod/pod.ts'
import { service } from '#api/core/v1/service.ts'
import { type EndpointSlice, endpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import { createEventRecorder } from '#client/events.ts'
import type { Informers } from '#client/informer.ts'
import type { RoleContext, Running } from '#client/role.ts'
import { tryCommand } from '#host/command.ts'
import { udpDestinationsOf } from './conntrack.ts'
import { ProxyFigures } from './figures.ts'
import { FlowCleaner } from './flow-cleaner.ts'
import { HealthCheckPorts } from './health-check-ports.ts'
import { ProxyHealth } from './proxy-health.ts'
import { RuleWriter, type Wanted } from './rule-writer.ts'
import { rulesetOf } from './ruleset.ts'
import { healthCheckOf, hostPortsOf, servicePortsOf } from './service-ports.ts'
import { openStatusPorts, type WantedStatusAddress } from './status-ports.ts'

export type { WantedStatusAddress } from './status-ports.ts'

export interface ProxyOptions {
  readonly nodeName: string
  readonly clusterCidr: string
  /** The nftables table, of family ip, that belongs to this proxy alone. */
  readonly table: string
  readonly healthzBindAddress?: WantedStatusAddress
  readonly metricsBindAddress?: WantedStatusAddress
}

/** When endpoints changed, as whoever wrote the slice saw it. */
const LAST_CHANGE = 'endpoints.kubernetes.io/last-change-trigger-time'
const SERVICE_INDEX = 'proxy/service'

/** Resolves once the first complete table is in the kernel. Throws a UserError where a port that was asked for cannot be had. */
export async function startProxy(context: RoleContext, options: ProxyOptions): Promise<Running> {
  const { informers, clock, log } = context
  const wanted = wantedRules(informers, options)
  const nodes = informers.for(node, { fieldSelector: `metadata.name=${options.nodeName}` })
  const health = new ProxyHealth(clock)
  const figures = new ProxyFigures()
  health.waiting()
  const statusPorts = await openStatusPorts({
    healthz: options.healthzBindAddress,
    metrics: options.metricsBindAddress,
    node: () => nodes.get(options.nodeName),
    ...{ health, figures, clock, log },
  })
  await wanted.synced
  const consequences = startConsequences(context, options, health)
  const writer = new RuleWriter(context, {
    table: options.table,
    ...{ health, figures },
    wanted: wanted.now,
    written: consequences.written,
  })
  const started = clock.now()
  const ends = wanted.subscribe(at =>
    writer.changed(at !== undefined && at >= started ? at : undefined),
  )
  await writer.firstWrite
  return {
    stop: async () => {
      for (const end of ends) end()
      await writer.stop()
      await consequences.stop()
      await statusPorts.stop()
    },
  }
}

/** What follows when rules are in the kernel. */
function startConsequences(
  { client, clock, random, log }: RoleContext,
  { nodeName }: ProxyOptions,
  health: ProxyHealth,
) {
  const cleaner = new FlowCleaner({ log })
  const recorder = createEventRecorder(client, {
    ...{ clock, random, log },
    component: 'kube-proxy',
    host: nodeName,
  })
  const healthCheckPorts = new HealthCheckPorts({
    ...{ nodeName, clock, log, recorder },
    isProxyHealthy: () => health.isHealthy,
  })
  return {
    written: ({ udpDestinations, healthChecks }: Wanted, lost: boolean) => {
      if (lost) cleaner.forget()
      cleaner.settled(udpDestinations)
      healthCheckPorts.settled(healthChecks)
    },
    stop: async () => {
      await cleaner.stop()
      await healthCheckPorts.stop()
      recorder.stop()
    },
  }
}

/** Removes the table; harmless where there is none. */
export async function removeProxyRules(table: string): Promise<void> {
  await tryCommand('nft', ['delete', 'table', 'ip', table]).catch(() => undefined)
}

function wantedRules(informers: Informers, { nodeName, clusterCidr }: ProxyOptions) {
  const services = informers.for(service)
  const slices = informers.for(endpointSlice)
  const pods = informers.for(pod, { fieldSelector: `spec.nodeName=${nodeName}` })
  slices.addIndex(SERVICE_INDEX, slice => [
    `${slice.metadata.namespace}/${slice.metadata.labels?.['kubernetes.io/service-name'] ?? ''}`,
  ])
  return {
    synced: Promise.all([services.synced, slices.synced, pods.synced]),
    now: (): Wanted => {
      const served = services.list().map(service => {
        const { namespace, name } = service.metadata
        return { service, slices: slices.by(SERVICE_INDEX, `${namespace}/${name}`) }
      })
      const ports = served.flatMap(({ service, slices }) =>
        servicePortsOf(service, slices, nodeName),
      )
      const hostPorts = pods.list().flatMap(hostPortsOf)
      return {
        ruleset: rulesetOf(ports, hostPorts, { clusterCidr }),
        udpDestinations: udpDestinationsOf(ports, hostPorts),
        healthChecks: served.flatMap(
          ({ service, slices }) => healthCheckOf(service, slices, nodeName) ?? [],
        ),
      }
    },
    /** `changed` gets the time of a change of endpoints, in milliseconds since the epoch, where it is known. */
    subscribe: (changed: (atMs?: number) => void) => {
      const listener = { changed: () => changed(), deleted: () => changed() }
      const ofSlices = {
        changed: (slice: EndpointSlice, previous: EndpointSlice | undefined) => {
          const at = lastChangeOf(slice)
          changed(previous && lastChangeOf(previous) === at ? undefined : at)
        },
        deleted: () => changed(),
      }
      return [services.subscribe(listener), slices.subscribe(ofSlices), pods.subscribe(listener)]
    },
  }
}

function lastChangeOf({ metadata }: EndpointSlice): number | undefined {
  const at = Date.parse(metadata.annotations?.[LAST_CHANGE] ?? '')
  return Number.isNaN(at) ? undefined : at
}
