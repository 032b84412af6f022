import { defineKind, type ObjectOfShape, objectShape } from '../../machinery/kind.ts'
import { boolean, bytes, map, string } from '../../machinery/schema.ts'

export const secretShape = objectShape('io.k8s.api.core.v1.Secret', 'core.Secret', {
  immutable: boolean(5).optional().doc('core.Secret.immutable'),
  data: map(2, bytes()).doc('core.Secret.data'),
  stringData: map(4, string()).doc('core.Secret.stringData'),
  type: string(3).doc('core.Secret.type'),
})
export type Secret = ObjectOfShape<typeof secretShape>

export const secret = defineKind<Secret>({
  group: '',
  version: 'v1',
  kind: 'Secret',
  plural: 'secrets',
  scope: 'Namespaced',
  shape: secretShape,
})
