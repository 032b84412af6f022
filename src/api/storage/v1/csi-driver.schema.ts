import { type ObjectOfShape, objectShape } from '../../machinery/kind.ts'
import {
  boolean,
  int64,
  list,
  shape,
  string,
  struct,
  type ValueOfShape,
} from '../../machinery/schema.ts'

export const tokenRequest = shape(
  'io.k8s.api.storage.v1.TokenRequest',
  'A token that a driver wants of the service account of each pod.',
  {
    audience: string(1).required().doc('Who the token is for; the API server itself if empty.'),
    expirationSeconds: int64(2).optional().doc('How long the token is to be good.'),
  },
)
export type TokenRequest = ValueOfShape<typeof tokenRequest>

export const csiDriverSpec = shape(
  'io.k8s.api.storage.v1.CSIDriverSpec',
  'What a driver can do and wants to be told.',
  {
    attachRequired: boolean(1)
      .optional()
      .unpublishedDefault(true)
      .doc('Whether volumes must be attached to a node before they are mounted; never changes.'),
    podInfoOnMount: boolean(2)
      .optional()
      .unpublishedDefault(false)
      .doc('Whether the driver is told which pod it mounts a volume for.'),
    volumeLifecycleModes: list(3, string())
      .listSet()
      .unpublishedDefault(['Persistent'])
      .doc('Persistent, Ephemeral or both: which volumes it makes; never changes.'),
    storageCapacity: boolean(4)
      .optional()
      .unpublishedDefault(false)
      .doc('Whether pods are placed only where the driver has said that there is room.'),
    fsGroupPolicy: string(5)
      .optional()
      .unpublishedDefault('ReadWriteOnceWithFSType')
      .doc('Whether files may get the group of the pod: File, None or ReadWriteOnceWithFSType.'),
    tokenRequests: list(6, tokenRequest)
      .atomic()
      .doc('Tokens of the pod that the driver is given, each for another audience.'),
    requiresRepublish: boolean(7)
      .optional()
      .unpublishedDefault(false)
      .doc('Whether the driver wants to be called again and again while a volume is mounted.'),
    seLinuxMount: boolean(8)
      .optional()
      .unpublishedDefault(false)
      .doc('Whether volumes can be mounted with a label of SELinux.'),
    nodeAllocatableUpdatePeriodSeconds: int64(9)
      .optional()
      .doc('How often nodes ask how many volumes they may have; only at the start if absent.'),
    serviceAccountTokenInSecrets: boolean(10)
      .optional()
      .doc('When true, tokens are handed over as secrets and not in the context of the volume.'),
    preventPodSchedulingIfMissing: boolean(11)
      .optional()
      .doc('When true, pods with its volumes are not placed on nodes without the driver.'),
  },
)
export type CSIDriverSpec = ValueOfShape<typeof csiDriverSpec>

export const csiDriverShape = objectShape(
  'io.k8s.api.storage.v1.CSIDriver',
  'A driver for volumes that is installed in the cluster; the object has the name of the driver.',
  {
    spec: struct(2, csiDriverSpec).required().doc('What it can do and wants to be told.'),
  },
)
export type CSIDriver = ObjectOfShape<typeof csiDriverShape>
