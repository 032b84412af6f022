/** What mounting volumes of CSI drivers takes. */
import type { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import type { Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import type { Client } from '#client/client.ts'
import type { Informers } from '#client/informer.ts'
import type { Files } from '../../host-access.ts'
import type { Pod } from '../../pod-types.ts'
import type { StorageOperations } from '../storage-figures.ts'
import type { Tokens } from '../tokens.ts'
import type { AttachmentParts } from './attachment.ts'
import type { CsiDrivers } from './drivers.ts'

export type Tell = (
  about: Pod | PersistentVolumeClaim,
  type: 'Normal' | 'Warning',
  reason: string,
  message: string,
) => void

export interface CsiVolumesParts extends AttachmentParts {
  readonly client: Client
  readonly informers: Informers
  readonly clock: Clock
  readonly log: Log
  readonly files: Files
  readonly rootDirectory: string
  /** A path below the kubelet's directory, as drivers see it. */
  readonly toDriver: (path: string) => string
  readonly drivers: Pick<CsiDrivers, 'get'>
  readonly tokens: Pick<Tokens, 'get'>
  readonly operations: StorageOperations
  /** As an event of the object. */
  readonly tell: Tell
}
