import { ageColumn, column, nameColumn } from '../../machinery/columns.ts'
import { type FieldError, invalid } from '../../machinery/field-error.ts'
import { defineKind, type ObjectOfShape, objectShape } from '../../machinery/kind.ts'
import { isQualifiedName } from '../../machinery/names.ts'
import { list, shape, string, struct, time, type ValueOfShape } from '../../machinery/schema.ts'
import { wrong } from './validation.ts'

export const namespaceSpec = shape(
  'io.k8s.api.core.v1.NamespaceSpec',
  'What keeps a namespace from going away.',
  {
    finalizers: list(1, string())
      .atomic()
      .doc(
        'Who must still clean up before a deleted namespace can go; changed through the finalize subresource.',
      ),
  },
)
export type NamespaceSpec = ValueOfShape<typeof namespaceSpec>

export const namespaceCondition = shape(
  'io.k8s.api.core.v1.NamespaceCondition',
  'One thing that removing a namespace meets.',
  {
    type: string(1).required().doc('Names the aspect, such as NamespaceContentRemaining.'),
    status: string(2).required().doc('True, False or Unknown.'),
    lastTransitionTime: time(4).doc('When the status last changed.'),
    reason: string(5).doc('Why, as one CamelCase word for programs.'),
    message: string(6).doc('Why, as a sentence for people.'),
  },
)
export type NamespaceCondition = ValueOfShape<typeof namespaceCondition>

export const namespaceStatus = shape(
  'io.k8s.api.core.v1.NamespaceStatus',
  'How a namespace is doing.',
  {
    phase: string(1)
      .enum('Active', 'Terminating')
      .doc('Active, or Terminating while its objects are being removed.'),
    conditions: list(2, namespaceCondition)
      .listMap('type')
      .mergeKey('type')
      .doc('What is in the way of removing it.'),
  },
)
export type NamespaceStatus = ValueOfShape<typeof namespaceStatus>

export const namespaceShape = objectShape(
  'io.k8s.api.core.v1.Namespace',
  'A room for names, in which most objects live and which access and quotas can be granted for.',
  {
    spec: struct(2, namespaceSpec).always().doc('What keeps the namespace from going away.'),
    status: struct(3, namespaceStatus).always().doc('Whether it is in use or being emptied.'),
  },
)
export type Namespace = ObjectOfShape<typeof namespaceShape>

/** The finalizer that keeps a deleted namespace until all in it is gone. */
export const NAMESPACE_FINALIZER = 'kubernetes'
export const NAMESPACE_NAME_LABEL = 'kubernetes.io/metadata.name'

export const namespace = defineKind<Namespace>({
  group: '',
  version: 'v1',
  kind: 'Namespace',
  plural: 'namespaces',
  shortNames: ['ns'],
  scope: 'Cluster',
  verbs: ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'],
  nameRule: 'dns1123Label',
  shape: namespaceShape,
  subresources: {
    status: true,
    special: [{ name: 'finalize', group: '', version: 'v1', kind: 'Namespace', verbs: ['update'] }],
  },
  defaults: draft => {
    carryOwnNameAsLabel(draft)
    draft.status.phase ||= 'Active'
  },
  prepareForCreate: draft => {
    // Again, since a generated name is made after the defaults.
    carryOwnNameAsLabel(draft)
    const finalizers = draft.spec.finalizers ?? []
    if (!finalizers.includes(NAMESPACE_FINALIZER)) finalizers.push(NAMESPACE_FINALIZER)
    draft.spec.finalizers = finalizers
    draft.status = { phase: 'Active' }
  },
  // spec.finalizers change through the finalize subresource only.
  prepareForUpdate: (draft, previous) => {
    draft.spec = previous.spec
    draft.status = previous.status
  },
  validate: finalizersAreNames,
  validateStatusUpdate: phaseFollowsDeletion,
  fieldSelectors: {
    'status.phase': object => object.status.phase ?? '',
  },
  columns: [
    nameColumn,
    column(
      'Status',
      'Active, or Terminating while it is emptied.',
      object => object.status.phase ?? '',
    ),
    ageColumn,
  ],
})

/** Lets label selectors of namespaces pick one by its name. */
function carryOwnNameAsLabel(draft: Namespace): void {
  const { name } = draft.metadata
  if (name) draft.metadata.labels = { ...draft.metadata.labels, [NAMESPACE_NAME_LABEL]: name }
}

/** The only names that need no domain before them. */
const STANDARD_FINALIZERS = [NAMESPACE_FINALIZER, 'orphan', 'foregroundDeletion']

/** Who changes them is told which of them is wrong, as upstream has it; who makes a namespace is not. */
function finalizersAreNames({ spec }: Namespace, previous?: Namespace): readonly FieldError[] {
  return (spec.finalizers ?? []).flatMap((name, index) => {
    const field = previous ? `spec.finalizers[${index}]` : 'spec.finalizers'
    const errors = [...wrong(field, name, isQualifiedName(name))]
    if (!name.includes('/') && !STANDARD_FINALIZERS.includes(name))
      errors.push(
        invalid(field, name, 'name is neither a standard finalizer name nor is it fully qualified'),
      )
    return errors
  })
}

function phaseFollowsDeletion({ metadata, status }: Namespace): readonly FieldError[] {
  const isDeleted = Boolean(metadata.deletionTimestamp)
  if (status.phase === (isDeleted ? 'Terminating' : 'Active')) return []
  const words = isDeleted
    ? "may only be 'Terminating' if `deletionTimestamp` is not empty"
    : "may only be 'Active' if `deletionTimestamp` is empty"
  return [invalid('status.Phase', status.phase, words)]
}
