/** Resources and subresources that have a file of their own, by `resource/subresource` and group, then by verb. */
import type { ApiResponse } from '#client/transport.ts'
import type { Exchange } from '../exchange.ts'
import type { ServedResource } from './registry.ts'

export type SpecialHandler = (
  exchange: Exchange,
  resource: ServedResource,
) => Promise<ApiResponse> | ApiResponse

type Handlers = Readonly<Record<string, SpecialHandler>>

/** Who answers is loaded with the first request: no start needs them, and few clusters need all. */
function later<Name extends string>(
  load: () => Promise<Readonly<Record<Name, SpecialHandler>>>,
  name: Name,
): SpecialHandler {
  let handler: SpecialHandler | undefined
  return async (exchange, resource) => {
    handler ??= (await load())[name]
    return handler(exchange, resource)
  }
}

const stream = (kind: 'exec' | 'attach' | 'portforward'): Handlers => {
  const handler = later(async () => ({ podStream: (await streams()).podStream(kind) }), 'podStream')
  return { get: handler, create: handler }
}

/** Every method, OPTIONS included, which has no verb. */
const everyVerb = (handler: SpecialHandler): Handlers => ({
  get: handler,
  create: handler,
  update: handler,
  patch: handler,
  delete: handler,
  '': handler,
})

const components = () => import('./component-status.ts')
const namespaces = () => import('./namespace-finalize.ts')
const bindings = () => import('./pod-binding.ts')
const evictions = () => import('./pod-eviction.ts')
const proxies = () => import('./proxy/proxy.ts')
const tokens = () => import('./service-account-token.ts')
const scales = () => import('./scale.ts')
const reviews = () => import('./reviews.ts')
const streams = () => import('./pod-streams.ts')
const virtuals = () => import('./virtual.ts')

const table: Readonly<Record<string, Handlers>> = {
  componentstatuses: {
    get: later(components, 'getComponent'),
    list: later(components, 'listComponents'),
  },
  bindings: { create: later(bindings, 'bindPod') },
  'pods/binding': { create: later(bindings, 'bindPod') },
  'pods/eviction': { create: later(evictions, 'evictPod') },
  'pods/log': { get: later(streams, 'podLog') },
  'pods/exec': stream('exec'),
  'pods/attach': stream('attach'),
  'pods/portforward': stream('portforward'),
  'pods/proxy': everyVerb(later(proxies, 'proxyPod')),
  'services/proxy': everyVerb(later(proxies, 'proxyService')),
  'nodes/proxy': everyVerb(later(proxies, 'proxyNode')),
  'namespaces/finalize': { update: later(namespaces, 'finalizeNamespace') },
  'serviceaccounts/token': { create: later(tokens, 'createToken') },
  'tokenreviews.authentication.k8s.io': { create: later(reviews, 'tokenReviews') },
  'selfsubjectreviews.authentication.k8s.io': { create: later(reviews, 'selfSubjectReviews') },
  'subjectaccessreviews.authorization.k8s.io': { create: later(reviews, 'subjectAccessReviews') },
  'localsubjectaccessreviews.authorization.k8s.io': {
    create: later(reviews, 'localSubjectAccessReviews'),
  },
  'selfsubjectaccessreviews.authorization.k8s.io': {
    create: later(reviews, 'selfSubjectAccessReviews'),
  },
  'selfsubjectrulesreviews.authorization.k8s.io': {
    create: later(reviews, 'selfSubjectRulesReviews'),
  },
}

const scaleHandlers: Handlers = {
  get: later(scales, 'getScale'),
  update: later(scales, 'updateScale'),
  patch: later(scales, 'patchScale'),
}
const virtualHandlers: Handlers = {
  get: later(virtuals, 'getVirtual'),
  list: later(virtuals, 'listVirtual'),
  watch: later(virtuals, 'watchVirtual'),
}
const none: Handlers = {}

/** Who answers this subresource (or never stored resource), by verb; undefined where nobody special does. */
export function specialHandlers(
  { name: { group, resource }, kind, virtual }: ServedResource,
  subresource: string,
): Handlers | undefined {
  if (virtual) return subresource === '' ? virtualHandlers : undefined
  if (subresource === 'scale' && kind.subresources.scale) return scaleHandlers
  const path = subresource ? `${resource}/${subresource}` : resource
  const handlers = table[group ? `${path}.${group}` : path]
  return handlers ?? (kind.ephemeral ? none : undefined)
}
