/** The little that admission steps need to know of the cluster, answered from the API server's own caches. */
import type { DeviceQuotaWorld } from '#api/core/quota/device-claims.ts'
import type { LimitRange } from '#api/core/v1/limit-range.ts'
import type { Namespace } from '#api/core/v1/namespace.ts'
import type { Node } from '#api/core/v1/node.ts'
import type { PersistentVolume } from '#api/core/v1/persistent-volume.ts'
import type { Pod } from '#api/core/v1/pod/pod.ts'
import type { ServiceAccount } from '#api/core/v1/service-account.ts'
import type { IngressClass } from '#api/networking/v1/ingress-class.ts'
import type { RuntimeClass } from '#api/node/v1/runtime-class.ts'
import type { PriorityClass } from '#api/scheduling/v1/priority-class.ts'
import type { CSIDriver } from '#api/storage/v1/csi-driver.ts'
import type { StorageClass } from '#api/storage/v1/storage-class.ts'
import type { Clock } from '#base/clock.ts'
import type { FeatureGates } from '#base/feature-gates.ts'
import type { Random } from '#base/random.ts'
import type { Authorizer, Eventually } from '../authorization/authorizer.ts'
import type { RbacView } from '../authorization/rbac.ts'
import type { Finding } from '../bootstrap/server-events.ts'
import type { TolerationSeconds } from './default-toleration-seconds.ts'
import type { PluginConfiguration } from './plugin-configuration.ts'
import type { QuotaStore } from './resource-quota/store.ts'
import type { WebhookWorld } from './webhooks/world.ts'

export interface KindResource {
  readonly group: string
  readonly version: string
  readonly resource: string
  readonly isNamespaced: boolean
}

/** Reads answer with the newest committed state and undefined where there is no such object. */
export interface AdmissionWorld {
  namespace(name: string): Eventually<Namespace | undefined>
  serviceAccount(namespace: string, name: string): Eventually<ServiceAccount | undefined>
  pod(namespace: string, name: string): Eventually<Pod | undefined>
  /** All pods of a namespace. */
  podsIn(namespace: string): readonly Pod[]
  /** Whether there is any in a namespace. */
  hasConfigMaps?(namespace: string): boolean
  /** Warns people of what was found, in an Event; `component` is who found it. */
  warn?(component: string, finding: Finding): void
  node(name: string): Eventually<Node | undefined>
  storageClass(name: string): Eventually<StorageClass | undefined>
  storageClasses(): readonly StorageClass[]
  priorityClass(name: string): Eventually<PriorityClass | undefined>
  priorityClasses(): readonly PriorityClass[]
  runtimeClass(name: string): Eventually<RuntimeClass | undefined>
  ingressClasses(): readonly IngressClass[]
  /** The same list while nothing changes. */
  limitRanges(namespace: string): readonly LimitRange[]
  /** The resource of a kind that is served; undefined for one that nobody knows. */
  resourceOf(apiVersion: string, kind: string): KindResource | undefined
  /** The volume that a claim names, and the driver of one; absent where no nodes ask for tokens. */
  volumeBehind?(namespace: string, claim: string): PersistentVolume | undefined
  csiDriver?(name: string): CSIDriver | undefined
  /** Makes a namespace as the server itself, where it is not there yet. */
  makeNamespace?: ((name: string) => Promise<void>) | undefined
  readonly quotas: QuotaStore
  readonly quotaDevices: DeviceQuotaWorld
  readonly rbac: RbacView
  readonly authorizer: Authorizer
  readonly clock: Clock
  readonly random: Random
  readonly featureGates: FeatureGates
  /** What a file says to plugins. */
  readonly pluginConfiguration?: PluginConfiguration | undefined
  /** What pods that do not say tolerate for how long. */
  readonly tolerationSeconds?: TolerationSeconds | undefined
  /** Absent where no webhooks are to be asked. */
  readonly webhooks?: WebhookWorld
}
