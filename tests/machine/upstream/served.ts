/** The kinds that both servers serve, and where. */
import { kinds } from '#api/kinds.ts'
import type { AnyKind } from '#api/machinery/kind.ts'
import { isPlainObject } from '#api/machinery/plain.ts'
import { titleOf } from '../../../src/apiserver/all-kinds/testing/objects.ts'

export const MERGE = { 'content-type': 'application/merge-patch+json' }

/** Behind gates that upstream has off, so that it does not serve them. */
const OFF: ReadonlySet<string> = new Set([
  'certificates.k8s.io/v1beta1 ClusterTrustBundle',
  'certificates.k8s.io/v1beta1 PodCertificateRequest',
  'certificates.k8s.io/v1alpha1 ClusterTrustBundle',
  'scheduling.k8s.io/v1alpha2 PodGroup',
  'scheduling.k8s.io/v1alpha2 Workload',
  'storagemigration.k8s.io/v1beta1 StorageVersionMigration',
])

/** Fields behind gates that upstream has off, so that it drops them; all kinds, or those whose title begins so. */
const OFF_FIELDS: readonly (readonly [field: string, kinds?: string])[] = [
  ['clusterTrustBundle'],
  ['podCertificate'],
  ['stopSignal'],
  ['nodeAllocatableResourceClaimStatuses'],
  ['preventPodSchedulingIfMissing'],
  ['volumeStatus'],
  ['nodeAllocatableResourceMappings'],
  ...['bools', 'ints', 'strings', 'versions'].map(field => [field, 'resource.k8s.io'] as const),
  ['strategy', 'coordination.k8s.io/v1 Lease'],
  ['preferredHolder', 'coordination.k8s.io/v1 Lease'],
  // What is allocated must suit the ranges, which dry runs do not look at.
  ['nodePort', 'v1 Service'],
  ['healthCheckNodePort', 'v1 Service'],
]

/** Without what upstream would drop. */
export function withoutOff(value: unknown, kind: AnyKind): unknown {
  if (Array.isArray(value)) return value.map(each => withoutOff(each, kind))
  if (!isPlainObject(value)) return value
  const isOff = (name: string) =>
    OFF_FIELDS.some(([field, kinds = '']) => field === name && titleOf(kind).startsWith(kinds))
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => !isOff(name))
      .map(([name, part]) => [name, withoutOff(part, kind)]),
  )
}

/** A LimitRange would hold the pods beside it to what they do not say. */
const namespaceOf = ({ plural }: AnyKind) => (plural === 'limitranges' ? 'kube-public' : 'default')

export function collectionOf(kind: AnyKind): string {
  const root = kind.group ? `/apis/${kind.group}/${kind.version}` : '/api/v1'
  const namespace = kind.scope === 'Namespaced' ? `/namespaces/${namespaceOf(kind)}` : ''
  return `${root}${namespace}/${kind.plural}`
}

export const as = (shape: string) => ({ accept: `application/json;as=${shape};v=v1;g=meta.k8s.io` })

export const served: readonly AnyKind[] = kinds.filter(
  each => !each.ephemeral && !OFF.has(titleOf(each)),
)
