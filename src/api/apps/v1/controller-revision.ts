import { immutable, notNegative } from '../../core/v1/validation.ts'
import { RAW_EXTENSION } from '../../machinery/any-types.ts'
import { ageColumn, column, nameColumn } from '../../machinery/columns.ts'
import { invalid, required } from '../../machinery/field-error.ts'
import { defineKind, type ObjectOfShape, objectShape } from '../../machinery/kind.ts'
import { controllerOf } from '../../machinery/metadata.ts'
import { isPlainObject } from '../../machinery/plain.ts'
import { any, int64 } from '../../machinery/schema.ts'

export const controllerRevisionShape = objectShape(
  'io.k8s.api.apps.v1.ControllerRevision',
  'What a workload looked like once, so that it can be rolled back to it.',
  {
    data: any(2)
      .of(RAW_EXTENSION)
      .doc('The state that is remembered, in a form that its controller knows.'),
    revision: int64(3).required().doc('Which one it is; the highest is the newest.'),
  },
)
export type ControllerRevision = ObjectOfShape<typeof controllerRevisionShape>

export const controllerRevision = defineKind<ControllerRevision>({
  group: 'apps',
  version: 'v1',
  kind: 'ControllerRevision',
  plural: 'controllerrevisions',
  scope: 'Namespaced',
  shape: controllerRevisionShape,
  judgesChangesFirst: 'ofMetadata',
  // Of an update it is told only that they never change.
  validate: ({ data, revision }, previous) => [
    ...(previous || !isMissing(data) ? [] : [required('data', 'data is mandatory')]),
    ...notNegative('revision', revision),
  ],
  validateCreate: ({ data }) =>
    isMissing(data) || isPlainObject(data)
      ? []
      : [invalid('data', data, 'data must be a valid JSON object')],
  validateUpdate: (next, previous) => immutable('data', next.data, previous.data),
  columns: [
    nameColumn,
    column('Controller', 'The object whose state is remembered.', controllerName),
    column('Revision', 'Which state it is.', ({ revision }) => revision),
    ageColumn,
  ],
})

const isMissing = (data: unknown) => data === undefined || data === null

/** As people write it for `kubectl`: `daemonset.apps/web`. */
function controllerName(object: ControllerRevision): string {
  const owner = controllerOf(object)
  if (!owner) return '<none>'
  const [group, version] = owner.apiVersion.split('/')
  const type = version === undefined ? owner.kind : `${owner.kind}.${group}`
  return `${type.toLowerCase()}/${owner.name}`
}
