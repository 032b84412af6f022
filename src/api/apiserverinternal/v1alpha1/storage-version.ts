import { ageColumn, column, nameColumn } from '../../machinery/columns.ts'
import { defineKind, type ObjectOfShape, objectShape } from '../../machinery/kind.ts'
import { objectMeta } from '../../machinery/metadata.ts'
import { isDns1035Label, isDns1123Subdomain } from '../../machinery/names.ts'
import {
  int64,
  list,
  shape,
  string,
  struct,
  time,
  type ValueOfShape,
} from '../../machinery/schema.ts'
import { validateStorageVersionStatus } from './storage-version.validation.ts'

export const storageVersionSpec = shape(
  'io.k8s.api.apiserverinternal.v1alpha1.StorageVersionSpec',
  'Empty: all that is known stands in the status.',
  {},
)

export const serverStorageVersion = shape(
  'io.k8s.api.apiserverinternal.v1alpha1.ServerStorageVersion',
  'What one API server does with the resource.',
  {
    apiServerID: string(1).required().mayBeAbsent().doc('The server.'),
    encodingVersion: string(2)
      .required()
      .mayBeAbsent()
      .doc('The version in which it stores objects.'),
    decodableVersions: list(3, string())
      .required()
      .listSet()
      .doc('The versions that it can read back.'),
    servedVersions: list(4, string()).listSet().doc('The versions that it serves.'),
  },
)
export type ServerStorageVersion = ValueOfShape<typeof serverStorageVersion>

export const storageVersionCondition = shape(
  'io.k8s.api.apiserverinternal.v1alpha1.StorageVersionCondition',
  'One aspect of how servers store the resource.',
  {
    type: string(1).required().doc('Names the aspect, such as AllEncodingVersionsEqual.'),
    status: string(2).required().doc('True, False or Unknown.'),
    observedGeneration: int64(3).doc('The generation that the status was computed from.'),
    lastTransitionTime: time(4).doc('When the status last changed.'),
    reason: string(5).required().doc('Why, as one CamelCase word for programs.'),
    message: string(6).required().mayBeAbsent().doc('Why, as a sentence for people.'),
  },
)
export type StorageVersionCondition = ValueOfShape<typeof storageVersionCondition>

export const storageVersionStatus = shape(
  'io.k8s.api.apiserverinternal.v1alpha1.StorageVersionStatus',
  'What the servers do with the resource.',
  {
    storageVersions: list(1, serverStorageVersion)
      .listMap('apiServerID')
      .doc('What each server does.'),
    commonEncodingVersion: string(2)
      .optional()
      .doc('The version in which all of them store; absent while they differ.'),
    conditions: list(3, storageVersionCondition)
      .listMap('type')
      .doc('Aspects of how they store it.'),
  },
)
export type StorageVersionStatus = ValueOfShape<typeof storageVersionStatus>

export const storageVersionShape = objectShape(
  'io.k8s.api.apiserverinternal.v1alpha1.StorageVersion',
  'In which version API servers store a resource; named <group>.<resource>.',
  {
    metadata: struct(1, objectMeta).required().doc('The name is <group>.<resource>.'),
    spec: struct(2, storageVersionSpec).always().doc('Empty.'),
    status: struct(3, storageVersionStatus).always().doc('What the servers do.'),
  },
)
export type StorageVersion = ObjectOfShape<typeof storageVersionShape>

export const storageVersion = defineKind<StorageVersion>({
  group: 'internal.apiserver.k8s.io',
  version: 'v1alpha1',
  kind: 'StorageVersion',
  plural: 'storageversions',
  scope: 'Cluster',
  nameRule: wrongName,
  takesAnyPrefix: true,
  shape: storageVersionShape,
  prepareForCreate: draft => {
    draft.status = {}
  },
  prepareForUpdate: (draft, previous) => {
    draft.status = previous.status
  },
  validateStatusUpdate: ({ status }) => validateStorageVersionStatus(status),
  subresources: { status: true },
  columns: [
    nameColumn,
    column(
      'CommonEncodingVersion',
      'The version in which all servers store.',
      ({ status }) => status.commonEncodingVersion ?? '<unset>',
    ),
    column('StorageVersions', 'What each server stores.', ({ status }) => {
      const { storageVersions = [] } = status
      if (storageVersions.length === 0) return '<unset>'
      return storageVersions
        .map(({ apiServerID, encodingVersion }) => `${apiServerID}=${encodingVersion}`)
        .join(',')
    }),
    ageColumn,
  ],
})

function wrongName(name: string): string[] {
  const dot = name.lastIndexOf('.')
  if (dot < 0) return ['name must be in the form of <group>.<resource>']
  return [
    ...isDns1123Subdomain(name.slice(0, dot)).map(why => `the group segment ${why}`),
    ...isDns1035Label(name.slice(dot + 1)).map(why => `the resource segment ${why}`),
  ]
}
