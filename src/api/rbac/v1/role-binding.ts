import { defineKind, type ObjectOfShape, objectShape } from '../../machinery/kind.ts'
import { list, struct } from '../../machinery/schema.ts'
import { bindingColumns } from './columns.ts'
import { defaultBinding } from './defaults.ts'
import { roleRef, subject } from './rules.ts'
import { roleRefStays, validateBinding } from './validation.ts'

export const roleBindingShape = objectShape(
  'io.k8s.api.rbac.v1.RoleBinding',
  'Grants a role inside one namespace.',
  {
    subjects: list(2, subject).atomic().doc('To whom it is granted.'),
    roleRef: struct(3, roleRef).required().doc('The role; never changes.'),
  },
)
export type RoleBinding = ObjectOfShape<typeof roleBindingShape>

export const roleBinding = defineKind<RoleBinding>({
  group: 'rbac.authorization.k8s.io',
  version: 'v1',
  kind: 'RoleBinding',
  plural: 'rolebindings',
  scope: 'Namespaced',
  nameRule: 'pathSegment',
  shape: roleBindingShape,
  defaults: defaultBinding,
  validate: object => validateBinding(object, 'Namespaced'),
  validateUpdate: roleRefStays,
  columns: bindingColumns,
})
