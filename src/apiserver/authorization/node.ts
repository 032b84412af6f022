/**
 * What a kubelet may do: what the pods on its node need, and no more. Secrets, ConfigMaps and claims by name if one of those pods
 * or its volume refers to them; tokens of their service accounts; its own Node, Lease and pods. The rest of the `system:node` rules
 * holds for every node. NodeRestriction (admission) looks at what the writes say.
 */

import type { Pod } from '#api/core/v1/pod/pod.ts'
import { type PodReferences, referencesOf } from '#api/core/v1/pod/references.ts'
import { parseFieldSelector } from '#api/machinery/field-selector.ts'
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
import { type VolumeBehind, volumeNamesSecret } from './volume-secrets.ts'

/** The pods that are bound to a node, from the API server's cache. */
export type PodsOnNode = (nodeName: string) => readonly Pod[]

export const NODE_LEASE_NAMESPACE = 'kube-node-lease'

/** The node that a user is; undefined for everybody else. */
export function nodeNameOf(user: UserInfo): string | undefined {
  if (!user.groups.includes(SYSTEM_NODES) || !user.name.startsWith(NODE_USER_PREFIX))
    return undefined
  return user.name.slice(NODE_USER_PREFIX.length) || undefined
}

/** `rules` are those of the ClusterRole system:node, for what depends on no pod. */
export function nodeAuthorizer(
  podsOnNode: PodsOnNode,
  rules: readonly PolicyRule[],
  volumeBehind: VolumeBehind = () => undefined,
): Authorizer {
  return {
    authorize(attributes) {
      const node = nodeNameOf(attributes.user)
      if (node === undefined) return noOpinion()
      const special = attributes.isResourceRequest
        ? SPECIAL.get(resourceKey(attributes))
        : undefined
      if (special)
        return special({ node, attributes, pods: () => podsOnNode(node), rules, volumeBehind })
      return byRules(attributes, rules)
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
  readonly pods: () => readonly Pod[]
  readonly rules: readonly PolicyRule[]
  readonly volumeBehind: VolumeBehind
}

const resourceKey = ({ group, resource }: Attributes) => (group ? `${resource}.${group}` : resource)

const SPECIAL: ReadonlyMap<string, (question: Question) => Decision> = new Map([
  ['secrets', readSecret],
  ['configmaps', (question: Question) => readByName(question, 'configMaps')],
  [
    'persistentvolumeclaims',
    (question: Question) =>
      question.attributes.subresource === 'status'
        ? namedByAPod(question, 'claims', ['get', 'update', 'patch'], 'status')
        : namedByAPod(question, 'claims', ['get']),
  ],
  ['serviceaccounts', serviceaccounts],
  ['nodes', ownNode],
  ['pods', ownPods],
  ['leases.coordination.k8s.io', ownLease],
])

function byRules(attributes: Attributes, rules: readonly PolicyRule[]): Decision {
  return rules.some(rule => ruleAllows(rule, attributes)) ? allow() : noOpinion()
}

function readByName(question: Question, kind: keyof PodReferences): Decision {
  const { verb, subresource, namespace } = question.attributes
  if (!READS.includes(verb)) return noOpinion('can only read resources of this type')
  if (subresource !== '') return noOpinion('cannot read subresource')
  if (namespace === '') return noOpinion('can only read namespaced object of this type')
  return namedByAPod(question, kind, READS)
}
const READS = ['get', 'list', 'watch']

function readSecret(question: Question): Decision {
  const decision = readByName(question, 'secrets')
  const { verb, subresource, namespace, name } = question.attributes
  if (decision.verdict === 'allow' || !READS.includes(verb) || subresource || !name) return decision
  return volumeNamesSecret(question.pods(), question.volumeBehind, { namespace, name })
    ? allow()
    : decision
}

function namedByAPod(
  { node, attributes, pods }: Question,
  kind: keyof PodReferences,
  verbs: readonly string[],
  subresource = '',
): Decision {
  const { verb, name, namespace } = attributes
  if (!verbs.includes(verb) || attributes.subresource !== subresource)
    return noOpinion(`can only ${verbs.join('/')} this type of resource individually`)
  // list and watch have a name only where their field selector picks one object.
  if (name === '' || namespace === '') return noOpinion('No Object name found')
  const named = pods().some(
    pod => pod.metadata.namespace === namespace && referencesOf(pod)[kind].has(name),
  )
  return named ? allow() : noRelationship(node)
}

const noRelationship = (node: string) =>
  noOpinion(`no relationship found between node '${node}' and this object`)

function serviceaccounts({ node, attributes, pods }: Question): Decision {
  const { verb, subresource, name, namespace } = attributes
  const mayBe = subresource === 'token' ? verb === 'create' : subresource === '' && verb === 'get'
  if (!mayBe) return noOpinion('can only get a service account or create tokens for it')
  const runs = pods().some(
    pod => pod.metadata.namespace === namespace && pod.spec.serviceAccountName === name,
  )
  return runs && name !== '' ? allow() : noRelationship(node)
}

function ownNode({ node, attributes, rules }: Question): Decision {
  const { verb, name, subresource } = attributes
  if (['get', 'list', 'watch'].includes(verb) && (name !== node || subresource !== ''))
    return noOpinion(`node '${node}' cannot read '${name}', only its own Node object`)
  return byRules(attributes, rules)
}

function ownPods({ node, attributes, pods, rules }: Question): Decision {
  const { verb, name, namespace, subresource } = attributes
  if (subresource === '' && (verb === 'list' || verb === 'watch'))
    return selectsNode(attributes.fieldSelector, node)
      ? allow()
      : noOpinion('can only list/watch pods with spec.nodeName field selector')
  if (subresource === '' && verb === 'get')
    return pods().some(pod => pod.metadata.name === name && pod.metadata.namespace === namespace)
      ? allow()
      : noRelationship(node)
  return byRules(attributes, rules)
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

function ownLease({ node, attributes }: Question): Decision {
  const { verb, name, namespace } = attributes
  if (!['get', 'create', 'update', 'patch', 'delete'].includes(verb))
    return noOpinion('can only get, create, update, patch, or delete a node lease')
  if (namespace !== NODE_LEASE_NAMESPACE)
    return noOpinion(`can only access leases in the "${NODE_LEASE_NAMESPACE}" system namespace`)
  // The name of a new lease stands in the body, where NodeRestriction checks it.
  if (name !== node && !(verb === 'create' && name === ''))
    return noOpinion('can only access node lease with the same name as the requesting node')
  return allow()
}
