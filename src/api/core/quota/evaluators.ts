/** Which evaluator measures which resource. All others, those of custom resources among them, are counted. */
import { countOf } from '../../machinery/resource-list.ts'
import type { ResourceName } from '../../machinery/status.ts'
import { type DeviceQuotaWorld, deviceClaimQuota, noDevices } from './device-claims.ts'
import type { QuotaEvaluator } from './evaluator.ts'
import { podQuota } from './pods.ts'
import { serviceQuota } from './services.ts'
import { volumeClaimQuota } from './volume-claims.ts'

/** `deployments.apps`; of the core group the name alone. */
const qualified = ({ group, resource }: ResourceName) => (group ? `${resource}.${group}` : resource)

const evaluators: ReadonlyMap<string, QuotaEvaluator> = new Map([
  ['pods', podQuota],
  ['services', serviceQuota],
  ['persistentvolumeclaims', volumeClaimQuota],
  // Their bare names were limits before everything could be counted.
  ...['configmaps', 'resourcequotas', 'replicationcontrollers', 'secrets'].map(
    name => [name, counting([`count/${name}`, name])] as const,
  ),
])

/** Never stored, or too many to be held back. */
const ignored = new Set([
  'bindings',
  'componentstatuses',
  'events',
  'events.events.k8s.io',
  'tokenreviews.authentication.k8s.io',
  'subjectaccessreviews.authorization.k8s.io',
  'selfsubjectaccessreviews.authorization.k8s.io',
  'localsubjectaccessreviews.authorization.k8s.io',
  'selfsubjectrulesreviews.authorization.k8s.io',
])

/** Finds the evaluator of a resource; undefined for what no quota limits. Claims are measured by what there is of devices. */
export function quotaEvaluators(devices: DeviceQuotaWorld = noDevices) {
  const ofClaims = deviceClaimQuota(devices)
  return (resource: ResourceName): QuotaEvaluator | undefined => {
    const name = qualified(resource)
    if (name === 'resourceclaims.resource.k8s.io') return ofClaims
    return ignored.has(name) ? undefined : (evaluators.get(name) ?? counting([`count/${name}`]))
  }
}

function counting(names: readonly string[]): QuotaEvaluator {
  return {
    handles: ({ operation, subresource }) => operation === 'CREATE' && subresource === '',
    measures: name => names.includes(name),
    usage: () => new Map(names.map(name => [name, countOf(1)])),
  }
}
