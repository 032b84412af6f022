/** What there is to see of a cluster in a cloud, one line for each fact, so that two of them can be compared. */
import { event as eventKind } from '#api/core/v1/event.ts'
import { type Node, node as nodeKind } from '#api/core/v1/node.ts'
import { type Service, service as serviceKind } from '#api/core/v1/service.ts'
import type { ManagedCluster } from './cloud-manager.ts'

export const nodeOf = async ({ cluster }: ManagedCluster, name: string) =>
  (await cluster.client.list(nodeKind)).items.find(({ metadata }) => metadata.name === name)

export const serviceOf = async ({ cluster }: ManagedCluster, name: string) =>
  (await cluster.client.list(serviceKind)).items.find(({ metadata }) => metadata.name === name)

export const eventOf = async ({ cluster }: ManagedCluster, reason: string, about: string) =>
  (await cluster.client.list(eventKind)).items.find(
    event => event.reason === reason && event.involvedObject.name === about,
  )

const COMPONENTS = [
  'cloud-node-controller',
  'cloud-node-lifecycle-controller',
  'service-controller',
  'route_controller',
]

export async function seenOf({ cluster, cloud }: ManagedCluster): Promise<string[]> {
  const { client } = cluster
  const [nodes, services, events] = await Promise.all([
    client.list(nodeKind),
    client.list(serviceKind),
    client.list(eventKind),
  ])
  const names = new Map<string, string>()
  const learn = (uid: string | undefined, name: string | undefined) => {
    if (!uid) return
    names.set(uid, `<${name}>`)
    names.set(`a${uid.replaceAll('-', '').slice(0, 31)}`, `<balancer of ${name}>`)
  }
  for (const { metadata } of [...nodes.items, ...services.items]) learn(metadata.uid, metadata.name)
  for (const { involvedObject } of events.items) learn(involvedObject.uid, involvedObject.name)
  const ofCloud = events.items.filter(({ source }) => COMPONENTS.includes(source?.component ?? ''))
  const told = ofCloud.map(
    ({ source, type, reason, message, involvedObject: about, metadata }) =>
      `event ${metadata.namespace} ${source?.component} ${type} ${reason} ${about.apiVersion} ${about.kind} ${about.name} ${about.uid ? 'with' : 'without'} uid: ${plain(message ?? '')}`,
  )
  const balancers = [...cloud.balancers.values()].map(
    ({ name, nodes: behind, status }) =>
      `balancer ${name} ${[...behind].sort()} ${JSON.stringify(status)}`,
  )
  const routes = [...cloud.routeTable.values()].map(route => `route ${JSON.stringify(route)}`)
  const lines = [
    ...nodes.items.flatMap(showNode),
    ...services.items.map(showService),
    ...new Set(told),
    ...balancers,
    ...routes,
  ]
  return lines
    .map(line => [...names].reduce((text, [uid, name]) => text.replaceAll(uid, name), line))
    .sort()
}

/** How long something took is another time each time. */
const plain = (message: string) => message.replace(/after [\d.]+(ns|µs|ms|s)/, 'after …')

function showNode({ metadata, spec, status }: Node): string[] {
  const facts = {
    labels: Object.entries(metadata.labels ?? {})
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, value]) => `${name}=${value}`),
    providerID: spec.providerID,
    // Those of the node lifecycle controller come when nobody has heard of a node for a while.
    taints: (spec.taints ?? [])
      .filter(({ key }) => !key.startsWith('node.kubernetes.io/'))
      .map(({ timeAdded: _, ...taint }) => taint),
    addresses: status.addresses,
    conditions: (status.conditions ?? [])
      .filter(({ type }) => type === 'NetworkUnavailable')
      .map(({ lastHeartbeatTime, lastTransitionTime, ...rest }) => ({
        ...rest,
        isTimed: Boolean(lastHeartbeatTime && lastTransitionTime),
      })),
  }
  return Object.entries(facts).map(
    ([name, value]) => `node ${metadata.name} ${name} ${JSON.stringify(value)}`,
  )
}

const showService = ({ metadata, spec, status }: Service): string =>
  `service ${metadata.name} ${spec.type} ${JSON.stringify([metadata.finalizers, Boolean(metadata.deletionTimestamp), status?.loadBalancer])}`
