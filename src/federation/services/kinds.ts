/**
 * The kinds and words of the Multi-Cluster Services API (KEP 1645, multicluster.x-k8s.io/v1beta1) and of the About API (KEP 2149), as
 * the SIG's repositories mcs-api and about-api publish them.
 */
import { defineKind } from '#api/machinery/kind.ts'
import type { Condition, KubernetesObject } from '#api/machinery/metadata.ts'
import { GROUP, VERSION } from '#api/multicluster/v1beta1/service-import.ts'

export {
  GROUP,
  type ImportedPort,
  SERVICE_NAME,
  type ServiceImport,
  type ServiceImportSpec,
  SOURCE_CLUSTER,
  serviceImport,
  type Traffic,
} from '#api/multicluster/v1beta1/service-import.ts'

// The definitions know the schemas; here objects only pass through.
const bare = (name: string) => ({ name, doc: '', fields: {} })

/** Says that the Service of the same name and namespace is for other clusters, too. */
export const serviceExport = defineKind({
  ...{ group: GROUP, version: VERSION, scope: 'Namespaced' },
  kind: 'ServiceExport',
  plural: 'serviceexports',
  shape: bare('io.x-k8s.multicluster.v1beta1.ServiceExport'),
})

/** What a cluster knows of itself; that is where programs in it find its name in the clusterset. */
export const clusterProperty = defineKind({
  group: 'about.k8s.io',
  version: 'v1beta1',
  kind: 'ClusterProperty',
  plural: 'clusterproperties',
  scope: 'Cluster',
  shape: bare('io.k8s.about.v1beta1.ClusterProperty'),
})

/** The names of the two properties that are well known. */
export const CLUSTER_ID = 'cluster.clusterset.k8s.io'
export const CLUSTERSET_ID = 'clusterset.k8s.io'

export interface ServiceExport extends KubernetesObject {
  readonly spec?: {
    readonly exportedLabels?: Readonly<Record<string, string>>
    readonly exportedAnnotations?: Readonly<Record<string, string>>
  }
  readonly status?: { readonly conditions?: readonly Condition[] }
}

/** Of a ServiceImport: the Service that has its address. */
export const DERIVED_SERVICE = 'multicluster.kubernetes.io/derived-service'
/** Of EndpointSlices: the Service that proxies reach them by. */
export const LOCAL_SERVICE_NAME = 'kubernetes.io/service-name'
export const MANAGED_BY = 'endpointslice.kubernetes.io/managed-by'
