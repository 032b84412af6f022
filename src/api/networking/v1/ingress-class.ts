import { immutable } from '../../core/v1/validation.ts'
import { ageColumn, column, nameColumn } from '../../machinery/columns.ts'
import { defineKind, type ObjectOfShape, objectShape } from '../../machinery/kind.ts'
import { shape, string, struct, type ValueOfShape } from '../../machinery/schema.ts'
import { validateIngressClass } from './ingress-class.validation.ts'

export const ingressClassParametersReference = shape(
  'io.k8s.api.networking.v1.IngressClassParametersReference',
  'Names the object that holds further settings of a class.',
  {
    apiGroup: string(1).optional().doc('Group of the object; absent for the core group.'),
    kind: string(2).required().doc('Kind of the object.'),
    name: string(3).required().doc('Name of the object.'),
    scope: string(4)
      .optional()
      .unpublishedDefault('Cluster')
      .doc('Cluster or Namespace; Cluster if not said.'),
    namespace: string(5).optional().doc('Namespace of the object, when scope is Namespace.'),
  },
)
export type IngressClassParametersReference = ValueOfShape<typeof ingressClassParametersReference>

export const ingressClassSpec = shape(
  'io.k8s.api.networking.v1.IngressClassSpec',
  'Who serves the ingresses of a class.',
  {
    controller: string(1).doc('The controller, such as acme.io/ingress-controller; never changes.'),
    parameters: struct(2, ingressClassParametersReference)
      .optional()
      .doc('The object that holds further settings.'),
  },
)
export type IngressClassSpec = ValueOfShape<typeof ingressClassSpec>

export const ingressClassShape = objectShape(
  'io.k8s.api.networking.v1.IngressClass',
  'A class of ingresses, served by one controller.',
  { spec: struct(2, ingressClassSpec).always().doc('Who serves it.') },
)
export type IngressClass = ObjectOfShape<typeof ingressClassShape>

/** The class of ingresses that name none, where it is true. */
export const DEFAULT_CLASS_ANNOTATION = 'ingressclass.kubernetes.io/is-default-class'

export const ingressClass = defineKind<IngressClass>({
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'IngressClass',
  plural: 'ingressclasses',
  scope: 'Cluster',
  shape: ingressClassShape,
  hasGeneration: true,
  validate: validateIngressClass,
  validateUpdate: (next, previous) =>
    immutable('spec.controller', next.spec.controller ?? '', previous.spec.controller),
  judgesChangesFirst: true,
  columns: [
    nameColumn,
    column('Controller', 'The controller that serves it.', ({ spec }) => spec.controller ?? ''),
    column('Parameters', 'The object with further settings.', ({ spec }) =>
      shownParameters(spec.parameters),
    ),
    ageColumn,
  ],
})

function shownParameters(parameters: IngressClassParametersReference | undefined): string {
  if (!parameters) return '<none>'
  const { kind, apiGroup, name } = parameters
  return `${apiGroup === undefined ? kind : `${kind}.${apiGroup}`}/${name}`
}
