import { sameValue } from '../../core/v1/validation.ts'
import { ageColumn, column } from '../../machinery/columns.ts'
import { type FieldError, forbidden, required } from '../../machinery/field-error.ts'
import { defineKind, type ObjectOfShape, objectShape } from '../../machinery/kind.ts'
import { map, string } from '../../machinery/schema.ts'
import { nameWithDefaultColumn } from './columns.ts'
import { validateParameters, validateProvisioner } from './validation.ts'

export const volumeAttributesClassShape = objectShape(
  'io.k8s.api.storage.v1.VolumeAttributesClass',
  'Properties of volumes that may change while they are used, such as speed.',
  {
    driverName: string(2).required().doc('The CSI driver that understands them; never changes.'),
    parameters: map(3, string()).doc('The properties, in the words of the driver; never change.'),
  },
)
export type VolumeAttributesClass = ObjectOfShape<typeof volumeAttributesClassShape>

const DEFAULT_CLASS_ANNOTATIONS = ['volumeattributesclass.alpha.kubernetes.io/is-default-class']

export const volumeAttributesClass = defineKind<VolumeAttributesClass>({
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'VolumeAttributesClass',
  plural: 'volumeattributesclasses',
  shortNames: ['vac'],
  scope: 'Cluster',
  returnsDeleted: true,
  shape: volumeAttributesClassShape,
  judgesChangesFirst: true,
  validate: validateVolumeAttributesClass,
  validateUpdate: validateVolumeAttributesClassUpdate,
  columns: [
    nameWithDefaultColumn(DEFAULT_CLASS_ANNOTATIONS),
    column('DriverName', 'The CSI driver.', object => object.driverName),
    ageColumn,
  ],
})

function validateVolumeAttributesClass(object: VolumeAttributesClass): readonly FieldError[] {
  const { driverName, parameters = {} } = object
  const errors = [
    ...validateProvisioner('driverName', driverName),
    ...validateParameters('parameters', parameters),
  ]
  if (Object.keys(parameters).length === 0)
    errors.push(required('parameters', 'must contain at least one key/value pair'))
  return errors
}

function validateVolumeAttributesClassUpdate(
  next: VolumeAttributesClass,
  previous: VolumeAttributesClass,
): readonly FieldError[] {
  return (['driverName', 'parameters'] as const)
    .filter(field => !sameValue(next[field], previous[field]))
    .map(field => forbidden(field, `updates to ${field} are forbidden.`))
}
