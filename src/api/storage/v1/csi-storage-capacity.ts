import { validateLabelSelector } from '../../core/v1/validation.selectors.ts'
import { immutable, wrong } from '../../core/v1/validation.ts'
import { type FieldError, invalid } from '../../machinery/field-error.ts'
import { immutableStruct } from '../../machinery/go-shown.ts'
import { defineKind, type ObjectOfShape, objectShape } from '../../machinery/kind.ts'
import { labelSelector } from '../../machinery/metadata.ts'
import { isDns1123Subdomain } from '../../machinery/names.ts'
import { compareQuantities } from '../../machinery/quantity.ts'
import { quantity, string, struct } from '../../machinery/schema.ts'

export const csiStorageCapacityShape = objectShape(
  'io.k8s.api.storage.v1.CSIStorageCapacity',
  'How much room a driver has for a class of storage in one place.',
  {
    nodeTopology: struct(2, labelSelector)
      .optional()
      .doc('The nodes from which this storage can be reached; none if absent. Never changes.'),
    storageClassName: string(3).required().doc('The class of storage; never changes.'),
    capacity: quantity(4).optional().doc('How much room there is, as far as is known.'),
    maximumVolumeSize: quantity(5).optional().doc('The largest volume that can be made there.'),
  },
)
export type CSIStorageCapacity = ObjectOfShape<typeof csiStorageCapacityShape>

export const csiStorageCapacity = defineKind<CSIStorageCapacity>({
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'CSIStorageCapacity',
  plural: 'csistoragecapacities',
  scope: 'Namespaced',
  shape: csiStorageCapacityShape,
  validate: validateCapacity,
  validateUpdate: (next, previous) => [
    ...immutableStruct('nodeTopology', labelSelector, next.nodeTopology, previous.nodeTopology),
    ...immutable('storageClassName', next.storageClassName, previous.storageClassName),
  ],
})

function validateCapacity(object: CSIStorageCapacity): readonly FieldError[] {
  const { nodeTopology, storageClassName, capacity } = object
  const errors = [
    ...validateLabelSelector('nodeTopology', nodeTopology),
    ...wrong('storageClassName', storageClassName, isDns1123Subdomain(storageClassName)),
  ]
  if (capacity !== undefined && compareQuantities(capacity, '0') < 0)
    errors.push(invalid('capacity', capacity, 'must be greater than or equal to 0'))
  return errors
}
