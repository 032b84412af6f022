import { type FieldError, notSupported, required } from '../../machinery/field-error.ts'
import { defineKind, type ObjectOfShape, objectShape } from '../../machinery/kind.ts'
import { struct } from '../../machinery/schema.ts'
import { objectReference } from './references.ts'

export const bindingShape = objectShape('io.k8s.api.core.v1.Binding', 'Puts a pod onto a node.', {
  target: struct(2, objectReference).required().doc('The node.'),
})
export type Binding = ObjectOfShape<typeof bindingShape>

export const binding = defineKind<Binding>({
  group: '',
  version: 'v1',
  kind: 'Binding',
  plural: 'bindings',
  scope: 'Namespaced',
  shape: bindingShape,
  validate: leadsToNode,
  verbs: ['create'],
  ephemeral: true,
})

function leadsToNode({ target: { kind = '', name } }: Binding): readonly FieldError[] {
  const errors: FieldError[] = []
  if (kind !== '' && kind !== 'Node')
    errors.push(notSupported('target.kind', kind, ['Node', '<empty>']))
  if (!name) errors.push(required('target.name'))
  return errors
}
