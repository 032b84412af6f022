import { labelSelectorRequirement } from '../../machinery/metadata.ts'
import { list, shape, string, struct, type ValueOfShape } from '../../machinery/schema.ts'

export const fieldSelectorRequirement = shape(
  'io.k8s.apimachinery.pkg.apis.meta.v1.FieldSelectorRequirement',
  'meta.FieldSelectorRequirement',
  {
    key: string(1).required().doc('meta.FieldSelectorRequirement.key'),
    operator: string(2).required().doc('meta.FieldSelectorRequirement.operator'),
    values: list(3, string()).atomic().doc('meta.FieldSelectorRequirement.values'),
  },
)

export const fieldSelectorAttributes = shape(
  'io.k8s.api.authorization.v1.FieldSelectorAttributes',
  'authorization.FieldSelectorAttributes',
  {
    rawSelector: string(1).doc('authorization.FieldSelectorAttributes.rawSelector'),
    requirements: list(2, struct(undefined, fieldSelectorRequirement))
      .atomic()
      .doc('authorization.FieldSelectorAttributes.requirements'),
  },
)
export type FieldSelectorAttributes = ValueOfShape<typeof fieldSelectorAttributes>

export const labelSelectorAttributes = shape(
  'io.k8s.api.authorization.v1.LabelSelectorAttributes',
  'authorization.LabelSelectorAttributes',
  {
    rawSelector: string(1).doc('authorization.LabelSelectorAttributes.rawSelector'),
    requirements: list(2, labelSelectorRequirement)
      .atomic()
      .doc('authorization.LabelSelectorAttributes.requirements'),
  },
)
export type LabelSelectorAttributes = ValueOfShape<typeof labelSelectorAttributes>

export const resourceAttributes = shape(
  'io.k8s.api.authorization.v1.ResourceAttributes',
  'authorization.ResourceAttributes',
  {
    namespace: string(1).doc('authorization.ResourceAttributes.namespace'),
    verb: string(2).doc('authorization.ResourceAttributes.verb'),
    group: string(3).doc('authorization.ResourceAttributes.group'),
    version: string(4).doc('authorization.ResourceAttributes.version'),
    resource: string(5).doc('authorization.ResourceAttributes.resource'),
    subresource: string(6).doc('authorization.ResourceAttributes.subresource'),
    name: string(7).doc('authorization.ResourceAttributes.name'),
    fieldSelector: struct(8, fieldSelectorAttributes)
      .optional()
      .doc('authorization.ResourceAttributes.fieldSelector'),
    labelSelector: struct(9, labelSelectorAttributes)
      .optional()
      .doc('authorization.ResourceAttributes.labelSelector'),
  },
)
export type ResourceAttributes = ValueOfShape<typeof resourceAttributes>

export const nonResourceAttributes = shape(
  'io.k8s.api.authorization.v1.NonResourceAttributes',
  'authorization.NonResourceAttributes',
  {
    path: string(1).doc('authorization.NonResourceAttributes.path'),
    verb: string(2).doc('authorization.NonResourceAttributes.verb'),
  },
)
export type NonResourceAttributes = ValueOfShape<typeof nonResourceAttributes>
