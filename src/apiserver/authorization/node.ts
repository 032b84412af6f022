/**
 * What a kubelet may do: what the pods on its node need, and no more. Secrets, ConfigMaps, claims and volumes by name if one of those pods
 * or its volume refers to them; tokens of their service accounts; its own Node, Lease, CSINode, slices, attachments and pods. The rest of the
 * `system:node` rules holds for every node. NodeRestriction (admission) looks at what the writes say.
 */

import type { PodCertificateRequest } from '#api/certificates/v1beta1/pod-certificate-request.ts'
import type { PersistentVolume } from '#api/core/v1/persistent-volume.ts'
import type { Pod } from '#api/core/v1/pod/pod.ts'
import { type PodReferences, referencesOf } from '#api/core/v1/pod/references.ts'
import { MIRROR_ANNOTATION } from '#api/core/v1/pod/validation.annotations.ts'
import { parseFieldSelector } from '#api/machinery/field-selector.ts'
import type { ResourceSlice } from '#api/resource/v1/resource-slice.ts'
import type { VolumeAttachment } from '#api/storage/v1/volume-attachment.ts'
import { NODE_USER_PREFIX, SYSTEM_NODES, type UserInfo } from '../authentication/authenticator.ts'
import {
  type Attributes,
  type Authorizer,
  allow,
  type Decision,
  noOpinion,
  type PolicyRule,
} from './authorizer.ts'
import { ruleAllows } from './rbac-rules.ts'
import { volumeNamesSecret } from './volume-secrets.ts'

/** What is there, from the API server's cache. */
export interface NodeView {
  podsOnNode(nodeName: string): readonly Pod[]
  /** The volume that a claim names. */
  volumeBehind(namespace: string, claim: string): PersistentVolume | undefined
  volume(name: string): PersistentVolume | undefined
  volumeAttachment(name: string): VolumeAttachment | undefined
  resourceSlice(name: string): ResourceSlice | undefined
  podCertificateRequest(namespace: string, name: string): PodCertificateRequest | undefined
}

export const NODE_LEASE_NAMESPACE = 'kube-node-lease'

/** The node that a user is; undefined for everybody else, and '' for a node without a name, which may nothing. */
function nodeIn(user: UserInfo): string | undefined {
  if (!user.groups.includes(SYSTEM_NODES) || !user.name.startsWith(NODE_USER_PREFIX))
    return undefined
  return user.name.slice(NODE_USER_PREFIX.length)
}

/** The node that a user is; undefined for everybody else. */
export const nodeNameOf = (user: UserInfo): string | undefined => nodeIn(user) || undefined

/** `rules` are those of the ClusterRole system:node, for what depends on no pod. */
export function nodeAuthorizer(view: NodeView, rules: readonly PolicyRule[]): Authorizer {
  return {
    authorize(attributes) {
      const node = nodeIn(attributes.user)
      if (node === undefined) return noOpinion()
      if (node === '')
        return noOpinion(`unknown node for user ${JSON.stringify(attributes.user.name)}`)
      const special = attributes.isResourceRequest
        ? SPECIAL.get(resourceKey(attributes))
        : undefined
      return special ? special({ node, attributes, view, rules }) : byRules(attributes, rules)
    },
    // Which names a node may read changes with its pods, so its rules cannot be listed.
    rulesFor: user =>
      nodeNameOf(user) === undefined
        ? { rules: [], incomplete: false, errors: [] }
        : {
            rules: [],
            incomplete: true,
            errors: ['node authorizer does not support user rule resolution'],
          },
  }
}

interface Question {
  readonly node: string
  readonly attributes: Attributes
  readonly view: NodeView
  readonly rules: readonly PolicyRule[]
}

const resourceKey = ({ group, resource }: Attributes) => (group ? `${resource}.${group}` : resource)

const SPECIAL: ReadonlyMap<string, (question: Question) => Decision> = new Map([
  ['secrets', readSecret],
  ['configmaps', (question: Question) => readByName(question, isNamedByAPod('configMaps'))],
  [
    'persistentvolumeclaims',
    (question: Question) =>
      question.attributes.subresource === 'status'
        ? claimStatus(question)
        : getOne(question, isNamedByAPod('claims')),
  ],
  ['persistentvolumes', (question: Question) => getOne(question, isVolumeOfAPod)],
  [
    'resourceclaims.resource.k8s.io',
    (question: Question) => getOne(question, isNamedByAPod('deviceClaims')),
  ],
  [
    'volumeattachments.storage.k8s.io',
    (question: Question) =>
      getOne(
        question,
        ({ node, view, attributes }) =>
          view.volumeAttachment(attributes.name)?.spec.nodeName === node,
      ),
  ],
  ['serviceaccounts', serviceaccounts],
  ['nodes', ownNode],
  ['pods', ownPods],
  ['leases.coordination.k8s.io', ownLease],
  ['csinodes.storage.k8s.io', ownCsiNode],
  ['resourceslices.resource.k8s.io', ownSlices],
  ['podcertificaterequests.certificates.k8s.io', ownCertificateRequests],
])

/** Whether the one object that is asked for is of the node. */
type Related = (question: Question) => boolean

function byRules(attributes: Attributes, rules: readonly PolicyRule[]): Decision {
  return rules.some(rule => ruleAllows(rule, attributes)) ? allow() : noOpinion()
}

function related(question: Question, isRelated: Related): Decision {
  // list and watch have a name only where their field selector picks one object.
  if (question.attributes.name === '') return noOpinion('No Object name found')
  return isRelated(question) ? allow() : noRelationship(question.node)
}

const noRelationship = (node: string) =>
  noOpinion(`no relationship found between node '${node}' and this object`)

/** The pods whose references count. Mirror pods have none: a node makes them itself, so what they name is nothing that it was given. */
const podsOf = ({ view, node }: Question): readonly Pod[] =>
  view
    .podsOnNode(node)
    .filter(({ metadata }) => !Object.hasOwn(metadata.annotations ?? {}, MIRROR_ANNOTATION))

const namesIt = (
  question: Question,
  kind: keyof PodReferences,
  { namespace, name }: { readonly namespace: string; readonly name: string },
) =>
  podsOf(question).some(
    pod => pod.metadata.namespace === namespace && referencesOf(pod)[kind].has(name),
  )

const isNamedByAPod =
  (kind: keyof PodReferences): Related =>
  question =>
    namesIt(question, kind, question.attributes)

/** What the volume says counts: whoever made it has chosen its claim. */
function isVolumeOfAPod(question: Question): boolean {
  const claim = question.view.volume(question.attributes.name)?.spec.claimRef
  if (!claim?.name || !claim.namespace) return false
  return namesIt(question, 'claims', { namespace: claim.namespace, name: claim.name })
}

function readByName(question: Question, isRelated: Related): Decision {
  const { verb, subresource, namespace } = question.attributes
  if (!READS.includes(verb)) return noOpinion('can only read resources of this type')
  if (subresource !== '') return noOpinion('cannot read subresource')
  if (namespace === '') return noOpinion('can only read namespaced object of this type')
  return related(question, isRelated)
}
const READS = ['get', 'list', 'watch']

function getOne(question: Question, isRelated: Related): Decision {
  const { verb, subresource } = question.attributes
  if (verb !== 'get') return noOpinion('can only get individual resources of this type')
  if (subresource !== '') return noOpinion('cannot get subresource')
  return related(question, isRelated)
}

function readSecret(question: Question): Decision {
  const { attributes, view } = question
  return readByName(
    question,
    asked =>
      namesIt(asked, 'secrets', attributes) || volumeNamesSecret(podsOf(asked), view, attributes),
  )
}

function claimStatus(question: Question): Decision {
  const { verb } = question.attributes
  if (verb !== 'update' && verb !== 'patch') return noOpinion('can only get/update/patch this type')
  return related(question, isNamedByAPod('claims'))
}

function serviceaccounts(question: Question): Decision {
  const { verb, subresource, name, namespace } = question.attributes
  const mayBe = subresource === 'token' ? verb === 'create' : subresource === '' && verb === 'get'
  if (!mayBe || name === '')
    return noOpinion('can only create tokens for individual service accounts')
  return related(question, asked =>
    podsOf(asked).some(
      ({ metadata, spec }) => metadata.namespace === namespace && spec.serviceAccountName === name,
    ),
  )
}

function ownNode({ node, attributes, rules }: Question): Decision {
  const { verb, name, subresource } = attributes
  if (subresource === '' && READS.includes(verb) && name !== node)
    return noOpinion(
      name === ''
        ? `node '${node}' cannot read all nodes, only its own Node object`
        : `node '${node}' cannot read '${name}', only its own Node object`,
    )
  return byRules(attributes, rules)
}

function ownPods(question: Question): Decision {
  const { node, attributes, rules } = question
  const { verb, name, subresource } = attributes
  if (subresource !== '' || !READS.includes(verb)) return byRules(attributes, rules)
  if (verb !== 'get' && selectsNode(attributes.fieldSelector, node)) return allow()
  if (verb !== 'get' && name === '')
    return noOpinion('can only list/watch pods with spec.nodeName field selector')
  return related(question, ({ view }) =>
    view
      .podsOnNode(node)
      .some(
        ({ metadata }) => metadata.name === name && metadata.namespace === attributes.namespace,
      ),
  )
}

function selectsNode(fieldSelector: string | undefined, node: string): boolean {
  if (!fieldSelector) return false
  try {
    return parseFieldSelector(fieldSelector).some(
      ({ field, operator, value }) =>
        field === 'spec.nodeName' && operator === '=' && value === node,
    )
  } catch {
    return false
  }
}

const WRITES_OF_ITS_OWN = ['get', 'create', 'update', 'patch', 'delete']

function ownLease({ node, attributes }: Question): Decision {
  const { verb, name, namespace } = attributes
  if (!WRITES_OF_ITS_OWN.includes(verb))
    return noOpinion('can only get, create, update, patch, or delete a node lease')
  if (namespace !== NODE_LEASE_NAMESPACE)
    return noOpinion(`can only access leases in the "${NODE_LEASE_NAMESPACE}" system namespace`)
  // The name of a new lease stands in the body, where NodeRestriction checks it.
  if (name !== node && !(verb === 'create' && name === ''))
    return noOpinion('can only access node lease with the same name as the requesting node')
  return allow()
}

function ownCsiNode({ node, attributes }: Question): Decision {
  const { verb, name, subresource } = attributes
  if (subresource !== '') return noOpinion('cannot authorize CSINode subresources')
  if (!WRITES_OF_ITS_OWN.includes(verb))
    return noOpinion('can only get, create, update, patch, or delete a CSINode')
  if (name !== node && !(verb === 'create' && name === ''))
    return noOpinion('can only access CSINode with the same name as the requesting node')
  return allow()
}

/** Of its own devices: the slices that name the node. What a new one names, NodeRestriction checks. */
function ownSlices(question: Question): Decision {
  const { node, attributes } = question
  const { verb, subresource, fieldSelector } = attributes
  if (subresource !== '') return noOpinion('cannot authorize ResourceSlice subresources')
  if (verb === 'create') return allow()
  if (WRITES_OF_ITS_OWN.includes(verb))
    return related(
      question,
      ({ view }) => view.resourceSlice(attributes.name)?.spec.nodeName === node,
    )
  return selectsNode(fieldSelector, node)
    ? allow()
    : noOpinion('can only list/watch/deletecollection resourceslices with nodeName field selector')
}

function ownCertificateRequests(question: Question): Decision {
  const { node, attributes } = question
  const { verb, subresource, fieldSelector, namespace, name } = attributes
  if (subresource !== '')
    return noOpinion(
      `nodes may not access the ${subresource} subresource of PodCertificateRequests`,
    )
  if (verb === 'create') return allow()
  if (verb === 'get')
    return related(
      question,
      ({ view }) => view.podCertificateRequest(namespace, name)?.spec.nodeName === node,
    )
  if (verb !== 'list' && verb !== 'watch')
    return noOpinion(`nodes may not ${verb} podcertificaterequests`)
  return selectsNode(fieldSelector, node)
    ? allow()
    : noOpinion('can only list/watch podcertificaterequests with nodeName field selector')
}
