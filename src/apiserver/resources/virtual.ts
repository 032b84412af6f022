/** Resources whose objects are known when they are asked for, such as measures: they are read, and nothing of them is ever stored. */
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import { StatusError } from '#api/machinery/status.ts'
import { unstored } from './create.ts'
import { filterOf, listOptionsOf } from './list-options.ts'
import { respondOne } from './read.ts'
import type { StoredResource } from './registry.ts'
import { respondList } from './respond-list.ts'
import type { SpecialHandler } from './special.ts'

export interface VirtualResource {
  /** In the order in which they are told. */
  list(filter: VirtualFilter): readonly KubernetesObject[]
  /** Throws NotFound. */
  get(namespace: string, name: string): KubernetesObject
}

export interface VirtualFilter {
  /** Empty for all. */
  readonly namespace: string
  /** Of an object's name, namespace and labels; true where all are wanted. */
  matches(object: Pick<KubernetesObject, 'metadata'>): boolean
}

export const listVirtual: SpecialHandler = (exchange, resource) => {
  const { query, namespace } = exchange.info
  listOptionsOf(query, false)
  const filter = filterOf(resource.view, resource.kind, query, { namespace, name: '' })
  const { matches, name } = filter
  const found = resource.virtual?.list({
    namespace: filter.namespace,
    matches: object =>
      (name === undefined || object.metadata.name === name) &&
      (matches?.(object as KubernetesObject) ?? true),
  })
  const items = (found ?? []).map(object => unstored(object, 0))
  const page = { revision: undefined, items, continue: undefined, remaining: undefined }
  return respondList(exchange, resource as StoredResource, page)
}

/** Upstream has a route for it, which its API servers tell of in other words than of other methods. */
export const watchVirtual: SpecialHandler = (_, { name: { group, resource } }) => {
  throw new StatusError(
    'MethodNotAllowed',
    `watch is not supported on resources of kind "${resource}.${group}"`,
    { group, kind: resource },
  )
}

export const getVirtual: SpecialHandler = (exchange, resource) => {
  const { name, namespace } = exchange.info
  const found = resource.virtual?.get(namespace, name)
  if (!found) throw new Error(`${resource.kind.plural} are known to nobody`)
  return respondOne(exchange, 200, resource as StoredResource, unstored(found, 0))
}
