/** The kinds that both servers serve, and where. */
import { kinds } from '#api/kinds.ts'
import type { AnyKind } from '#api/machinery/kind.ts'
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
