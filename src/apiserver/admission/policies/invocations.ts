/** Which policies a request concerns, by which of their bindings, and with which parameters. */
import type {
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicyBinding,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
} from '#api/admissionregistration/v1/policies.schema.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import { messageOf } from '#base/errors.ts'
import type { ServedResource } from '../../resources/registry.ts'
import type { AdmissionRequest } from '../admission.ts'
import { matchedBy } from '../webhooks/match.ts'
import type { WebhookWorld } from '../webhooks/world.ts'
import type { AdmissionWorld } from '../world.ts'
import { PolicyMisconfigured, paramsOf } from './params.ts'

export type PolicyWorld = AdmissionWorld & { readonly webhooks: WebhookWorld }
type AnyPolicy = ValidatingAdmissionPolicy | MutatingAdmissionPolicy
type AnyBinding = ValidatingAdmissionPolicyBinding | MutatingAdmissionPolicyBinding

interface Bound<P, B> {
  readonly policy: P
  readonly binding: B
}

/** One evaluation of a policy. */
export interface Invocation<P, B> extends Bound<P, B> {
  /** The resource in the version in which the policy sees it. */
  readonly resource: ServedResource
  readonly param: KubernetesObject | null
}

/** A binding whose parameters cannot be had, and why. */
export interface Misconfigured<P, B> extends Bound<P, B> {
  readonly failure: string
  /** It is the policy that cannot be put to work, whatever the binding says. */
  readonly isOfPolicy: boolean
}

/** In the order of the policies, and of their bindings. */
export async function invocationsOf<P extends AnyPolicy, B extends AnyBinding>(
  policies: readonly P[],
  allBindings: readonly B[],
  request: AdmissionRequest,
  world: PolicyWorld,
): Promise<(Invocation<P, B> | Misconfigured<P, B>)[]> {
  const { namespace, authorizer, webhooks } = world
  const matching = { namespace, authorizer, ...webhooks }
  const all: (Invocation<P, B> | Misconfigured<P, B>)[] = []
  for (const policy of policies) {
    const { matchConstraints, paramKind } = policy.spec
    const bindings = allBindings.filter(({ spec }) => spec.policyName === policy.metadata.name)
    if (bindings.length === 0 || !matchConstraints) continue
    const resource = await matchedBy(matchConstraints, request, matching)
    if (!resource) continue
    for (const binding of bindings) {
      const { matchResources, paramRef } = binding.spec
      if (matchResources && !(await matchedBy(narrowed(matchResources), request, matching)))
        continue
      try {
        for (const param of await paramsOf(paramKind, paramRef, request, webhooks))
          all.push({ policy, binding, resource, param })
      } catch (thrown) {
        const isOfPolicy = thrown instanceof PolicyMisconfigured
        const what = isOfPolicy ? 'policy' : 'binding'
        const failure = `failed to configure ${what}: ${messageOf(thrown)}`
        all.push({ policy, binding, failure, isOfPolicy })
        if (isOfPolicy) break
      }
    }
  }
  return all
}

/** A binding without rules is for all that its policy is about. */
function narrowed(match: NonNullable<AnyBinding['spec']['matchResources']>) {
  const { resourceRules = [], ...rest } = match
  return resourceRules.length > 0 ? match : rest
}

/** A namespace is in none, not even in itself. */
export async function namespaceOf(
  { namespace, resource }: AdmissionRequest,
  world: PolicyWorld,
): Promise<KubernetesObject | null> {
  const isNamespaces = resource.group === '' && resource.resource === 'namespaces'
  if (namespace === '' || isNamespaces) return null
  return (await world.namespace(namespace)) ?? null
}
