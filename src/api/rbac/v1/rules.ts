import { labelSelector } from '../../machinery/metadata.ts'
import { list, shape, string, type ValueOfShape } from '../../machinery/schema.ts'

export const policyRule = shape('io.k8s.api.rbac.v1.PolicyRule', 'rbac.PolicyRule', {
  verbs: list(1, string()).required().atomic().doc('rbac.PolicyRule.verbs'),
  apiGroups: list(2, string()).atomic().doc('rbac.PolicyRule.apiGroups'),
  resources: list(3, string()).atomic().doc('rbac.PolicyRule.resources'),
  resourceNames: list(4, string()).atomic().doc('rbac.PolicyRule.resourceNames'),
  nonResourceURLs: list(5, string()).atomic().doc('rbac.PolicyRule.nonResourceURLs'),
})
export type PolicyRule = ValueOfShape<typeof policyRule>

export const aggregationRule = shape('io.k8s.api.rbac.v1.AggregationRule', 'rbac.AggregationRule', {
  clusterRoleSelectors: list(1, labelSelector)
    .atomic()
    .doc('rbac.AggregationRule.clusterRoleSelectors'),
})
export type AggregationRule = ValueOfShape<typeof aggregationRule>

export const subject = shape('io.k8s.api.rbac.v1.Subject', 'rbac.Subject', {
  kind: string(1).required().doc('rbac.Subject.kind'),
  apiGroup: string(2).doc('rbac.Subject.apiGroup'),
  name: string(3).required().doc('rbac.Subject.name'),
  namespace: string(4).doc('rbac.Subject.namespace'),
})
export type Subject = ValueOfShape<typeof subject>

export const roleRef = shape('io.k8s.api.rbac.v1.RoleRef', 'rbac.RoleRef', {
  apiGroup: string(1).always().doc('rbac.RoleRef.apiGroup'),
  kind: string(2).required().doc('rbac.RoleRef.kind'),
  name: string(3).required().doc('rbac.RoleRef.name'),
})
export type RoleRef = ValueOfShape<typeof roleRef>
