import { nameColumn } from '../../machinery/columns.ts'
import { defineKind, type ObjectOfShape, objectShape } from '../../machinery/kind.ts'
import { list, struct } from '../../machinery/schema.ts'
import { createdAtColumn } from './columns.ts'
import { aggregationRule, policyRule } from './rules.ts'
import { validateAggregation, validateRules } from './validation.ts'

export const clusterRoleShape = objectShape(
  'io.k8s.api.rbac.v1.ClusterRole',
  'What is allowed in the whole cluster, or wherever a binding grants it.',
  {
    rules: list(2, policyRule).always().atomic().doc('What is allowed.'),
    aggregationRule: struct(3, aggregationRule)
      .optional()
      .doc('Composes the rules from other cluster roles; they are then written by a controller.'),
  },
)
export type ClusterRole = ObjectOfShape<typeof clusterRoleShape>

export const clusterRole = defineKind<ClusterRole>({
  group: 'rbac.authorization.k8s.io',
  version: 'v1',
  kind: 'ClusterRole',
  plural: 'clusterroles',
  scope: 'Cluster',
  nameRule: 'pathSegment',
  shape: clusterRoleShape,
  validate: object => [
    ...validateRules(object.rules, 'Cluster'),
    ...validateAggregation(object.aggregationRule),
  ],
  columns: [nameColumn, createdAtColumn],
})
