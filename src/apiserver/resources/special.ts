/** Resources and subresources that have a file of their own, by `resource/subresource` and group, then by verb. */
import type { ApiResponse } from '#client/transport.ts'
import type { Exchange } from '../exchange.ts'
import { getComponent, listComponents } from './component-status.ts'
import { finalizeNamespace } from './namespace-finalize.ts'
import { bindPod } from './pod-binding.ts'
import { evictPod } from './pod-eviction.ts'
import { podLog, podStream } from './pod-streams.ts'
import { proxyNode, proxyPod, proxyService } from './proxy/proxy.ts'
import type { ServedResource } from './registry.ts'
import {
  localSubjectAccessReviews,
  selfSubjectAccessReviews,
  selfSubjectReviews,
  selfSubjectRulesReviews,
  subjectAccessReviews,
  tokenReviews,
} from './reviews.ts'
import { getScale, patchScale, updateScale } from './scale.ts'
import { createToken } from './service-account-token.ts'

export type SpecialHandler = (
  exchange: Exchange,
  resource: ServedResource,
) => Promise<ApiResponse> | ApiResponse

type Handlers = Readonly<Record<string, SpecialHandler>>

const stream = (kind: 'exec' | 'attach' | 'portforward'): Handlers => ({
  get: podStream(kind),
  create: podStream(kind),
})

/** Every method, OPTIONS included, which has no verb. */
const everyVerb = (handler: SpecialHandler): Handlers => ({
  get: handler,
  create: handler,
  update: handler,
  patch: handler,
  delete: handler,
  '': handler,
})

const table: Readonly<Record<string, Handlers>> = {
  componentstatuses: { get: getComponent, list: listComponents },
  bindings: { create: bindPod },
  'pods/binding': { create: bindPod },
  'pods/eviction': { create: evictPod },
  'pods/log': { get: podLog },
  'pods/exec': stream('exec'),
  'pods/attach': stream('attach'),
  'pods/portforward': stream('portforward'),
  'pods/proxy': everyVerb(proxyPod),
  'services/proxy': everyVerb(proxyService),
  'nodes/proxy': everyVerb(proxyNode),
  'namespaces/finalize': { update: finalizeNamespace },
  'serviceaccounts/token': { create: createToken },
  'tokenreviews.authentication.k8s.io': { create: tokenReviews },
  'selfsubjectreviews.authentication.k8s.io': { create: selfSubjectReviews },
  'subjectaccessreviews.authorization.k8s.io': { create: subjectAccessReviews },
  'localsubjectaccessreviews.authorization.k8s.io': { create: localSubjectAccessReviews },
  'selfsubjectaccessreviews.authorization.k8s.io': { create: selfSubjectAccessReviews },
  'selfsubjectrulesreviews.authorization.k8s.io': { create: selfSubjectRulesReviews },
}

const scaleHandlers: Handlers = { get: getScale, update: updateScale, patch: patchScale }
const none: Handlers = {}

/** Who answers this subresource (or never stored resource), by verb; undefined where nobody special does. */
export function specialHandlers(
  { name: { group, resource }, kind }: ServedResource,
  subresource: string,
): Handlers | undefined {
  if (subresource === 'scale' && kind.subresources.scale) return scaleHandlers
  const path = subresource ? `${resource}/${subresource}` : resource
  const handlers = table[group ? `${path}.${group}` : path]
  return handlers ?? (kind.ephemeral ? none : undefined)
}
