/** What webhooks need beyond other steps: their configurations, the versions of resources, services, and a way to call. */
import type {
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicyBinding,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
} from '#api/admissionregistration/v1/policies.schema.ts'
import type {
  MutatingWebhookConfiguration,
  ValidatingWebhookConfiguration,
} from '#api/admissionregistration/v1/webhooks.schema.ts'
import type { Service } from '#api/core/v1/service.ts'
import type { EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import { apiVersionOf } from '#api/machinery/kind.ts'
import type { WebhookCaller } from '#client/webhooks/webhook-caller.ts'
import type { ResourceRegistry, ServedResource } from '../../resources/registry.ts'

export interface WebhookWorld {
  /** By name, which is the order in which they are asked; the same list while nothing changes. */
  mutating(): readonly MutatingWebhookConfiguration[]
  validating(): readonly ValidatingWebhookConfiguration[]
  policies(): readonly ValidatingAdmissionPolicy[]
  policyBindings(): readonly ValidatingAdmissionPolicyBinding[]
  mutatingPolicies(): readonly MutatingAdmissionPolicy[]
  mutatingPolicyBindings(): readonly MutatingAdmissionPolicyBinding[]
  /** The resource of a kind, for parameters. */
  ofKind(apiVersion: string, kind: string): ServedResource | undefined
  served(group: string, version: string, plural: string): ServedResource | undefined
  /** All resources that show the same objects, in other versions or groups. */
  equivalents(resource: ServedResource): readonly ServedResource[]
  service(namespace: string, name: string): Service | undefined
  endpointSlices(namespace: string, service: string): readonly EndpointSlice[]
  readonly caller: WebhookCaller | undefined
  /** False where pods are hollow, so that nothing listens at their addresses. */
  readonly canReachPods: boolean
}

const GROUP = 'admissionregistration.k8s.io'
const SERVICE_LABEL = 'kubernetes.io/service-name'

export function createWebhookWorld(
  registry: ResourceRegistry,
  { caller, canReachPods }: Pick<WebhookWorld, 'caller' | 'canReachPods'>,
): WebhookWorld {
  const cacheOf = (group: string, plural: string) =>
    registry.find(group, 'v1', plural)?.storage?.cache
  const configurations = <T>(plural: string): (() => readonly T[]) => {
    const cache = cacheOf(GROUP, plural)
    let list: readonly T[] = []
    let madeAt = -1
    return () => {
      if (!cache || madeAt === cache.lastChange) return list
      madeAt = cache.lastChange
      list = cache.list('').map(stored => stored.object as T)
      return list
    }
  }
  return {
    mutating: configurations('mutatingwebhookconfigurations'),
    validating: configurations('validatingwebhookconfigurations'),
    policies: configurations('validatingadmissionpolicies'),
    policyBindings: configurations('validatingadmissionpolicybindings'),
    mutatingPolicies: configurations('mutatingadmissionpolicies'),
    mutatingPolicyBindings: configurations('mutatingadmissionpolicybindings'),
    ofKind: (apiVersion, kind) =>
      [...registry.versions()]
        .find(({ group, version }) => apiVersionOf({ group, version }) === apiVersion)
        ?.resources.find(each => each.kind.kind === kind),
    served: (group, version, plural) => registry.find(group, version, plural),
    equivalents: resource => equivalentsIn(registry, resource),
    service: (namespace, name) =>
      cacheOf('', 'services')?.get(namespace, name)?.object as Service | undefined,
    endpointSlices: (namespace, service) =>
      (cacheOf('discovery.k8s.io', 'endpointslices')?.list(namespace) ?? [])
        .map(stored => stored.object as EndpointSlice)
        .filter(({ metadata }) => metadata.labels?.[SERVICE_LABEL] === service),
    caller,
    canReachPods,
  }
}

function equivalentsIn(registry: ResourceRegistry, { storage }: ServedResource): ServedResource[] {
  if (!storage) return []
  return [...registry.versions()].flatMap(({ resources }) =>
    resources.filter(each => each.storage === storage),
  )
}
