/**
 * A service of other clusters, as each cluster has it that imports it: `ServiceImport` of the Multi-Cluster Services API (KEP 1645). Its definition is a custom
 * resource's and knows the schema; here objects only pass through.
 */
import { defineKind } from '../../machinery/kind.ts'
import type { Condition, KubernetesObject } from '../../machinery/metadata.ts'

export const GROUP = 'multicluster.x-k8s.io'
export const VERSION = 'v1beta1'

export const serviceImport = defineKind({
  group: GROUP,
  version: VERSION,
  kind: 'ServiceImport',
  plural: 'serviceimports',
  scope: 'Namespaced',
  shape: { name: 'io.x-k8s.multicluster.v1beta1.ServiceImport', doc: '', fields: {} },
})

export interface ServiceImport extends KubernetesObject {
  readonly spec: ServiceImportSpec
  readonly status?: {
    readonly clusters?: readonly { readonly cluster: string }[]
    readonly conditions?: readonly Condition[]
  }
}

export interface ServiceImportSpec extends Traffic {
  readonly type: 'ClusterSetIP' | 'Headless'
  readonly ports: readonly ImportedPort[]
  readonly ips?: readonly string[]
  readonly ipFamilies?: readonly string[]
}

/** How connections are spread; the same words as in the spec of a Service. */
export interface Traffic {
  readonly sessionAffinity?: string
  readonly sessionAffinityConfig?: object
  readonly internalTrafficPolicy?: string
  readonly trafficDistribution?: string
}

export interface ImportedPort {
  readonly name?: string
  readonly protocol?: string
  readonly appProtocol?: string
  readonly port: number
}

/** Of EndpointSlices: the Service that was exported, and the cluster that its endpoints are in. */
export const SERVICE_NAME = 'multicluster.kubernetes.io/service-name'
export const SOURCE_CLUSTER = 'multicluster.kubernetes.io/source-cluster'
