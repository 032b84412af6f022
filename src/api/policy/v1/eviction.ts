import { defineKind, type ObjectOfShape, objectShape } from '../../machinery/kind.ts'
import { deleteOptionsShape } from '../../machinery/meta-kinds.ts'
import { struct } from '../../machinery/schema.ts'

export const evictionShape = objectShape(
  'io.k8s.api.policy.v1.Eviction',
  'Asks that a pod be ended, unless a disruption budget forbids it now.',
  {
    deleteOptions: struct(2, deleteOptionsShape).optional().doc('How it is deleted.'),
  },
)
export type Eviction = ObjectOfShape<typeof evictionShape>

export const eviction = defineKind<Eviction>({
  group: 'policy',
  version: 'v1',
  kind: 'Eviction',
  plural: 'evictions',
  scope: 'Namespaced',
  shape: evictionShape,
  ephemeral: true,
  verbs: [],
})
