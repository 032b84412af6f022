import { nameColumn } from '../../machinery/columns.ts'
import { defineKind, type ObjectOfShape, objectShape } from '../../machinery/kind.ts'
import { list } from '../../machinery/schema.ts'
import { createdAtColumn } from './columns.ts'
import { policyRule } from './rules.ts'
import { validateRules } from './validation.ts'

export const roleShape = objectShape(
  'io.k8s.api.rbac.v1.Role',
  'What is allowed inside one namespace.',
  {
    rules: list(2, policyRule).always().atomic().doc('What is allowed.'),
  },
)
export type Role = ObjectOfShape<typeof roleShape>

export const role = defineKind<Role>({
  group: 'rbac.authorization.k8s.io',
  version: 'v1',
  kind: 'Role',
  plural: 'roles',
  scope: 'Namespaced',
  nameRule: 'pathSegment',
  shape: roleShape,
  validate: object => [...validateRules(object.rules, 'Namespaced')],
  columns: [nameColumn, createdAtColumn],
})
