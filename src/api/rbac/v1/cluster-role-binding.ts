import { defineKind, type ObjectOfShape, objectShape } from '../../machinery/kind.ts'
import { list, struct } from '../../machinery/schema.ts'
import { bindingColumns } from './columns.ts'
import { defaultBinding } from './defaults.ts'
import { roleRef, subject } from './rules.ts'
import { roleRefStays, validateBinding } from './validation.ts'

export const clusterRoleBindingShape = objectShape(
  'io.k8s.api.rbac.v1.ClusterRoleBinding',
  'Grants a cluster role in the whole cluster.',
  {
    subjects: list(2, subject).atomic().doc('To whom it is granted.'),
    roleRef: struct(3, roleRef).required().doc('The cluster role; never changes.'),
  },
)
export type ClusterRoleBinding = ObjectOfShape<typeof clusterRoleBindingShape>

export const clusterRoleBinding = defineKind<ClusterRoleBinding>({
  group: 'rbac.authorization.k8s.io',
  version: 'v1',
  kind: 'ClusterRoleBinding',
  plural: 'clusterrolebindings',
  scope: 'Cluster',
  nameRule: 'pathSegment',
  shape: clusterRoleBindingShape,
  defaults: defaultBinding,
  validate: object => validateBinding(object, 'Cluster'),
  validateUpdate: roleRefStays,
  columns: bindingColumns,
})
