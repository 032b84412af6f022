/**
 * Volumes that a driver's controller attaches to the node before they can be mounted. The node says first that it uses the
 * volume, so that nobody takes it away any more; the control plane says that it is attached; the attachment says how.
 */
import type { Node } from '#api/core/v1/node.ts'
import { isStatus } from '#api/machinery/status.ts'
import { volumeAttachment } from '#api/storage/v1/volume-attachment.ts'
import type { Reader } from '#client/client.ts'
import { NotYet } from '../not-yet.ts'
import type { CsiMount } from './csi-mount.ts'
import { attachmentNameOf } from './volume-paths.ts'

export interface AttachmentParts {
  readonly client: Pick<Reader, 'get'>
  readonly nodeName: string
  /** As the API last told it. */
  readonly node: () => Node | undefined
  /** Has the node's status written soon, since it names a volume that it did not name before. */
  readonly hurry: () => void
}

/** What the attacher noted for the node. Throws NotYet while the volume is not attached. */
export async function attachedContext(
  parts: AttachmentParts,
  { uniqueName, driver, handle, specName }: CsiMount,
): Promise<Readonly<Record<string, string>>> {
  const { client, nodeName, hurry } = parts
  const status = parts.node()?.status
  if (!status?.volumesInUse?.includes(uniqueName)) {
    hurry()
    throw new NotYet(`volume "${specName}" is not reported as in use yet`)
  }
  if (!status.volumesAttached?.some(({ name }) => name === uniqueName))
    throw new NotYet(`volume "${specName}" is not attached yet`)
  const name = attachmentNameOf(driver, handle, nodeName)
  const attachment = await client.get(volumeAttachment, name).catch(error => {
    if (isStatus(error, 'NotFound')) throw new NotYet(`volume attachment ${name} is not there yet`)
    throw error
  })
  if (!attachment.status?.attached || attachment.metadata.deletionTimestamp)
    throw new NotYet(`volume attachment ${name} is not attached`)
  return attachment.status.attachmentMetadata ?? {}
}
