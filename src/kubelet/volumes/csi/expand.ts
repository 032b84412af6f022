/**
 * A volume that has become larger than its claim says: the driver makes the file system on this node larger, too, and the claim
 * says so. Drivers with nothing to do on nodes are done at once.
 */
import {
  type PersistentVolumeClaim,
  persistentVolumeClaim,
} from '#api/core/v1/persistent-volume-claim.ts'
import { compareQuantities, quantityToNumber } from '#api/machinery/quantity.ts'
import { isStatus } from '#api/machinery/status.ts'
import { messageOf } from '#base/errors.ts'
import { csiPlugin } from '../storage-figures.ts'
import { CsiError } from './csi-error.ts'
import { type CsiMount, capabilityOf } from './csi-mount.ts'
import type { CsiVolumesParts } from './csi-parts.ts'
import type { CsiDriver } from './drivers.ts'
import { nodeCapability } from './messages.ts'
import { secretsOf } from './publish-context.ts'

type ClaimStatus = PersistentVolumeClaim['status']

/** A controller is at it, or it can never be: nothing to do here. */
const NOT_FOR_NODES: ReadonlySet<string> = new Set([
  ...['ControllerResizeInProgress', 'ControllerResizeInfeasible', 'NodeResizeInfeasible'],
])
/** Trying again changes nothing about these. */
const INFEASIBLE: ReadonlySet<string> = new Set([...['InvalidArgument', 'OutOfRange', 'NotFound']])
const RESIZING: ReadonlySet<string> = new Set(['Resizing', 'FileSystemResizePending'])

/**
 * Gives whether the claim says something else now. A failure is told to the pod and tried again with the next look; it keeps no
 * container from what it has.
 */
export async function grow(
  parts: CsiVolumesParts,
  mount: CsiMount,
  driver: () => Promise<CsiDriver>,
): Promise<boolean> {
  const { claimed, pod, specName, readOnly } = mount
  if (!claimed || readOnly) return false
  const wanted = claimed.volume.spec.capacity?.storage ?? '0'
  const { capacity, allocatedResourceStatuses } = claimed.claim.status
  if (!capacity?.storage || compareQuantities(wanted, capacity.storage) <= 0) return false
  const stage = allocatedResourceStatuses?.storage
  if (stage !== undefined && NOT_FOR_NODES.has(stage)) return false
  try {
    const plugin = csiPlugin(mount.driver)
    const served = await driver()
    if (served.capabilities.has(nodeCapability.expandVolume))
      await parts.operations.measure('volume_fs_resize', plugin, () =>
        expand(parts, mount, served, wanted),
      )
    await writeClaim(parts, claimed.claim, status => grownStatus(status, wanted))
    const message = `MountVolume.NodeExpandVolume succeeded for volume "${specName}" ${parts.nodeName}`
    for (const about of [pod, claimed.claim])
      parts.tell(about, 'Normal', 'FileSystemResizeSuccessful', message)
    return true
  } catch (error) {
    // Somebody else wrote the claim meanwhile; the next look finds it as it is then.
    if (isStatus(error, 'Conflict')) return false
    const message = `NodeExpandVolume.NodeExpandVolume failed for volume "${specName}" : ${messageOf(error)}`
    for (const about of [pod, claimed.claim])
      parts.tell(about, 'Warning', 'VolumeResizeFailed', message)
    const isHopeless = error instanceof CsiError && INFEASIBLE.has(error.code)
    if (!isHopeless || stage === undefined) return false
    return writeClaim(parts, claimed.claim, status => ({
      ...status,
      allocatedResourceStatuses: {
        ...status.allocatedResourceStatuses,
        storage: 'NodeResizeInfeasible',
      },
    })).then(
      () => true,
      () => false,
    )
  }
}

async function expand(
  { client, toDriver }: CsiVolumesParts,
  mount: CsiMount,
  driver: CsiDriver,
  wanted: string,
): Promise<void> {
  const { handle, paths, expandSecret } = mount
  const isStaged = driver.capabilities.has(nodeCapability.stageUnstageVolume)
  await driver.service.expand({
    volumeId: handle,
    volumePath: toDriver(paths.target),
    capacityRange: { requiredBytes: quantityToNumber(wanted) },
    stagingTargetPath: isStaged ? toDriver(paths.staging) : '',
    volumeCapability: capabilityOf(mount, driver.capabilities),
    secrets: await secretsOf(client, expandSecret),
  })
}

function grownStatus(status: ClaimStatus, storage: string): ClaimStatus {
  const { allocatedResourceStatuses, conditions, ...rest } = status
  const { storage: _, ...statuses } = allocatedResourceStatuses ?? {}
  return {
    ...rest,
    capacity: { ...status.capacity, storage },
    ...(Object.keys(statuses).length > 0 ? { allocatedResourceStatuses: statuses } : {}),
    conditions: (conditions ?? []).filter(({ type }) => !RESIZING.has(type)),
  } as ClaimStatus
}

async function writeClaim(
  { client }: CsiVolumesParts,
  { metadata }: PersistentVolumeClaim,
  change: (status: ClaimStatus) => ClaimStatus,
): Promise<void> {
  const { name = '', namespace = '', uid } = metadata
  const claim = await client.get(persistentVolumeClaim, name, namespace)
  if (claim.metadata.uid !== uid) return
  const next = { ...claim, status: change(claim.status) }
  await client.update(persistentVolumeClaim, next, { subresource: 'status' })
}
