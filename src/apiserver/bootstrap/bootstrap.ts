/** What must exist before anybody asks: the system's namespaces and classes, the Service of the API itself, the RBAC policy and flow control. */
import type { EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import type { KubernetesObject, ManagedFieldsEntry } from '#api/machinery/metadata.ts'
import { isStatus } from '#api/machinery/status.ts'
import type { ServiceCidr } from '#api/networking/v1/service-cidr.ts'
import type { ClusterRole } from '#api/rbac/v1/cluster-role.ts'
import { systemClasses } from '#api/scheduling/v1/system-classes.ts'
import { rfc3339, sleep } from '#base/clock.ts'
import { bootstrapPolicyChanges } from '../authorization/bootstrap-policy.ts'
import { ensureFlowControl } from '../flow-control/upkeep.ts'
import type { ServerContext } from '../server-context.ts'
import { keepIdentityLease } from './identity-lease.ts'
import { type Advertised, keepServerLease } from './server-leases.ts'
import { addressOf } from './service-addresses.ts'
import { Writer } from './writer.ts'

const NAMESPACES = ['default', 'kube-system', 'kube-public', 'kube-node-lease']
const NETWORKING = 'networking.k8s.io'
const KUBERNETES = { name: 'kubernetes', namespace: 'default' }
const LABELS = { component: 'apiserver', provider: 'kubernetes' }

/** A write that the store does not answer takes ten seconds, so this is as long as upstream's hooks try. */
const MAXIMUM_ATTEMPTS = 3
export const RETRY_MS = 1000

/** A store that has too much to do may not answer in time. What it made all the same is found by the next attempt, as it is by the next start. */
export async function bootstrap(server: ServerContext): Promise<void> {
  for (let attempt = 1; ; attempt++)
    try {
      return await writeAll(server)
    } catch (thrown) {
      if (!isStatus(thrown, 'ServiceUnavailable') || attempt === MAXIMUM_ATTEMPTS) throw thrown
      await sleep(server.clock, RETRY_MS)
    }
}

/** Writes that are independent run together, so that the store makes few commits durable of them. */
async function writeAll(server: ServerContext): Promise<void> {
  const writer = new Writer(server)
  await Promise.all([
    ...NAMESPACES.map(name =>
      writer.ensure('', 'namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } }),
    ),
    ...systemClasses.map(each => writer.ensure('scheduling.k8s.io', 'priorityclasses', each)),
    writer.ensure(NETWORKING, 'servicecidrs', serviceRange(server)),
  ])
  await addSecondRange(writer)
  const service = kubernetesService(server)
  await Promise.all([
    writer.ensure('', 'services', service),
    // With the rest, so that no commit follows when all is ready.
    writer.ensure(NETWORKING, 'ipaddresses', addressOf(server.services.firstAddress, service)),
    tellRangeReady(server),
    policy(writer),
    ensureFlowControl(server),
  ])
}

function kubernetesService({ services, securePort }: ServerContext): KubernetesObject {
  const spec = {
    type: 'ClusterIP',
    clusterIP: services.firstAddress,
    ipFamilyPolicy: 'SingleStack',
    ports: [{ name: 'https', port: 443, protocol: 'TCP', targetPort: securePort.port }],
    sessionAffinity: 'None',
  }
  const metadata = { ...KUBERNETES, labels: LABELS }
  return { apiVersion: 'v1', kind: 'Service', metadata, spec } as KubernetesObject
}

const SERVICE_RANGE = {
  apiVersion: `${NETWORKING}/v1`,
  kind: 'ServiceCIDR',
  metadata: { name: KUBERNETES.name },
}

/** The ranges of `--service-cluster-ip-range`, as programs look them up. */
const serviceRange = ({ services }: ServerContext) =>
  ({ ...SERVICE_RANGE, spec: { cidrs: services.ranges } }) as KubernetesObject

/** Of a cluster that had one family until now; other ranges than those that it began with are left as they are. */
async function addSecondRange(writer: Writer): Promise<void> {
  const { ranges } = writer.server.services
  const stored = (await writer.stored(NETWORKING, 'servicecidrs', SERVICE_RANGE)) as
    | ServiceCidr
    | undefined
  const { cidrs = [] } = stored?.spec ?? {}
  if (!stored || ranges.length < 2 || cidrs.length !== 1 || cidrs[0] !== ranges[0]) return
  await writer.change(NETWORKING, 'servicecidrs', SERVICE_RANGE, draft => {
    ;(draft as ServiceCidr).spec.cidrs = ranges
  })
}

/** In the name of upstream's controller, which is a part of the server. */
async function tellRangeReady(server: ServerContext): Promise<void> {
  const writer = new Writer(server, 'kubernetes-service-cidr-controller')
  const range = (await writer.stored(NETWORKING, 'servicecidrs', SERVICE_RANGE)) as
    | ServiceCidr
    | undefined
  if (!range || range.status.conditions?.some(({ type }) => type === 'Ready')) return
  const ready = {
    type: 'Ready',
    status: 'True',
    message: 'Kubernetes default Service CIDR is ready',
    lastTransitionTime: rfc3339(server.clock.now()),
  }
  const told = { ...SERVICE_RANGE, status: { conditions: [ready] } } as KubernetesObject
  await writer.applyStatus(NETWORKING, 'servicecidrs', told)
}

const RBAC = 'rbac.authorization.k8s.io'
const PLURALS: Readonly<Record<string, string>> = {
  ClusterRole: 'clusterroles',
  ClusterRoleBinding: 'clusterrolebindings',
  Role: 'roles',
  RoleBinding: 'rolebindings',
}

async function policy(writer: Writer): Promise<void> {
  const { server } = writer
  const pluralOf = ({ kind }: KubernetesObject) => PLURALS[kind] ?? ''
  if (!server.registry.find(RBAC, 'v1', 'clusterroles')) return
  const servesPodGroups =
    server.registry.find('scheduling.k8s.io', 'v1alpha2', 'podgroups') !== undefined
  const { create, update, recreate } = bootstrapPolicyChanges(server.world.rbac, servesPodGroups)
  await Promise.all(recreate.map(each => writer.remove(RBAC, pluralOf(each), each)))
  await Promise.all([
    ...create.map(each =>
      'aggregationRule' in each
        ? ensureComposed(writer, each)
        : writer.ensure(RBAC, pluralOf(each), each),
    ),
    ...update.map(each => writer.put(RBAC, pluralOf(each), each)),
  ])
}

/**
 * With the rules that the controller would apply, which there may not be, in its name: so they are its own to change, and it has nothing to
 * write at a start.
 */
function ensureComposed(writer: Writer, role: ClusterRole): Promise<void> {
  const applied: ManagedFieldsEntry = {
    manager: 'clusterrole-aggregation-controller',
    operation: 'Apply',
    apiVersion: role.apiVersion,
    time: rfc3339(writer.server.clock.now()),
    fieldsType: 'FieldsV1',
    fieldsV1: { 'f:rules': {} },
  }
  return writer.ensure(RBAC, 'clusterroles', { ...role, rules: [] } as ClusterRole, draft => {
    Object.assign(draft, { rules: role.rules })
    draft.metadata.managedFields = [applied, ...(draft.metadata.managedFields ?? [])]
  })
}

/**
 * Points the Service of the API at where this server and others listen; `kubernetes.default` reaches them from pods. A moment later, a Lease tells who
 * this server is. The returned function takes this server out of the one where there are others, and ends the other.
 */
export async function advertise(
  server: ServerContext,
  at: Advertised,
): Promise<() => Promise<void>> {
  server.securePort.port = at.port
  const writer = new Writer(server)
  await writer.put('', 'services', kubernetesService(server))
  const write = (addresses: readonly string[]) => putEndpoints(writer, addresses, at.port)
  const ends: (() => Promise<void>)[] = []
  const { address, hostname } = at
  if (!server.store.shared) await write(address === undefined ? [] : [address])
  else if (address !== undefined) ends.push(await keepServerLease(server, address, write))
  if (hostname !== undefined) ends.push(keepIdentityLease(server, { ...at, hostname }))
  return async () => {
    await Promise.all(ends.map(end => end()))
  }
}

async function putEndpoints(
  writer: Writer,
  addresses: readonly string[],
  port: number,
): Promise<void> {
  const ports = [{ name: 'https', port, protocol: 'TCP' as const }]
  const metadata = {
    ...KUBERNETES,
    labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' },
  }
  await Promise.all([
    writer.put('', 'endpoints', {
      apiVersion: 'v1',
      kind: 'Endpoints',
      metadata,
      subsets: addresses.length === 0 ? [] : [{ addresses: addresses.map(ip => ({ ip })), ports }],
    } as unknown as KubernetesObject),
    putSlice(writer, addresses, ports),
  ])
}

async function putSlice(
  writer: Writer,
  addresses: readonly string[],
  ports: EndpointSlice['ports'],
): Promise<void> {
  const [group, plural] = ['discovery.k8s.io', 'endpointslices'] as const
  const slice: EndpointSlice = {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { ...KUBERNETES, labels: { 'kubernetes.io/service-name': KUBERNETES.name } },
    addressType: addresses[0]?.includes(':') ? 'IPv6' : 'IPv4',
    endpoints: addresses.map(ip => ({ addresses: [ip], conditions: { ready: true } })),
    ports,
  }
  const stored = await writer.stored(group, plural, slice)
  // The family of a slice never changes: one of the other family takes its place.
  if (stored && (stored as EndpointSlice).addressType !== slice.addressType)
    await writer.remove(group, plural, slice)
  await writer.put(group, plural, slice)
}
