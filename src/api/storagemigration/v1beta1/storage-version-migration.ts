import { immutable } from '../../core/v1/validation.ts'
import { column, nameColumn } from '../../machinery/columns.ts'
import { required } from '../../machinery/field-error.ts'
import { defineKind, type ObjectOfShape, objectShape } from '../../machinery/kind.ts'
import { condition } from '../../machinery/metadata.ts'
import { list, shape, string, struct, type ValueOfShape } from '../../machinery/schema.ts'
import { validateMigrationStatus } from './storage-version-migration.validation.ts'

export const groupResource = shape(
  'io.k8s.apimachinery.pkg.apis.meta.v1.GroupResource',
  'Names a resource.',
  {
    group: string(1).required().doc('The group; empty for the core group.'),
    resource: string(2).required().doc('The plural name, such as deployments.'),
  },
)
export type GroupResource = ValueOfShape<typeof groupResource>

export const storageVersionMigrationSpec = shape(
  'io.k8s.api.storagemigration.v1beta1.StorageVersionMigrationSpec',
  'What is to be written anew.',
  {
    resource: struct(1, groupResource)
      .required()
      .doc('The resource whose objects are written anew; never changes.'),
  },
)

export const storageVersionMigrationStatus = shape(
  'io.k8s.api.storagemigration.v1beta1.StorageVersionMigrationStatus',
  'How far the migration has come.',
  {
    conditions: list(1, condition)
      .listMap('type')
      .mergeKey('type')
      .doc('Running, Succeeded or Failed; the last two are final.'),
    resourceVersion: string(2).doc('The revision up to which objects are written anew.'),
  },
)

export const storageVersionMigrationShape = objectShape(
  'io.k8s.api.storagemigration.v1beta1.StorageVersionMigration',
  'Writes all objects of a resource anew, so that all are stored in the current version.',
  {
    spec: struct(2, storageVersionMigrationSpec).always().doc('What is to be written anew.'),
    status: struct(3, storageVersionMigrationStatus).always().doc('How far it has come.'),
  },
)
export type StorageVersionMigration = ObjectOfShape<typeof storageVersionMigrationShape>

export const storageVersionMigration = defineKind<StorageVersionMigration>({
  group: 'storagemigration.k8s.io',
  version: 'v1beta1',
  kind: 'StorageVersionMigration',
  plural: 'storageversionmigrations',
  scope: 'Cluster',
  shape: storageVersionMigrationShape,
  prepareForCreate: draft => {
    draft.status = {}
  },
  prepareForUpdate: (draft, previous) => {
    draft.status = previous.status
  },
  validate: ({ spec }) =>
    spec.resource.resource ? [] : [required('spec.resource.resource', 'resource is required')],
  validateUpdate: (next, previous) => immutable('spec', next.spec, previous.spec),
  validateStatusUpdate: validateMigrationStatus,
  subresources: { status: true },
  columns: [
    { ...nameColumn, format: '' },
    column('Resource', 'The resource whose objects are written anew.', ({ spec }) => {
      const { group, resource } = spec.resource
      return group ? `${resource}.${group}` : resource
    }),
    column('Status', 'How far it has come.', stateOf),
  ],
})

const STATES = ['Failed', 'Succeeded', 'Running']

function stateOf({ status: { conditions = [] } }: StorageVersionMigration): string {
  const isTrue = (wanted: string) =>
    conditions.some(({ type, status }) => type === wanted && status === 'True')
  return STATES.find(isTrue) ?? 'Unknown'
}
