/** What authentication, authorization and admission need to know of the cluster, answered from the watch cache. */
import type { PodCertificateRequest } from '#api/certificates/v1beta1/pod-certificate-request.ts'
import type { DeviceQuotaWorld } from '#api/core/quota/device-claims.ts'
import type { LimitRange } from '#api/core/v1/limit-range.ts'
import type { Namespace } from '#api/core/v1/namespace.ts'
import type { Node } from '#api/core/v1/node.ts'
import type { PersistentVolume } from '#api/core/v1/persistent-volume.ts'
import type { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import type { Pod } from '#api/core/v1/pod/pod.ts'
import type { Secret } from '#api/core/v1/secret.ts'
import type { ServiceAccount } from '#api/core/v1/service-account.ts'
import type { IngressClass } from '#api/networking/v1/ingress-class.ts'
import type { RuntimeClass } from '#api/node/v1/runtime-class.ts'
import type { ClusterRole } from '#api/rbac/v1/cluster-role.ts'
import type { ClusterRoleBinding } from '#api/rbac/v1/cluster-role-binding.ts'
import type { Role } from '#api/rbac/v1/role.ts'
import type { RoleBinding } from '#api/rbac/v1/role-binding.ts'
import type { PriorityClass } from '#api/scheduling/v1/priority-class.ts'
import type { CSIDriver } from '#api/storage/v1/csi-driver.ts'
import type { StorageClass } from '#api/storage/v1/storage-class.ts'
import { type QuotaStore, quotaStore } from './admission/resource-quota/store.ts'
import type { KindResource } from './admission/world.ts'
import type { TokenWorld } from './authentication/service-account-tokens.ts'
import type { Eventually } from './authorization/authorizer.ts'
import type { NodeView } from './authorization/node.ts'
import type { RbacView } from './authorization/rbac.ts'
import type { ResourceRegistry } from './resources/registry.ts'
import type { StoredObject } from './storage/stored-object.ts'
import type { ResourceCache } from './watch-cache/resource-cache.ts'

export interface World extends TokenWorld, NodeView {
  readonly rbac: RbacView
  namespace(name: string): Eventually<Namespace | undefined>
  serviceAccount(namespace: string, name: string): Eventually<ServiceAccount | undefined>
  pod(namespace: string, name: string): Eventually<Pod | undefined>
  secret(namespace: string, name: string): Eventually<Secret | undefined>
  node(name: string): Eventually<Node | undefined>
  storageClass(name: string): Eventually<StorageClass | undefined>
  storageClasses(): readonly StorageClass[]
  priorityClass(name: string): Eventually<PriorityClass | undefined>
  priorityClasses(): readonly PriorityClass[]
  runtimeClass(name: string): Eventually<RuntimeClass | undefined>
  ingressClasses(): readonly IngressClass[]
  limitRanges(namespace: string): readonly LimitRange[]
  resourceOf(apiVersion: string, kind: string): KindResource | undefined
  readonly quotas: QuotaStore
  readonly quotaDevices: DeviceQuotaWorld
  podsIn(namespace: string): readonly Pod[]
  hasConfigMaps(namespace: string): boolean
  csiDriver(name: string): CSIDriver | undefined
}

function resourceOf(
  registry: ResourceRegistry,
  apiVersion: string,
  wanted: string,
): KindResource | undefined {
  const slash = apiVersion.indexOf('/')
  const group = slash < 0 ? '' : apiVersion.slice(0, slash)
  const version = apiVersion.slice(slash + 1)
  for (const each of registry.versions()) {
    if (each.group !== group || each.version !== version) continue
    const found = each.resources.find(({ kind }) => kind.kind === wanted)
    if (found)
      return {
        group,
        version,
        resource: found.kind.plural,
        isNamespaced: found.kind.scope === 'Namespaced',
      }
  }
  return undefined
}

const STORAGE = 'storage.k8s.io'
const DEVICES = 'resource.k8s.io'

export function createWorld(registry: ResourceRegistry): World {
  const getter =
    (group: string, plural: string) =>
    <T>(namespace: string, name: string): Eventually<T | undefined> => {
      const storage = registry.find(group, 'v1', plural)?.storage
      const stored = name === '' ? undefined : storage?.get(namespace, name)
      const object = (found: StoredObject | undefined) => found?.object as T | undefined
      return stored instanceof Promise ? stored.then(object) : object(stored)
    }
  const cacheOf = (group: string, plural: string, version = 'v1') =>
    registry.find(group, version, plural)?.storage?.cache
  const cached =
    <T>(group: string, plural: string, version?: string) =>
    (name: string, namespace = '') =>
      cacheOf(group, plural, version)?.get(namespace, name)?.object as T | undefined
  const volume = cached<PersistentVolume>('', 'persistentvolumes')
  const namespaces = getter('', 'namespaces')
  const nodes = getter('', 'nodes')
  const storageClasses = getter(STORAGE, 'storageclasses')
  const priorityClasses = getter('scheduling.k8s.io', 'priorityclasses')
  const runtimeClasses = getter('node.k8s.io', 'runtimeclasses')
  const pods = cacheOf('', 'pods')
  const configMaps = cacheOf('', 'configmaps')
  const index = pods && new PodsByNode(pods)
  return {
    rbac: rbacView(plural => cacheOf('rbac.authorization.k8s.io', plural)),
    namespace: name => namespaces('', name),
    node: name => nodes('', name),
    storageClass: name => storageClasses('', name),
    storageClasses: listedAll(cacheOf(STORAGE, 'storageclasses')),
    priorityClass: name => priorityClasses('', name),
    priorityClasses: listedAll(cacheOf('scheduling.k8s.io', 'priorityclasses')),
    runtimeClass: name => runtimeClasses('', name),
    ingressClasses: listedAll(cacheOf('networking.k8s.io', 'ingressclasses')),
    serviceAccount: getter('', 'serviceaccounts'),
    pod: getter('', 'pods'),
    secret: getter('', 'secrets'),
    resourceOf: (apiVersion, kind) => resourceOf(registry, apiVersion, kind),
    limitRanges: listed(cacheOf('', 'limitranges')),
    quotas: quotaStore(registry.find('', 'v1', 'resourcequotas')?.storage),
    quotaDevices: {
      classes: listedAll(cacheOf(DEVICES, 'deviceclasses')),
      pod: (namespace, name) => pods?.get(namespace, name)?.object as Pod | undefined,
      claims: listed(cacheOf(DEVICES, 'resourceclaims')),
    },
    podsIn: namespace => (pods?.list(namespace) ?? []).map(stored => stored.object as Pod),
    hasConfigMaps: namespace => (configMaps?.list(namespace).length ?? 0) > 0,
    podsOnNode: nodeName => index?.on(nodeName) ?? [],
    volumeBehind(namespace, claim) {
      const found = cached<PersistentVolumeClaim>('', 'persistentvolumeclaims')(claim, namespace)
      const name = found?.spec.volumeName
      return name ? volume(name) : undefined
    },
    volume,
    volumeAttachment: cached(STORAGE, 'volumeattachments'),
    csiDriver: cached(STORAGE, 'csidrivers'),
    resourceSlice: cached(DEVICES, 'resourceslices'),
    podCertificateRequest: (namespace, name) =>
      cached<PodCertificateRequest>(
        'certificates.k8s.io',
        'podcertificaterequests',
        'v1beta1',
      )(name, namespace),
  }
}

function rbacView(cacheOf: (plural: string) => ResourceCache | undefined): RbacView {
  const roles = cacheOf('roles')
  const clusterRoles = cacheOf('clusterroles')
  const roleBindings = listed<RoleBinding>(cacheOf('rolebindings'))
  const clusterRoleBindings = listed<ClusterRoleBinding>(cacheOf('clusterrolebindings'))
  return {
    role: (namespace, name) => roles?.get(namespace, name)?.object as Role | undefined,
    clusterRole: name => clusterRoles?.get('', name)?.object as ClusterRole | undefined,
    roleBindings: namespace => (namespace === '' ? [] : roleBindings(namespace)),
    clusterRoleBindings: () => clusterRoleBindings(''),
  }
}

/** The objects of a namespace as a list that is made again only after something changed. */
function listed<T>(cache: ResourceCache | undefined): (namespace: string) => readonly T[] {
  const lists = new Map<string, readonly T[]>()
  let madeAt = -1
  return namespace => {
    if (!cache) return []
    if (madeAt !== cache.lastChange) {
      lists.clear()
      madeAt = cache.lastChange
    }
    let list = lists.get(namespace)
    if (!list) {
      list = cache.list(namespace).map(stored => stored.object as T)
      lists.set(namespace, list)
    }
    return list
  }
}

/** The same of cluster-scoped objects. */
function listedAll<T>(cache: ResourceCache | undefined): () => readonly T[] {
  const list = listed<T>(cache)
  return () => list('')
}

/** Follows the cache of pods, so that each request of a kubelet finds its own pods at once. */
class PodsByNode {
  readonly #cache: ResourceCache
  readonly #byNode = new Map<string, Map<string, Pod>>()
  #isFollowing = false

  constructor(cache: ResourceCache) {
    this.#cache = cache
  }

  on(nodeName: string): readonly Pod[] {
    if (!this.#isFollowing) this.#follow()
    return [...(this.#byNode.get(nodeName)?.values() ?? [])]
  }

  #follow(): void {
    this.#isFollowing = true
    this.#byNode.clear()
    for (const stored of this.#cache.list('')) this.#put(stored.key, stored.object as Pod)
    this.#cache.watchers.add({
      filter: { namespace: '' },
      notify: (event, as) => {
        const { key } = event.current
        if (event.previous) this.#remove(key, event.previous.object as Pod)
        if (as !== 'DELETED') this.#put(key, event.current.object as Pod)
      },
      end: () => {
        this.#isFollowing = false
      },
    })
  }

  #put(key: string, pod: Pod): void {
    const node = pod.spec.nodeName ?? ''
    if (node === '') return
    let pods = this.#byNode.get(node)
    if (!pods) {
      pods = new Map()
      this.#byNode.set(node, pods)
    }
    pods.set(key, pod)
  }

  #remove(key: string, pod: Pod): void {
    const node = pod.spec.nodeName ?? ''
    const pods = this.#byNode.get(node)
    if (pods?.delete(key) && pods.size === 0) this.#byNode.delete(node)
  }
}
