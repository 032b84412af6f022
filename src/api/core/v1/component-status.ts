import { column, nameColumn } from '../../machinery/columns.ts'
import { defineKind, type ObjectOfShape, objectShape } from '../../machinery/kind.ts'
import { list, shape, string, type ValueOfShape } from '../../machinery/schema.ts'

export const componentCondition = shape(
  'io.k8s.api.core.v1.ComponentCondition',
  'What was found about a part of the control plane.',
  {
    type: string(1).required().doc('Healthy is the only type.'),
    status: string(2).required().doc('True, False or Unknown.'),
    message: string(3).doc('What it says about itself, or ok.'),
    error: string(4).doc('Why nothing better could be found out.'),
  },
)
export type ComponentCondition = ValueOfShape<typeof componentCondition>

export const componentStatusShape = objectShape(
  'io.k8s.api.core.v1.ComponentStatus',
  'How a part of the control plane is doing. Deprecated: the health endpoints of each part say more.',
  {
    conditions: list(2, componentCondition)
      .listMap('type')
      .mergeKey('type')
      .doc('What was found about the part.'),
  },
)
export type ComponentStatus = ObjectOfShape<typeof componentStatusShape>

export const componentStatus = defineKind<ComponentStatus>({
  group: '',
  version: 'v1',
  kind: 'ComponentStatus',
  plural: 'componentstatuses',
  shortNames: ['cs'],
  scope: 'Cluster',
  verbs: ['get', 'list'],
  shape: componentStatusShape,
  deprecation: 'v1 ComponentStatus is deprecated in v1.19+',
  ephemeral: true,
  columns: [
    nameColumn,
    column('Status', 'Healthy, Unhealthy or Unknown.', object => {
      const { status } = healthOf(object)
      if (status === 'True') return 'Healthy'
      return status === 'False' ? 'Unhealthy' : 'Unknown'
    }),
    column('Message', 'What it says about itself.', object => healthOf(object).message ?? ''),
    column('Error', 'Why nothing could be found out.', object => healthOf(object).error ?? ''),
  ],
})

function healthOf({ conditions = [] }: ComponentStatus): Partial<ComponentCondition> {
  return conditions.find(({ type }) => type === 'Healthy') ?? {}
}
