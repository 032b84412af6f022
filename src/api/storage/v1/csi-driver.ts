import { ageColumn, column, nameColumn } from '../../machinery/columns.ts'
import { defineKind } from '../../machinery/kind.ts'
import { type CSIDriver, csiDriverShape } from './csi-driver.schema.ts'
import {
  tokenWarnings,
  validateCSIDriver,
  validateCSIDriverUpdate,
} from './csi-driver.validation.ts'

export type * from './csi-driver.schema.ts'

const flag = (name: string, description: string, cell: (spec: CSIDriver['spec']) => boolean) =>
  column<CSIDriver>(name, description, ({ spec }) => cell(spec), { type: 'boolean' })

export const csiDriver = defineKind<CSIDriver>({
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'CSIDriver',
  plural: 'csidrivers',
  scope: 'Cluster',
  returnsDeleted: true,
  shape: csiDriverShape,
  takesAnyPrefix: true,
  hasGeneration: 'fromFirstChange',
  validate: validateCSIDriver,
  validateUpdate: validateCSIDriverUpdate,
  warnings: (object, previous) => (previous ? [] : tokenWarnings(object)),
  columns: [
    nameColumn,
    flag(
      'AttachRequired',
      'Whether volumes must be attached.',
      spec => spec.attachRequired ?? true,
    ),
    flag('PodInfoOnMount', 'Whether it is told of the pod.', spec => spec.podInfoOnMount ?? false),
    flag(
      'StorageCapacity',
      'Whether it says where there is room.',
      spec => spec.storageCapacity ?? false,
    ),
    column('TokenRequests', 'Audiences of the tokens that it wants.', ({ spec }) =>
      spec.tokenRequests?.length
        ? spec.tokenRequests.map(({ audience }) => audience).join(',')
        : '<unset>',
    ),
    flag(
      'RequiresRepublish',
      'Whether it wants to be called again and again.',
      spec => spec.requiresRepublish ?? false,
    ),
    column('Modes', 'Which volumes it makes.', ({ spec }) =>
      spec.volumeLifecycleModes?.length ? spec.volumeLifecycleModes.join(',') : '<none>',
    ),
    ageColumn,
  ],
})
