import { immutable } from '../../core/v1/validation.ts'
import { ageColumn, column, nameColumn } from '../../machinery/columns.ts'
import { type FieldError, forbidden, notSupported, required } from '../../machinery/field-error.ts'
import { defineKind, type ObjectOfShape, objectShape } from '../../machinery/kind.ts'
import { boolean, int32, string } from '../../machinery/schema.ts'
import { HIGHEST_PRIORITY, SYSTEM_PREFIX, whyNotSystemClass } from './system-classes.ts'

export const priorityClassShape = objectShape(
  'io.k8s.api.scheduling.v1.PriorityClass',
  'How important pods are that name it.',
  {
    value: int32(2).always().doc('The importance; more is more important. Never changes.'),
    globalDefault: boolean(3).doc('Whether it is the class of pods that name none.'),
    description: string(4).doc('When to use it, as a sentence for people.'),
    preemptionPolicy: string(5)
      .enum('Never', 'PreemptLowerPriority')
      .optional()
      .unpublishedDefault('PreemptLowerPriority')
      .doc('Whether its pods push out less important ones; never changes.'),
  },
)
export type PriorityClass = ObjectOfShape<typeof priorityClassShape>

export const priorityClass = defineKind<PriorityClass>({
  group: 'scheduling.k8s.io',
  version: 'v1',
  kind: 'PriorityClass',
  plural: 'priorityclasses',
  shortNames: ['pc'],
  scope: 'Cluster',
  shape: priorityClassShape,
  takesAnyPrefix: true,
  // Upstream begins to count and never goes on.
  prepareForCreate: draft => {
    draft.metadata.generation = 1
  },
  validateCreate: validatePriorityClass,
  validateUpdate: (next, previous) => [
    ...(next.value === previous.value
      ? []
      : [forbidden('value', 'may not be changed in an update.')]),
    ...immutable('preemptionPolicy', next.preemptionPolicy, previous.preemptionPolicy),
  ],
  columns: [
    nameColumn,
    column('Value', 'The importance.', ({ value }) => value, { type: 'integer' }),
    column(
      'Global-Default',
      'Whether it is the class of pods that name none.',
      ({ globalDefault = false }) => globalDefault,
      { type: 'boolean' },
    ),
    ageColumn,
    column(
      'PreemptionPolicy',
      'Whether its pods push out less important ones.',
      ({ preemptionPolicy }) => preemptionPolicy ?? '',
    ),
  ],
})

const POLICIES = ['PreemptLowerPriority', 'Never']

function validatePriorityClass(object: PriorityClass): readonly FieldError[] {
  const { metadata, value, preemptionPolicy: policy } = object
  const errors: FieldError[] = []
  const isSystem = metadata.name?.startsWith(SYSTEM_PREFIX)
  const why = isSystem ? whyNotSystemClass(object) : undefined
  if (why !== undefined)
    errors.push(
      forbidden(
        'metadata.name',
        `priority class names with '${SYSTEM_PREFIX}' prefix are reserved for system use only. error: ${why}`,
      ),
    )
  if (!isSystem && value > HIGHEST_PRIORITY)
    errors.push(
      forbidden('value', `maximum allowed value of a user defined priority is ${HIGHEST_PRIORITY}`),
    )
  if ((policy as string | undefined) === '') errors.push(required('preemptionPolicy'))
  else if (policy !== undefined && !POLICIES.includes(policy))
    errors.push(notSupported('preemptionPolicy', policy, POLICIES))
  return errors
}
