import { toleration } from '../../core/v1/pod/schema.affinity.ts'
import { validateResources } from '../../core/v1/pod/validation.resources.ts'
import { validateTolerations } from '../../core/v1/pod/validation.scheduling.ts'
import { immutable, needed, sameValue } from '../../core/v1/validation.ts'
import { ageColumn, column, nameColumn } from '../../machinery/columns.ts'
import { duplicate, type FieldError } from '../../machinery/field-error.ts'
import { defineKind, type ObjectOfShape, objectShape } from '../../machinery/kind.ts'
import { isDns1123Label } from '../../machinery/names.ts'
import {
  list,
  map,
  resourceList,
  shape,
  string,
  struct,
  type ValueOfShape,
} from '../../machinery/schema.ts'
import { validateLabels } from '../../machinery/validate-metadata.ts'

export const overhead = shape(
  'io.k8s.api.node.v1.Overhead',
  'What a pod costs beside its containers.',
  { podFixed: resourceList(1).doc('What each pod costs, by resource.') },
)
export type Overhead = ValueOfShape<typeof overhead>

export const scheduling = shape(
  'io.k8s.api.node.v1.Scheduling',
  'Where pods of a runtime class can run.',
  {
    nodeSelector: map(1, string())
      .atomic()
      .doc('Labels of the nodes that have the runtime; pods get them added.'),
    tolerations: list(2, toleration)
      .atomic()
      .doc('Taints of these nodes that the pods tolerate; pods get them added.'),
  },
)
export type Scheduling = ValueOfShape<typeof scheduling>

export const runtimeClassShape = objectShape(
  'io.k8s.api.node.v1.RuntimeClass',
  'A way to run containers, which pods may ask for by its name.',
  {
    handler: string(2)
      .required()
      .doc('What the container runtime of the nodes calls it, such as runsc; never changes.'),
    overhead: struct(3, overhead).optional().doc('What a pod costs beside its containers.'),
    scheduling: struct(4, scheduling)
      .optional()
      .doc('Where its pods can run; everywhere if absent.'),
  },
)
export type RuntimeClass = ObjectOfShape<typeof runtimeClassShape>

export const runtimeClass = defineKind<RuntimeClass>({
  group: 'node.k8s.io',
  version: 'v1',
  kind: 'RuntimeClass',
  plural: 'runtimeclasses',
  scope: 'Cluster',
  shape: runtimeClassShape,
  validate: validateRuntimeClass,
  validateUpdate: (next, previous) => immutable('handler', next.handler, previous.handler),
  columns: [
    nameColumn,
    column('Handler', 'What the container runtime calls it.', ({ handler }) => handler),
    ageColumn,
  ],
})

function validateRuntimeClass(object: RuntimeClass): readonly FieldError[] {
  const { podFixed } = object.overhead ?? {}
  const { nodeSelector, tolerations = [] } = object.scheduling ?? {}
  return [
    ...needed('handler', object.handler, isDns1123Label),
    // As upstream, an overhead is looked at as if it were the limits of a container.
    ...(podFixed ? validateResources('overhead', { limits: podFixed }) : []),
    ...validateLabels('scheduling.nodeSelector', nodeSelector),
    ...validateTolerations('scheduling.tolerations', tolerations),
    ...tolerations.flatMap((toleration, index) =>
      tolerations.slice(0, index).some(before => sameValue(before, toleration))
        ? [duplicate(`scheduling.tolerations[${index}]`, toleration)]
        : [],
    ),
  ]
}
