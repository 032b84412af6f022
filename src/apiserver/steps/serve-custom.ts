/** Requests for custom objects: upstream goes by verb and subresource alone there, where built-in resources have a route for each path and method. */
import { badRequest, methodNotSupported, notFound } from '#api/machinery/status.ts'
import type { ApiResponse } from '#client/transport.ts'
import { noteDeprecation } from '../audit/notes.ts'
import type { Exchange } from '../exchange.ts'
import type { ServedResource, StoredResource } from '../resources/registry.ts'
import { type SpecialHandler, specialHandlers } from '../resources/special.ts'

type Handler = (exchange: Exchange, resource: StoredResource) => Promise<ApiResponse>
type Handlers = Readonly<Record<string, Handler>>

/** Whether the path is none of the resource: then nobody has anything there. */
export function isElsewhere({ info }: Exchange, { kind }: ServedResource): boolean {
  if (kind.scope === 'Cluster') return info.namespace !== ''
  return info.namespace === '' && info.verb !== 'list' && info.verb !== 'watch'
}

/** `handlers` are those of the object itself and of its status. */
export async function serveCustom(
  exchange: Exchange,
  resource: StoredResource,
  handlers: Handlers,
): Promise<ApiResponse> {
  const { verb, subresource, name, rest } = exchange.info
  const handler = handlersOf(resource, subresource, handlers)
  if (!handler) throw notFound(resource.name, name)
  const found = Object.hasOwn(handler, verb) ? handler[verb] : undefined
  if (!found) throw methodNotSupported(resource.name, verb)
  if (rest.length === 0 && NEEDS_NAME.has(verb)) throw badRequest('name must be provided')
  noteDeprecation(exchange, resource.kind)
  return found(exchange, resource)
}

/** Those that are for one object; what comes without a name otherwise has another verb. */
const NEEDS_NAME = new Set(['update', 'patch'])

function handlersOf(
  resource: StoredResource,
  subresource: string,
  handlers: Handlers,
): Readonly<Record<string, Handler | SpecialHandler>> | undefined {
  const { status, scale } = resource.kind.subresources
  if (subresource === '') return handlers
  if (subresource === 'scale' && scale) return specialHandlers(resource, subresource)
  if (subresource !== 'status' || !status) return undefined
  const { get, update, patch } = handlers
  return { get, update, patch } as Handlers
}
