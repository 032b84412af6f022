import { labelSelector } from '../../machinery/metadata.ts'
import { list, shape, string, type ValueOfShape } from '../../machinery/schema.ts'

export const policyRule = shape('io.k8s.api.rbac.v1.PolicyRule', 'Something that is allowed.', {
  verbs: list(1, string()).required().atomic().doc('What may be done; * is everything.'),
  apiGroups: list(2, string())
    .atomic()
    .doc('The groups of the resources; the empty text is the core group.'),
  resources: list(3, string())
    .atomic()
    .doc('The resources, with subresources as pods/log; * is all.'),
  resourceNames: list(4, string()).atomic().doc('Only objects of these names; all if empty.'),
  nonResourceURLs: list(5, string())
    .atomic()
    .doc('Paths that are no resources, perhaps ending in *; in cluster roles only.'),
})
export type PolicyRule = ValueOfShape<typeof policyRule>

export const aggregationRule = shape(
  'io.k8s.api.rbac.v1.AggregationRule',
  'Composes a role of others.',
  {
    clusterRoleSelectors: list(1, labelSelector)
      .atomic()
      .doc('Labels of the cluster roles whose rules are taken over.'),
  },
)
export type AggregationRule = ValueOfShape<typeof aggregationRule>

export const subject = shape(
  'io.k8s.api.rbac.v1.Subject',
  'Someone to whom a role is granted.',
  {
    kind: string(1).required().doc('User, Group or ServiceAccount.'),
    apiGroup: string(2).doc(
      'rbac.authorization.k8s.io for users and groups, empty for service accounts.',
    ),
    name: string(3).required().doc('Name of the subject.'),
    namespace: string(4).doc('Namespace of the service account.'),
  },
  { atomic: true },
)
export type Subject = ValueOfShape<typeof subject>

export const roleRef = shape(
  'io.k8s.api.rbac.v1.RoleRef',
  'Names the role that is granted.',
  {
    apiGroup: string(1).always().doc('Group of the role.'),
    kind: string(2).required().doc('Role or ClusterRole.'),
    name: string(3).required().doc('Name of the role.'),
  },
  { atomic: true },
)
export type RoleRef = ValueOfShape<typeof roleRef>
