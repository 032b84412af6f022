import { labelSelectorRequirement } from '../../machinery/metadata.ts'
import { list, shape, string, struct, type ValueOfShape } from '../../machinery/schema.ts'

export const fieldSelectorRequirement = shape(
  'io.k8s.apimachinery.pkg.apis.meta.v1.FieldSelectorRequirement',
  'One condition on a field.',
  {
    key: string(1).required().doc('The field that is looked at.'),
    operator: string(2).required().doc('In, NotIn, Exists or DoesNotExist.'),
    values: list(3, string()).atomic().doc('The values for In and NotIn; empty for the others.'),
  },
)

export const fieldSelectorAttributes = shape(
  'io.k8s.api.authorization.v1.FieldSelectorAttributes',
  'The field selector of a request.',
  {
    rawSelector: string(1).doc('The selector as text; not evaluated by webhooks.'),
    requirements: list(2, struct(undefined, fieldSelectorRequirement))
      .atomic()
      .doc("The selector's conditions."),
  },
)
export type FieldSelectorAttributes = ValueOfShape<typeof fieldSelectorAttributes>

export const labelSelectorAttributes = shape(
  'io.k8s.api.authorization.v1.LabelSelectorAttributes',
  'The label selector of a request.',
  {
    rawSelector: string(1).doc('The selector as text; not evaluated by webhooks.'),
    requirements: list(2, labelSelectorRequirement).atomic().doc("The selector's conditions."),
  },
)
export type LabelSelectorAttributes = ValueOfShape<typeof labelSelectorAttributes>

export const resourceAttributes = shape(
  'io.k8s.api.authorization.v1.ResourceAttributes',
  'A request for a resource.',
  {
    namespace: string(1).doc(
      'Namespace of the request; empty for cluster-scoped resources or all namespaces.',
    ),
    verb: string(2).doc('What is to be done; * is everything.'),
    group: string(3).doc('Group of the resource.'),
    version: string(4).doc('Version of the resource.'),
    resource: string(5).doc('The resource.'),
    subresource: string(6).doc('The subresource.'),
    name: string(7).doc('Name of the object; empty for all.'),
    fieldSelector: struct(8, fieldSelectorAttributes)
      .optional()
      .doc('Field selector of the request.'),
    labelSelector: struct(9, labelSelectorAttributes)
      .optional()
      .doc('Label selector of the request.'),
  },
)
export type ResourceAttributes = ValueOfShape<typeof resourceAttributes>

export const nonResourceAttributes = shape(
  'io.k8s.api.authorization.v1.NonResourceAttributes',
  'A request for a path that is no resource.',
  {
    path: string(1).doc('The path.'),
    verb: string(2).doc('What is to be done, such as get.'),
  },
)
export type NonResourceAttributes = ValueOfShape<typeof nonResourceAttributes>
