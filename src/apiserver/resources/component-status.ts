/**
 * How the parts of the control plane are doing, as far as this server can know: its own store, and those who campaign for
 * a Lease, which they must renew. A part that runs without a Lease, as all do in a single process, is not listed:
 * nothing here could tell that it has stopped.
 */
import type { Lease } from '#api/coordination/v1/lease.ts'
import { type ComponentStatus, componentStatus } from '#api/core/v1/component-status.ts'
import { apiVersionOf } from '#api/machinery/kind.ts'
import { notFound } from '#api/machinery/status.ts'
import { isStoreGood } from '../endpoints/health.ts'
import type { ServerContext } from '../server-context.ts'
import { unstored } from './create.ts'
import { filterOf } from './list-options.ts'
import { respondOne } from './read.ts'
import type { StoredResource } from './registry.ts'
import { respondList } from './respond-list.ts'
import type { SpecialHandler } from './special.ts'

/** By name of the part, the Lease in kube-system that its leader holds. */
const LEASES = { 'controller-manager': 'kube-controller-manager', scheduler: 'kube-scheduler' }

export const listComponents: SpecialHandler = async (exchange, resource) => {
  const { query } = exchange.info
  const { matches, name } = filterOf(resource.view, resource.kind, query, {
    namespace: '',
    name: '',
  })
  const items = (await componentsOf(exchange.server))
    .filter(object => (!name || object.metadata.name === name) && (!matches || matches(object)))
    .map(object => unstored(object, 0))
  const page = { revision: undefined, items, continue: undefined, remaining: undefined }
  return respondList(exchange, resource as StoredResource, page)
}

export const getComponent: SpecialHandler = async (exchange, resource) => {
  const { name } = exchange.info
  const all = await componentsOf(exchange.server)
  const found = all.find(({ metadata }) => metadata.name === name)
  // Named so by upstream, in this place alone.
  if (!found) throw notFound({ group: '', resource: 'componentstatus' }, name)
  return respondOne(exchange, 200, resource as StoredResource, unstored(found, 0))
}

async function componentsOf(server: ServerContext): Promise<ComponentStatus[]> {
  const led = await Promise.all(
    Object.entries(LEASES).map(([name, lease]) => leaderHealth(server, name, lease)),
  )
  const isGood = await isStoreGood(server.store)
  return [
    ...led.filter(status => status !== undefined),
    health('etcd-0', isGood, isGood ? 'ok' : 'the store cannot be used now'),
  ]
}

/** Undefined where nobody ever campaigned. */
async function leaderHealth(
  { registry, clock }: ServerContext,
  name: string,
  leaseName: string,
): Promise<ComponentStatus | undefined> {
  const leases = registry.find('coordination.k8s.io', 'v1', 'leases')
  const stored = await leases?.storage?.get('kube-system', leaseName)
  if (!stored) return undefined
  const { holderIdentity, renewTime, leaseDurationSeconds = 0 } = (stored.object as Lease).spec
  if (!holderIdentity || !renewTime) return health(name, false, 'nobody leads')
  const isFresh = clock.now() <= Date.parse(renewTime) + leaseDurationSeconds * 1000
  return health(
    name,
    isFresh,
    isFresh ? 'ok' : `${holderIdentity} has not renewed its lease since ${renewTime}`,
  )
}

function health(name: string, isHealthy: boolean, message: string): ComponentStatus {
  return {
    apiVersion: apiVersionOf(componentStatus),
    kind: componentStatus.kind,
    metadata: { name },
    conditions: [{ type: 'Healthy', status: isHealthy ? 'True' : 'False', message }],
  }
}
