/** Services become packet rules: watches Services, EndpointSlices and this node's pods, and keeps one nftables table. The door of the room. */
import { type Node, node } from '#api/core/v1/node.ts'
import { pod } from '#api/core/v1/pod/pod.ts'
import { type Service, service } from '#api/core/v1/service.ts'
import { type EndpointSlice, endpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import { splitRanges } from '#base/cidr.ts'
import { createEventRecorder } from '#client/events.ts'
import type { Informer, Informers } from '#client/informer.ts'
import type { RoleContext, Running } from '#client/role.ts'
import { tryCommand } from '#host/command.ts'
import { udpDestinationsOf } from './conntrack.ts'
import { FAMILIES, type Family, familyOf, wordsOf } from './family.ts'
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
  /** Addresses of pods: one range, or one of each family with a comma between them. */
  readonly clusterCidr: string
  /** The nftables table that belongs to this proxy alone, one of each family. */
  readonly table: string
  readonly healthzBindAddress?: WantedStatusAddress
  readonly metricsBindAddress?: WantedStatusAddress
}

/** When endpoints changed, as whoever wrote the slice saw it. */
const LAST_CHANGE = 'endpoints.kubernetes.io/last-change-trigger-time'
const SERVICE_INDEX = 'proxy/service'

/** Resolves once the first complete tables are in the kernel. Throws a UserError where a port that was asked for cannot be had. */
export async function startProxy(context: RoleContext, options: ProxyOptions): Promise<Running> {
  const { informers, clock, log } = context
  const ranges = new Map(
    splitRanges(options.clusterCidr).map(range => [familyOf(range), range] as const),
  )
  const families = [...ranges.keys()]
  const nodes = informers.for(node, { fieldSelector: `metadata.name=${options.nodeName}` })
  const wanted = wantedRules(informers, nodes, options.nodeName)
  const health = new ProxyHealth(clock)
  const figures = new ProxyFigures(families)
  for (const family of families) health.waiting(family)
  const statusPorts = await openStatusPorts({
    healthz: options.healthzBindAddress,
    metrics: options.metricsBindAddress,
    node: () => nodes.get(options.nodeName),
    ...{ families, health, figures, clock, log },
  })
  await wanted.synced
  const consequences = startConsequences(context, { ...options, families }, health)
  const writers = [...ranges].map(
    ([family, clusterCidr]) =>
      new RuleWriter(context, {
        ...{ table: options.table, family, health, figures },
        wanted: () => wanted.now(family, clusterCidr),
        written: (now, lost) => consequences.written(family, now, lost),
      }),
  )
  const started = clock.now()
  const ends = wanted.subscribe(at => {
    for (const writer of writers) writer.changed(at !== undefined && at >= started ? at : undefined)
  })
  await Promise.all(writers.map(writer => writer.firstWrite))
  // Of an earlier life, when the cluster had other ranges.
  const others = FAMILIES.filter(family => !ranges.has(family))
  const cleaned = Promise.all(others.map(family => removeTable(family, options.table)))
  return {
    stop: async () => {
      for (const end of ends) end()
      await cleaned
      await Promise.all(writers.map(writer => writer.stop()))
      await consequences.stop()
      await statusPorts.stop()
    },
  }
}

/** What follows when rules are in the kernel. */
function startConsequences(
  { client, clock, random, log }: RoleContext,
  { nodeName, families }: { readonly nodeName: string; readonly families: readonly Family[] },
  health: ProxyHealth,
) {
  const cleaners = new Map(families.map(family => [family, new FlowCleaner({ log, family })]))
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
    written: (family: Family, { udpDestinations, healthChecks }: Wanted, lost: boolean) => {
      const cleaner = cleaners.get(family)
      if (lost) cleaner?.forget()
      cleaner?.settled(udpDestinations)
      healthCheckPorts.settled(healthChecks)
    },
    stop: async () => {
      await Promise.all([...cleaners.values()].map(cleaner => cleaner.stop()))
      await healthCheckPorts.stop()
      recorder.stop()
    },
  }
}

/** Removes the tables; harmless where there are none. */
export async function removeProxyRules(table: string): Promise<void> {
  for (const family of FAMILIES) await removeTable(family, table)
}

async function removeTable(family: Family, table: string): Promise<void> {
  await tryCommand('nft', ['delete', 'table', wordsOf(family).ip, table]).catch(() => undefined)
}

function wantedRules(informers: Informers, nodes: Informer<Node>, nodeName: string) {
  const services = informers.for(service)
  const slices = informers.for(endpointSlice)
  const pods = informers.for(pod, { fieldSelector: `spec.nodeName=${nodeName}` })
  slices.addIndex(SERVICE_INDEX, slice => [
    `${slice.metadata.namespace}/${slice.metadata.labels?.['kubernetes.io/service-name'] ?? ''}`,
  ])
  return {
    synced: Promise.all([services.synced, slices.synced, pods.synced, nodes.synced]),
    now: (family: Family, clusterCidr: string): Wanted => {
      const zone = zoneOf(nodes.get(nodeName))
      const served = [...services.list()].sort(byAge).map(service => {
        const { namespace, name } = service.metadata
        return { service, slices: slices.by(SERVICE_INDEX, `${namespace}/${name}`) }
      })
      const ports = served.flatMap(({ service, slices }) =>
        servicePortsOf(service, slices, nodeName, family, zone),
      )
      const hostPorts = pods.list().flatMap(pod => hostPortsOf(pod, family))
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
      const ofNode = {
        changed: (node: Node, before: Node | undefined) => {
          if (zoneOf(node) !== zoneOf(before)) changed()
        },
        deleted: () => {},
      }
      return [
        ...[services.subscribe(listener), slices.subscribe(ofSlices), pods.subscribe(listener)],
        nodes.subscribe(ofNode),
      ]
    },
  }
}

const zoneOf = (node: Node | undefined) => node?.metadata.labels?.['topology.kubernetes.io/zone']

/** Of two that name the same outer address the older has it, whatever happens to the other one. */
function byAge({ metadata: one }: Service, { metadata: other }: Service): number {
  const [a, b] = [one, other].map(
    ({ creationTimestamp, namespace, name }) => `${creationTimestamp} ${namespace}/${name}`,
  ) as [string, string]
  return a < b ? -1 : 1
}

function lastChangeOf({ metadata }: EndpointSlice): number | undefined {
  const at = Date.parse(metadata.annotations?.[LAST_CHANGE] ?? '')
  return Number.isNaN(at) ? undefined : at
}
