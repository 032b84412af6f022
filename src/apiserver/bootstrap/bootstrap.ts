/** What must exist before anybody asks: the system's namespaces, the Service of the API itself, the RBAC policy and flow control. */

import { decodeObject } from '#api/machinery/decode.ts'
import { applyDefaults } from '#api/machinery/defaults.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import { isStatus } from '#api/machinery/status.ts'
import type { ApiRequest } from '#client/transport.ts'
import { bootstrapPolicyChanges } from '../authorization/bootstrap-policy.ts'
import { type Exchange, newExchange } from '../exchange.ts'
import { createObject } from '../resources/create.ts'
import { deleteObject } from '../resources/delete.ts'
import { isEqual } from '../resources/equal.ts'
import type { StoredResource } from '../resources/registry.ts'
import { updateObject } from '../resources/update.ts'
import type { Write } from '../resources/write.ts'
import type { ServerContext } from '../server-context.ts'
import { AUTO_UPDATE, flowSchemas, priorityLevels } from './flow-control.ts'

const NAMESPACES = ['default', 'kube-system', 'kube-public', 'kube-node-lease']
const KUBERNETES = { name: 'kubernetes', namespace: 'default' }
const LABELS = { component: 'apiserver', provider: 'kubernetes' }

/** The server itself, as admission and managedFields see it. */
const self = { name: 'system:apiserver', groups: ['system:masters', 'system:authenticated'] }
const noRequest: ApiRequest = { method: 'POST', path: '/' }

/** Writes that are independent run together, so that the store makes few commits durable of them. */
export async function bootstrap(server: ServerContext): Promise<void> {
  const writer = new Writer(server)
  await Promise.all(
    NAMESPACES.map(name =>
      writer.ensure('', 'namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } }),
    ),
  )
  await Promise.all([
    writer.ensure('', 'services', kubernetesService(server)),
    policy(writer),
    flowControl(writer),
  ])
}

function kubernetesService({ services, securePort }: ServerContext): KubernetesObject {
  const spec = {
    type: 'ClusterIP',
    clusterIP: services.firstAddress,
    ports: [{ name: 'https', port: 443, protocol: 'TCP', targetPort: securePort.port }],
    sessionAffinity: 'None',
  }
  const metadata = { ...KUBERNETES, labels: LABELS }
  return { apiVersion: 'v1', kind: 'Service', metadata, spec } as KubernetesObject
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
  const { create, update, recreate } = bootstrapPolicyChanges(server.world.rbac)
  await Promise.all(recreate.map(each => writer.remove(RBAC, pluralOf(each), each)))
  await Promise.all([
    ...create.map(each => writer.ensure(RBAC, pluralOf(each), each)),
    ...update.map(each => writer.put(RBAC, pluralOf(each), each)),
  ])
}

const FLOW_CONTROL = 'flowcontrol.apiserver.k8s.io'

/** What an administrator took over by the annotation stays as it is. */
async function flowControl(writer: Writer): Promise<void> {
  const keep = async (plural: string, object: KubernetesObject & { spec: object }) => {
    const stored = await writer.stored(FLOW_CONTROL, plural, object)
    if (!stored) return writer.ensure(FLOW_CONTROL, plural, object)
    const { metadata, spec } = stored as typeof object
    if (metadata.annotations?.[AUTO_UPDATE] !== 'true' || isEqual(spec, object.spec)) return
    await writer.put(FLOW_CONTROL, plural, { ...object, metadata })
  }
  await Promise.all([
    ...flowSchemas().map(each => keep('flowschemas', each)),
    ...priorityLevels().map(each => keep('prioritylevelconfigurations', each)),
  ])
}

/** Points the Service of the API at where this server listens; `kubernetes.default` reaches it from pods. */
export async function advertise(
  server: ServerContext,
  { address, port }: { address: string; port: number },
): Promise<void> {
  server.securePort.port = port
  const writer = new Writer(server)
  const ports = [{ name: 'https', port, protocol: 'TCP' }]
  const metadata = {
    ...KUBERNETES,
    labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' },
  }
  const sliceLabels = { 'kubernetes.io/service-name': KUBERNETES.name }
  await Promise.all([
    writer.put('', 'services', kubernetesService(server)),
    writer.put('', 'endpoints', {
      apiVersion: 'v1',
      kind: 'Endpoints',
      metadata,
      subsets: [{ addresses: [{ ip: address }], ports }],
    } as unknown as KubernetesObject),
    writer.put('discovery.k8s.io', 'endpointslices', {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { ...KUBERNETES, labels: sliceLabels },
      addressType: 'IPv4',
      endpoints: [{ addresses: [address], conditions: { ready: true } }],
      ports,
    } as unknown as KubernetesObject),
  ])
}

/** The server's own writes go the way of all writes, but for the request. */
class Writer {
  readonly server: ServerContext
  readonly #exchange: Exchange

  constructor(server: ServerContext) {
    this.server = server
    this.#exchange = newExchange(server, noRequest, { user: self })
    this.#exchange.user = self
  }

  /** Creates what is not there, and leaves what is. */
  async ensure(group: string, plural: string, object: KubernetesObject): Promise<void> {
    const resource = this.server.registry.find(group, 'v1', plural)
    if (!resource?.storage) return
    const { namespace = '', name = '' } = object.metadata
    if (await resource.storage.get(namespace, name)) return
    try {
      const write = this.#write(resource as StoredResource, object)
      await createObject({ ...write, name: '' }, draftOf(resource as StoredResource, object))
    } catch (thrown) {
      if (!isStatus(thrown, 'AlreadyExists')) throw thrown
    }
  }

  /** What is there now under that name. */
  async stored(group: string, plural: string, { metadata }: KubernetesObject) {
    const { namespace = '', name = '' } = metadata
    const resource = this.server.registry.find(group, 'v1', plural)
    return (await resource?.storage?.get(namespace, name))?.object
  }

  /** Creates it, or makes what is there say the same. */
  async put(group: string, plural: string, object: KubernetesObject): Promise<void> {
    const resource = this.server.registry.find(group, 'v1', plural) as StoredResource | undefined
    if (!resource?.storage) return
    const write = this.#write(resource, object)
    try {
      await updateObject(write, () => draftOf(resource, object))
    } catch (thrown) {
      if (!isStatus(thrown, 'NotFound')) throw thrown
      await this.ensure(group, plural, object)
    }
  }

  async remove(group: string, plural: string, object: KubernetesObject): Promise<void> {
    const resource = this.server.registry.stored(group, 'v1', plural)
    await deleteObject(this.#write(resource, object), {})
  }

  #write(resource: StoredResource, { metadata }: KubernetesObject): Write {
    return {
      exchange: this.#exchange,
      resource,
      namespace: metadata.namespace ?? '',
      name: metadata.name ?? '',
      subresource: '',
      dryRun: false,
      manager: 'proa',
      // Nobody contends for these fields, and tracking a hundred roles would cost each start.
      isApply: true,
    }
  }
}

function draftOf({ kind }: StoredResource, object: KubernetesObject): KubernetesObject {
  const draft = decodeObject(kind, object).object
  applyDefaults(kind, draft)
  return draft
}
