/** Services become packet rules: watches Services, EndpointSlices and this node's pods, and keeps one nftables table. The door of the room. */
import { pod } from '#api/core/v1/pod/pod.ts'
import { service } from '#api/core/v1/service.ts'
import { endpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import { createEventRecorder } from '#client/events.ts'
import type { Informers } from '#client/informer.ts'
import type { RoleContext, Running } from '#client/role.ts'
import { tryCommand } from '#host/command.ts'
import { udpDestinationsOf } from './conntrack.ts'
import { FlowCleaner } from './flow-cleaner.ts'
import { HealthCheckPorts } from './health-check-ports.ts'
import { ProxyHealth } from './proxy-health.ts'
import { RuleWriter, type Wanted } from './rule-writer.ts'
import { rulesetOf } from './ruleset.ts'
import { healthCheckOf, hostPortsOf, servicePortsOf } from './service-ports.ts'

export interface ProxyOptions {
  readonly nodeName: string
  readonly clusterCidr: string
  /** The nftables table, of family ip, that belongs to this proxy alone. */
  readonly table: string
}

const SERVICE_INDEX = 'proxy/service'

/** Resolves once the first complete table is in the kernel. */
export async function startProxy(context: RoleContext, options: ProxyOptions): Promise<Running> {
  const wanted = wantedRules(context.informers, options)
  await wanted.synced
  const { client, clock, random, log } = context
  const { nodeName, table } = options
  const cleaner = new FlowCleaner({ log })
  const health = new ProxyHealth(clock)
  const recorder = createEventRecorder(client, {
    ...{ clock, random, log },
    component: 'kube-proxy',
    host: nodeName,
  })
  const healthCheckPorts = new HealthCheckPorts({
    ...{ nodeName, clock, log, recorder },
    isProxyHealthy: () => health.isHealthy,
  })
  const writer = new RuleWriter(context, {
    table,
    health,
    wanted: wanted.now,
    written: ({ udpDestinations, healthChecks }) => {
      cleaner.settled(udpDestinations)
      healthCheckPorts.settled(healthChecks)
    },
  })
  const ends = wanted.subscribe(() => writer.changed())
  await writer.firstWrite
  return {
    stop: async () => {
      for (const end of ends) end()
      await writer.stop()
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
    subscribe: (changed: () => void) => {
      const listener = { changed, deleted: changed }
      return [services.subscribe(listener), slices.subscribe(listener), pods.subscribe(listener)]
    },
  }
}
