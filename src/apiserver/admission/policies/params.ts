/** The objects that parametrize a policy where a binding puts it to work. */
import type { ParamKind, ParamRef } from '#api/admissionregistration/v1/rules.schema.ts'
import { labelMatcherOf } from '#api/machinery/label-selector.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import { prepare } from '../../storage/view.ts'
import type { AdmissionRequest } from '../admission.ts'
import type { WebhookWorld } from '../webhooks/world.ts'

/** The policy itself cannot be put to work, by whatever binding. */
export class PolicyMisconfigured extends Error {}

/** One entry for each time that the policy is evaluated; null where it has no parameters. Throws what is wrong with the set-up. */
export async function paramsOf(
  paramKind: ParamKind | undefined,
  paramRef: ParamRef | undefined,
  request: AdmissionRequest,
  world: WebhookWorld,
): Promise<readonly (KubernetesObject | null)[]> {
  // A policy with parameters, bound without any, sees null.
  if (!paramKind || !paramRef) return [null]
  const { apiVersion = '', kind = '' } = paramKind
  const resource = world.ofKind(apiVersion, kind)
  if (!resource?.storage)
    throw new PolicyMisconfigured(
      `failed to find resource referenced by paramKind: '${apiVersion}, Kind=${kind}'`,
    )
  const isNamespaced = resource.kind.scope === 'Namespaced'
  if (!isNamespaced && paramRef.namespace)
    throw new Error('paramRef.namespace must not be provided for a cluster-scoped `paramKind`')
  const namespace = isNamespaced ? paramRef.namespace || request.namespace : ''
  if (isNamespaced && namespace === '')
    throw new Error(
      'cannot use namespaced paramRef in policy binding that matches cluster-scoped resources',
    )
  const { cache } = resource.storage
  const found = paramRef.name
    ? [cache.get(namespace, paramRef.name)].filter(each => each !== undefined)
    : cache
        .list(namespace)
        .filter(({ object }) => labelMatcherOf(paramRef.selector).matches(object.metadata.labels))
  await prepare(resource.view, found)
  if (found.length > 0) return found.map(each => each.in(resource.view).object)
  if (paramRef.parameterNotFoundAction === 'Allow') return []
  throw new Error('no params found for policy binding with `Deny` parameterNotFoundAction')
}
