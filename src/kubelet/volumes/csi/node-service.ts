/** What nodes ask of a CSI driver. Everything rejects with a CsiError. */
import type { TypeOf } from '#base/protobuf.ts'
import type * as messages from './messages.ts'

type Question<M> = Partial<TypeOf<M>>

export interface CsiNodeService {
  getInfo(): Promise<TypeOf<typeof messages.getInfoResponse>>
  /** Numbers as in `nodeCapability`. */
  getCapabilities(): Promise<ReadonlySet<number>>
  stage(request: Question<typeof messages.stageRequest>): Promise<void>
  unstage(request: Question<typeof messages.unstageRequest>): Promise<void>
  publish(request: Question<typeof messages.publishRequest>): Promise<void>
  unpublish(request: Question<typeof messages.unpublishRequest>): Promise<void>
  /** Gives how large the volume is now, in bytes; 0 where the driver does not say. */
  expand(request: Question<typeof messages.expandRequest>): Promise<number>
  stats(
    request: Question<typeof messages.statsRequest>,
  ): Promise<TypeOf<typeof messages.statsResponse>>
  close(): void
}
