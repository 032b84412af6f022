/**
 * The shapes of what the API itself says and hears, beside the objects: statuses, options, metadata alone. They are
 * never stored, so they are no kinds; protobuf and OpenAPI read them.
 */
import { RAW_EXTENSION } from './any-types.ts'
import { listMeta, objectMeta } from './metadata.ts'
import {
  any,
  boolean,
  int32,
  int64,
  list,
  type ObjectShape,
  shape,
  string,
  struct,
} from './schema.ts'

/** A type with a name on the wire but no resource of its own. */
export interface MetaKind {
  readonly group: string
  readonly version: string
  readonly kind: string
  readonly shape: ObjectShape
}

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1'

const typeFields = {
  apiVersion: string().doc('Group and version in which the object is written, such as apps/v1.'),
  kind: string().doc('Name of the type in CamelCase.'),
}

export const statusCauseShape = shape(
  `${META}.StatusCause`,
  'One of several reasons for a failure.',
  {
    reason: string(1).doc('What is wrong, as one word for programs.'),
    message: string(2).doc('What is wrong, as a sentence for people.'),
    field: string(3).doc('The path of the field that is meant, such as items[0].name.'),
  },
)

export const statusDetailsShape = shape(`${META}.StatusDetails`, 'What a status is about.', {
  name: string(1).doc('The name of the object.'),
  group: string(2).doc('The group of its resource.'),
  kind: string(3).doc('Its kind, or its resource.'),
  uid: string(6).doc('Its UID, where there is only one.'),
  causes: list(4, statusCauseShape).atomic().doc('All that is wrong with it.'),
  retryAfterSeconds: int32(5).doc('When to try again, where that may help.'),
})

export const statusShape = shape(
  `${META}.Status`,
  'The outcome of a call that returns no object.',
  {
    ...typeFields,
    metadata: struct(1, listMeta).always().doc('Metadata of the kind that lists have.'),
    status: string(2).doc('Success or Failure.'),
    message: string(3).doc('The outcome as a sentence for people.'),
    reason: string(4).doc('Why it failed, as one word for programs.'),
    details: struct(5, statusDetailsShape).optional().doc('More for programs, by reason.'),
    code: int32(6).doc('The HTTP status.'),
  },
)

export const preconditionsShape = shape(
  `${META}.Preconditions`,
  'What must hold of an object, or it is not deleted.',
  {
    uid: string(1).optional().doc('The UID that it must have.'),
    resourceVersion: string(2).optional().doc('The revision that it must have.'),
  },
)

export const deleteOptionsShape = shape(
  `${META}.DeleteOptions`,
  'How an object is to be deleted.',
  {
    ...typeFields,
    gracePeriodSeconds: int64(1)
      .optional()
      .doc('Seconds that the object may take to end, 0 for at once; absent leaves it to the kind.'),
    preconditions: struct(2, preconditionsShape)
      .optional()
      .doc('What must hold, or the answer is a conflict.'),
    orphanDependents: boolean(3)
      .optional()
      .deprecated()
      .doc('Whether dependents are left alone; use propagationPolicy.'),
    propagationPolicy: string(4)
      .optional()
      .doc(
        'Orphan leaves dependents, Background deletes them after, Foreground before the object.',
      ),
    dryRun: list(5, string()).atomic().doc('All for a trial that changes nothing.'),
    ignoreStoreReadErrorWithClusterBreakingPotential: boolean(6)
      .optional()
      .doc('Whether to delete an object that cannot be read any more, at the caller’s risk.'),
  },
)

export const partialObjectMetadataShape = shape(
  `${META}.PartialObjectMetadata`,
  'An object of any kind, reduced to its metadata.',
  {
    ...typeFields,
    metadata: struct(1, objectMeta).always().doc('The metadata.'),
  },
)

export const watchEventShape = shape(`${META}.WatchEvent`, 'One line of a watch.', {
  type: string(1).required().doc('ADDED, MODIFIED, DELETED, BOOKMARK or ERROR.'),
  object: any(2)
    .of(RAW_EXTENSION)
    .required()
    .doc('The object as it is now, or the Status of the error.'),
})

export const patchShape = shape(
  `${META}.Patch`,
  'A change of an object, in the form that the media type names.',
  {},
)

export const shardInfo = shape(
  'io.k8s.apimachinery.pkg.apis.meta.v1.ShardInfo',
  'Which share of the objects a list holds.',
  { selector: string(1).required().doc('How the share was asked for.') },
)

export const versionInfoShape = shape(
  'io.k8s.apimachinery.pkg.version.Info',
  'What the server is, as /version tells it.',
  {
    major: string().required().doc('First number of the version of the API.'),
    minor: string().required().doc('Second number of the version of the API.'),
    emulationMajor: string().doc('First number of the version that is emulated, if one is.'),
    emulationMinor: string().doc('Second number of the version that is emulated, if one is.'),
    minCompatibilityMajor: string().doc(
      'First number of the oldest version to be compatible with.',
    ),
    minCompatibilityMinor: string().doc('Second number of that version.'),
    gitVersion: string().required().doc('The whole version, with what distribution it is.'),
    gitCommit: string().required().doc('The commit that it was made from, if known.'),
    gitTreeState: string().required().doc('Whether that commit was changed: clean or dirty.'),
    buildDate: string().required().doc('When it was made.'),
    goVersion: string().required().doc('The runtime and its version.'),
    compiler: string().required().doc('What compiles it.'),
    platform: string().required().doc('Operating system and architecture.'),
  },
)
export const versionInfoKind: MetaKind = {
  group: '',
  version: 'v1',
  kind: 'Info',
  shape: versionInfoShape,
}
export const watchEventKind: MetaKind = {
  group: '',
  version: 'v1',
  kind: 'WatchEvent',
  shape: watchEventShape,
}
export const patchKind: MetaKind = { group: '', version: 'v1', kind: 'Patch', shape: patchShape }
export const statusKind: MetaKind = {
  group: '',
  version: 'v1',
  kind: 'Status',
  shape: statusShape,
}
export const deleteOptionsKind: MetaKind = {
  group: '',
  version: 'v1',
  kind: 'DeleteOptions',
  shape: deleteOptionsShape,
}
export const partialObjectMetadataKind: MetaKind & { readonly listKind: string } = {
  group: 'meta.k8s.io',
  version: 'v1',
  kind: 'PartialObjectMetadata',
  listKind: 'PartialObjectMetadataList',
  shape: partialObjectMetadataShape,
}
