/**
 * A kubelet writes about itself alone. The node authorizer decides which objects a node may touch; this step looks at what it
 * writes: a stolen node must not draw pods to itself (labels, taints), come back by deletion (owners), or speak for others.
 */

import type { TokenRequest } from '#api/authentication/v1/token-request.ts'
import type { Node } from '#api/core/v1/node.ts'
import { isForbiddenToKubelets } from '#api/core/v1/node-labels.ts'
import type { Pod } from '#api/core/v1/pod/pod.ts'
import { referencesOf } from '#api/core/v1/pod/references.ts'
import { notFound, type StatusError } from '#api/machinery/status.ts'
import { NODE_LEASE_NAMESPACE, nodeNameOf } from '../authorization/node.ts'
import type { AdmissionRequest, AdmissionStep } from './admission.ts'
import { isMirrorPod, MIRROR_ANNOTATION, qualifiedName, refused } from './requests.ts'
import type { AdmissionWorld } from './world.ts'

type World = Pick<AdmissionWorld, 'pod' | 'node'>

export function nodeRestriction(world: World): AdmissionStep {
  return {
    name: 'NodeRestriction',
    isFor: request => nodeNameOf(request.user) !== undefined,
    // Leases are renewed all the time, and need not wait.
    validate(request) {
      const node = nodeNameOf(request.user)
      if (node === undefined) return
      const key = qualifiedName(request.resource)
      if (key === 'pods') return checkPod(request, node, world)
      if (key === 'nodes') return checkNode(request, node)
      if (key === 'serviceaccounts') return checkToken(request, node, world)
      if (key === 'leases.coordination.k8s.io') return checkLease(request, node)
      if (key === 'csinodes.storage.k8s.io' && nameIn(request) !== node)
        throw refused(request, 'can only access CSINode with the same name as the requesting node')
    },
  }
}

/** The name in the path, or on create that in the body. */
const nameIn = ({ name, object }: AdmissionRequest) => name || (object?.metadata?.name ?? '')

async function checkPod(request: AdmissionRequest, node: string, world: World): Promise<void> {
  const { operation, subresource } = request
  const no = (why: string): StatusError => refused(request, `node "${node}" ${why}`)
  if (subresource === '') {
    if (operation === 'CREATE') return checkMirrorPod(request, node, world)
    if (operation !== 'DELETE') throw refused(request, `unexpected operation "${operation}"`)
    const pod = (request.oldObject as Pod | undefined) ?? (await boundPod(request, world))
    if (pod.spec.nodeName !== node)
      throw no('can only delete pods with spec.nodeName set to itself')
  } else if (subresource === 'status') {
    const before = request.oldObject as Pod | undefined
    const after = request.object as Pod | undefined
    if (operation !== 'UPDATE' || !before || !after)
      throw refused(request, `unexpected operation "${operation}"`)
    if (before.spec.nodeName !== node)
      throw no('can only update pod status for pods with spec.nodeName set to itself')
    if (changedKeys(after.metadata.labels, before.metadata.labels).length > 0)
      throw no('cannot update labels through pod status')
    const claims = ({ status }: Pod) => JSON.stringify(status.resourceClaimStatuses ?? [])
    if (claims(before) !== claims(after)) throw no('cannot update resource claim statuses')
  } else if (subresource === 'eviction') {
    const pod = await boundPod(request, world)
    if (pod.spec.nodeName !== node) throw no('can only evict pods with spec.nodeName set to itself')
  } else
    throw refused(
      request,
      `unexpected pod subresource "${subresource}", only 'status' and 'eviction' are allowed`,
    )
}

async function boundPod(request: AdmissionRequest, world: World): Promise<Pod> {
  const name = nameIn(request)
  const pod = await world.pod(request.namespace, name)
  if (pod === undefined) throw notFound({ group: '', resource: 'pods' }, name)
  return pod
}

async function checkMirrorPod(request: AdmissionRequest, name: string, world: World) {
  const pod = request.object as Pod
  const no = (why: string) => refused(request, `node "${name}" ${why}`)
  if (!isMirrorPod(pod))
    throw refused(
      request,
      `pod does not have "${MIRROR_ANNOTATION}" annotation, node "${name}" can only create mirror pods`,
    )
  if (pod.spec.nodeName !== name) throw no('can only create pods with spec.nodeName set to itself')
  const [owner, ...more] = pod.metadata.ownerReferences ?? []
  if (more.length > 0) throw no('can only create pods with a single owner reference set to itself')
  const uid = (await world.node(name))?.metadata.uid
  const owned =
    owner?.apiVersion === 'v1' &&
    owner.kind === 'Node' &&
    owner.name === name &&
    owner.controller === true &&
    !owner.blockOwnerDeletion &&
    uid !== undefined &&
    owner.uid === uid
  if (!owned) throw no('can only create pods with an owner reference set to itself')
  if (pod.spec.serviceAccountName) throw no('can not create pods that reference a service account')
  const { secrets, configMaps, claims } = referencesOf(pod)
  if (secrets.size > 0) throw no('can not create pods that reference secrets')
  if (configMaps.size > 0) throw no('can not create pods that reference configmaps')
  if (claims.size > 0) throw no('can not create pods that reference persistentvolumeclaims')
  for (const source of (pod.spec.volumes ?? []).flatMap(volume => volume.projected?.sources ?? []))
    if (source.clusterTrustBundle)
      throw no('can not create pods that reference clustertrustbundles')
}

function checkNode(request: AdmissionRequest, name: string): void {
  const no = (why: string) => refused(request, `node "${name}" is not allowed to ${why}`)
  const requested = nameIn(request)
  if (requested !== name) throw no(`modify node "${requested}"`)
  if (request.operation === 'DELETE') return
  const after = request.object as Node
  const before = request.oldObject as Node | undefined
  const same = (a: unknown, b: unknown) => JSON.stringify(a ?? []) === JSON.stringify(b ?? [])
  if (!same(after.metadata.ownerReferences, before?.metadata.ownerReferences))
    throw no(before ? 'modify ownerReferences' : 'set ownerReferences')
  if (after.spec?.configSource && !same(after.spec.configSource, before?.spec?.configSource))
    throw no('set configSource')
  // A new node may bring taints: they only keep pods away.
  if (before && !same(after.spec?.taints, before.spec?.taints)) throw no('modify taints')
  const labels = changedKeys(after.metadata.labels, before?.metadata.labels).filter(
    isForbiddenToKubelets,
  )
  if (labels.length > 0)
    throw before
      ? refused(request, `is not allowed to modify labels: ${labels.sort().join(', ')}`)
      : no(`set the following labels: ${labels.sort().join(', ')}`)
}

type Labels = Readonly<Record<string, string>>

function changedKeys(after: Labels = {}, before: Labels = {}): string[] {
  const keys = new Set([...Object.keys(after), ...Object.keys(before)])
  const valueIn = (labels: Labels, key: string) =>
    Object.hasOwn(labels, key) ? labels[key] : undefined
  return [...keys].filter(key => valueIn(after, key) !== valueIn(before, key))
}

/** Tokens are made for pods on the node, each bound to its pod. */
async function checkToken(request: AdmissionRequest, node: string, world: World): Promise<void> {
  if (request.operation !== 'CREATE' || request.subresource !== 'token') return
  const reference = (request.object as TokenRequest | undefined)?.spec.boundObjectRef
  if (reference?.apiVersion !== 'v1' || reference.kind !== 'Pod' || !reference.name)
    throw refused(request, 'node requested token not bound to a pod')
  if (!reference.uid)
    throw refused(request, 'node requested token with a pod binding without a uid')
  const pod = await world.pod(request.namespace, reference.name)
  if (pod === undefined) throw notFound({ group: '', resource: 'pods' }, reference.name)
  if (pod.metadata.uid !== reference.uid)
    throw refused(
      request,
      `the UID in the bound object reference (${reference.uid}) does not match the UID in record. ` +
        'The object might have been deleted and then recreated',
    )
  if (pod.spec.nodeName !== node)
    throw refused(request, 'node requested token bound to a pod scheduled on a different node')
}

function checkLease(request: AdmissionRequest, node: string): void {
  if (request.namespace !== NODE_LEASE_NAMESPACE)
    throw refused(
      request,
      `can only access leases in the "${NODE_LEASE_NAMESPACE}" system namespace`,
    )
  if (nameIn(request) !== node)
    throw refused(request, 'can only access node lease with the same name as the requesting node')
}
