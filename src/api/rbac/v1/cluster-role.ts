import { nameColumn } from '../../machinery/columns.ts'
import { defineKind, type ObjectOfShape, objectShape } from '../../machinery/kind.ts'
import { list, struct } from '../../machinery/schema.ts'
import { createdAtColumn } from './columns.ts'
import { aggregationRule, policyRule } from './rules.ts'

export const clusterRoleShape = objectShape('io.k8s.api.rbac.v1.ClusterRole', 'rbac.ClusterRole', {
  rules: list(2, policyRule).always().atomic().doc('rbac.ClusterRole.rules'),
  aggregationRule: struct(3, aggregationRule).optional().doc('rbac.ClusterRole.aggregationRule'),
})
export type ClusterRole = ObjectOfShape<typeof clusterRoleShape>

export const clusterRole = defineKind<ClusterRole>({
  group: 'rbac.authorization.k8s.io',
  version: 'v1',
  kind: 'ClusterRole',
  plural: 'clusterroles',
  scope: 'Cluster',
  nameRule: 'pathSegment',
  shape: clusterRoleShape,
  columns: [nameColumn, createdAtColumn],
})
