/**
 * A kubelet writes about itself alone. The node authorizer decides which objects a node may touch; this step looks at what it
 * writes: a stolen node must not draw pods to itself (labels, taints), come back by deletion (owners), or speak for others.
 */

import type { TokenRequest } from '#api/authentication/v1/token-request.ts'
import type { CertificateSigningRequest } from '#api/certificates/v1/certificate-signing-request.ts'
import type { PodCertificateRequest } from '#api/certificates/v1beta1/pod-certificate-request.ts'
import { differencesOf } from '#api/core/v1/differences.ts'
import type { Node } from '#api/core/v1/node.ts'
import { isForbiddenToKubelets } from '#api/core/v1/node-labels.ts'
import type { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.schema.ts'
import type { Pod } from '#api/core/v1/pod/pod.ts'
import { referencesOf } from '#api/core/v1/pod/references.ts'
import { notFound, type StatusError } from '#api/machinery/status.ts'
import type { ResourceSlice } from '#api/resource/v1/resource-slice.ts'
import { messageOf } from '#base/errors.ts'
import { type CertificateRequest, requestInPem } from '#base/pki/certificate-request.ts'
import { NODE_USER_PREFIX } from '../authentication/authenticator.ts'
import type { Eventually } from '../authorization/authorizer.ts'
import { NODE_LEASE_NAMESPACE, nodeNameOf } from '../authorization/node.ts'
import type { AdmissionRequest, AdmissionStep } from './admission.ts'
import { type AudienceWorld, checkAudience } from './node-token-audiences.ts'
import { isMirrorPod, MIRROR_ANNOTATION, qualifiedName, refused } from './requests.ts'
import type { AdmissionWorld } from './world.ts'

type World = Pick<AdmissionWorld, 'pod' | 'node' | 'serviceAccount'> & AudienceWorld

export function nodeRestriction(world: World): AdmissionStep {
  return {
    name: 'NodeRestriction',
    isFor: request => nodeNameOf(request.user) !== undefined,
    // What is written is judged before it is validated, as upstream: who may not write it is not told what is wrong with it.
    mutate: request => check(request, world),
    validate: request => (request.operation === 'DELETE' ? check(request, world) : undefined),
  }
}

/** Leases are renewed all the time, and need not wait. */
function check(request: AdmissionRequest, world: World): Eventually<void> {
  const node = nodeNameOf(request.user)
  if (node === undefined) return
  const key = qualifiedName(request.resource)
  if (key === 'pods') return checkPod(request, node, world)
  if (key === 'nodes') return checkNode(request, node)
  if (key === 'persistentvolumeclaims') return checkClaimStatus(request, node)
  if (key === 'serviceaccounts') return checkToken(request, node, world)
  if (key === 'leases.coordination.k8s.io') return checkLease(request, node)
  if (key === 'certificatesigningrequests.certificates.k8s.io')
    return checkCertificateRequest(request, node)
  if (key === 'podcertificaterequests.certificates.k8s.io')
    return checkPodCertificateRequest(request, node, world)
  if (key === 'resourceslices.resource.k8s.io') return checkSlice(request, node)
  if (key === 'csinodes.storage.k8s.io' && nameIn(request) !== node)
    throw refused(request, 'can only access CSINode with the same name as the requesting node')
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
    const extended = ({ status }: Pod) => JSON.stringify(status.extendedResourceClaimStatus ?? {})
    if (extended(before) !== extended(after))
      throw no('cannot update extended resource claim status')
  } else if (subresource === 'eviction') {
    const pod = await boundPod(request, world)
    if (pod.spec.nodeName !== node)
      throw refused(request, `node ${node} can only evict pods with spec.nodeName set to itself`)
  } else
    throw refused(
      request,
      `unexpected pod subresource "${subresource}", only 'status' and 'eviction' are allowed`,
    )
}

/** What a kubelet learns of a volume while it mounts or enlarges it. */
const LEARNED = [
  'capacity',
  'conditions',
  'allocatedResources',
  'allocatedResourceStatuses',
] as const satisfies readonly (keyof PersistentVolumeClaim['status'])[]

function checkClaimStatus(request: AdmissionRequest, node: string): void {
  if (request.subresource !== 'status') throw refused(request, 'may only update PVC status')
  const [before, after] = [request.oldObject, request.object].map(withoutLearned)
  if (request.operation !== 'UPDATE' || !before || !after)
    throw refused(request, `unexpected operation "${request.operation}"`)
  const differing = differencesOf(after, before, 'claim')
  if (differing.length > 0)
    throw refused(
      request,
      `node "${node}" is not allowed to update fields other than status.quantity and status.conditions: ${differing.join('\n')}`,
    )
}

/** Without what a kubelet may say of a claim, and what the server says itself. */
function withoutLearned(object: AdmissionRequest['object']): object | undefined {
  if (!object) return undefined
  const { metadata, spec, status } = object as PersistentVolumeClaim
  const { resourceVersion: _, managedFields: __, ...named } = metadata
  const others = Object.entries(status).filter(
    ([name, part]) => part !== undefined && !LEARNED.some(learned => learned === name),
  )
  return { metadata: named, spec, status: Object.fromEntries(others) }
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
  // Also one that is to be made of a template: the claim would be made for a pod of the node's own choice.
  if ((pod.spec.resourceClaims ?? []).length > 0)
    throw no('can not create pods that reference resourceclaims')
  if (secrets.size > 0) throw no('can not create pods that reference secrets')
  if (configMaps.size > 0) throw no('can not create pods that reference configmaps')
  if (claims.size > 0) throw no('can not create pods that reference persistentvolumeclaims')
  for (const source of (pod.spec.volumes ?? []).flatMap(
    volume => volume.projected?.sources ?? [],
  )) {
    if (source.serviceAccountToken)
      throw no('can not create pods that reference serviceaccounts (via projected volumes)')
    if (source.clusterTrustBundle)
      throw no('can not create pods that reference clustertrustbundles')
  }
}

function checkNode(request: AdmissionRequest, name: string): void {
  const no = (why: string) => refused(request, `node "${name}" is not allowed to ${why}`)
  const requested = nameIn(request)
  if (requested !== name) throw no(`modify node "${requested}"`)
  if (request.operation === 'DELETE') return
  const after = request.object as Node
  const before = request.oldObject as Node | undefined
  const same = (a: unknown, b: unknown) => JSON.stringify(a ?? []) === JSON.stringify(b ?? [])
  if (after.spec?.configSource && !same(after.spec.configSource, before?.spec?.configSource))
    throw no('set configSource')
  // A new node may bring taints: they only keep pods away.
  if (before && !same(after.spec?.taints, before.spec?.taints)) throw no('modify taints')
  if (!same(after.metadata.ownerReferences, before?.metadata.ownerReferences))
    throw no(before ? 'modify ownerReferences' : 'set ownerReferences')
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
  // As upstream says it.
  if (pod === undefined) throw notFound({ group: '', resource: 'pod' }, reference.name)
  if (pod.metadata.uid !== reference.uid)
    throw refused(
      request,
      `the UID in the bound object reference (${reference.uid}) does not match the UID in record. ` +
        'The object might have been deleted and then recreated',
    )
  if (pod.spec.nodeName !== node)
    throw refused(request, 'node requested token bound to a pod scheduled on a different node')
  await checkAudience(request, request.object as TokenRequest, pod, world)
}

const SIGNERS_OF_NODES = [
  'kubernetes.io/kubelet-serving',
  'kubernetes.io/kube-apiserver-client-kubelet',
]

/** Signers look at who asks; this is for those that sign for whoever may ask. */
function checkCertificateRequest(request: AdmissionRequest, node: string): void {
  if (request.operation !== 'CREATE' || request.subresource !== '') return
  const { spec } = request.object as CertificateSigningRequest
  if (!SIGNERS_OF_NODES.includes(spec.signerName)) return
  const { subject } = parsed(request, spec.request)
  const own = `${NODE_USER_PREFIX}${node}`
  if (subject.commonName !== own)
    throw refused(request, `can only create a node CSR with CN=${own}`)
}

function parsed(request: AdmissionRequest, base64: string): CertificateRequest {
  try {
    return requestInPem(Buffer.from(base64, 'base64').toString())
  } catch (error) {
    throw refused(request, `unable to parse csr: ${messageOf(error)}`)
  }
}

/** Devices that a node tells of are its own: slices of others draw pods to what is not there. */
function checkSlice(request: AdmissionRequest, node: string): void {
  if (request.operation !== 'CREATE') return
  const { spec } = request.object as ResourceSlice
  if (spec.nodeName !== node)
    throw refused(
      request,
      'can only create ResourceSlice with the same NodeName as the requesting node',
    )
}

/** A certificate of a pod is asked for by its node, for the account that it runs as. */
async function checkPodCertificateRequest(
  request: AdmissionRequest,
  node: string,
  world: World,
): Promise<void> {
  if (request.operation !== 'CREATE' || request.subresource !== '') return
  const { spec } = request.object as PodCertificateRequest
  const { namespace } = request
  const no = (why: string) => refused(request, why)
  const pod = `${namespace}/${spec.podName}`
  const of = `PodCertificateRequest for pod "${pod}"`
  if (spec.nodeName !== node)
    throw no(
      `PodCertificateRequest.Spec.NodeName="${spec.nodeName}", which is not the requesting node "${node}"`,
    )
  const nodeUid = (await world.node(node))?.metadata.uid
  if (spec.nodeUID !== nodeUid)
    throw no(
      `${of} names node UID "${spec.nodeUID}", inconsistent with the running node ("${nodeUid}")`,
    )
  const running = await world.pod(namespace, spec.podName)
  if (running === undefined)
    throw no(
      `while retrieving pod "${pod}" named in the PodCertificateRequest: pod "${spec.podName}" not found`,
    )
  const { metadata, spec: runs } = running
  if (spec.podUID !== metadata.uid)
    throw no(
      `${of} contains pod UID ("${spec.podUID}") which differs from running pod "${metadata.uid}"`,
    )
  // What it would be for, the node would have chosen itself.
  if (isMirrorPod(running)) throw no(`pod "${pod}" is a mirror pod`)
  if (runs.nodeName !== node)
    throw no(`pod "${pod}" is not running on node "${node}" named in the PodCertificateRequest`)
  if (spec.serviceAccountName !== runs.serviceAccountName)
    throw no(
      `${of} contains serviceAccountName ("${spec.serviceAccountName}") that differs from running pod ("${runs.serviceAccountName}")`,
    )
  const account = await world.serviceAccount(namespace, spec.serviceAccountName)
  if (spec.serviceAccountUID !== account?.metadata.uid)
    throw no(
      `${of} names service account UID "${spec.serviceAccountUID}", which differs from the running service account ("${account?.metadata.uid}")`,
    )
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
