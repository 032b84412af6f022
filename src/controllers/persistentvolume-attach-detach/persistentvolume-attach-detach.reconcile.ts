/**
 * One look at one volume that is attached: on which nodes it has to be attached, from which it may go, and what its nodes say of it. What is
 * attached is written in VolumeAttachments and nodes alone, so that a restart takes over what it finds.
 */
import { type Node, node as nodeKind } from '#api/core/v1/node.ts'
import type { PersistentVolume } from '#api/core/v1/persistent-volume.ts'
import type { Pod } from '#api/core/v1/pod/pod.ts'
import type { CSIDriver } from '#api/storage/v1/csi-driver.ts'
import { type VolumeAttachment, volumeAttachment } from '#api/storage/v1/volume-attachment.ts'
import type { AnyObject, Outcome, Write } from '../runner/controller.ts'
import { conditionOf, isFinished } from '../runner/pods.ts'
import type { AttachMemory } from './attach-memory.ts'
import { attachmentNameOf } from './attachments.ts'
import { multiAttachErrors } from './multi-attach.ts'

/** How long an unhealthy node may keep a volume that it should give back. */
export const MAX_WAIT_FOR_UNMOUNT_MS = 6 * 60_000
/** How long an attacher may take to answer before the pods are told that it does not. */
export const ATTACH_TIMEOUT_MS = 2 * 60_000
const MANAGED = 'volumes.kubernetes.io/controller-managed-attach-detach'
const KEEPS_TERMINATED = 'volumes.kubernetes.io/keep-terminated-pod-volumes'
const OUT_OF_SERVICE = 'node.kubernetes.io/out-of-service'

export interface AttachWorld {
  readonly uniqueName: string
  /** Undefined for one that is gone, but that nodes still name. */
  readonly volume: PersistentVolume | undefined
  readonly driver: CSIDriver | undefined
  /** All of this volume. */
  readonly attachments: readonly VolumeAttachment[]
  /** All that use its claim, on whatever node. */
  readonly pods: readonly Pod[]
  readonly nodeNamed: (name: string) => Node | undefined
  /** Nodes that say that the volume is attached to them. */
  readonly nodesNaming: readonly Node[]
  readonly memory: AttachMemory
  /** Told why a volume is taken from a node that has not let go of it. */
  readonly forced: (reason: 'timeout' | 'out-of-service') => void
  readonly nowMs: number
}

interface Look extends AttachWorld {
  readonly wanted: ReadonlyMap<string, readonly Pod[]>
  readonly writes: Write[]
  againAfterMs: number
}

export function reconcile(world: AttachWorld): Outcome {
  const look: Look = {
    ...world,
    wanted: wantedNodes(world),
    writes: [],
    againAfterMs: Number.POSITIVE_INFINITY,
  }
  if (world.volume && !world.volume.spec.csi) return attendWithin(look)
  // What leaves comes first, so that a volume can follow a pod to another node.
  for (const attachment of world.attachments)
    if (!look.wanted.has(attachment.spec.nodeName)) detach(look, attachment)
  const known = new Set(world.attachments.map(({ spec }) => spec.nodeName))
  for (const node of world.nodesNaming)
    if (!known.has(node.metadata.name ?? '') && !isInUse(look, node.metadata.name ?? ''))
      look.writes.push(...saying(look, node, false))
  for (const [name, pods] of look.wanted) attach(look, name, pods)
  return outcomeOf(look)
}

const outcomeOf = ({ writes, againAfterMs }: Look): Outcome =>
  Number.isFinite(againAfterMs) ? { writes, againAfterMs } : { writes }

/** Of iSCSI and Fibre Channel, which nodes reach by themselves: nobody attaches them, so what nodes say of them is all there is. */
function attendWithin(look: Look): Outcome {
  const { memory, nodeNamed, nodesNaming, uniqueName, volume, wanted, writes } = look
  const holders = new Set<string>()
  for (const node of nodesNaming) {
    const { name = '' } = node.metadata
    const use = `${uniqueName} ${name}`
    if (!wanted.has(name) && mayLeave(look, name, use, true)) {
      writes.push(...saying(look, node, false))
      memory.forget(use)
    } else holders.add(name)
  }
  for (const [name, pods] of wanted) {
    const node = nodeNamed(name)
    const use = `${uniqueName} ${name}`
    memory.forget(use)
    if (!node || !volume || holders.has(name)) continue
    if (holders.size > 0 && isForOneNode(volume)) {
      if (memory.isNews(use, 'multi-attach'))
        writes.push(...multiAttachErrors(volume, pods, look.pods))
      continue
    }
    memory.allIsWell(use)
    holders.add(name)
    writes.push(...saying(look, node, true), ...attachedEvents(volume, pods))
  }
  return outcomeOf(look)
}

/** By node, the pods there for which the volume has to be attached; the node of the oldest pod first. */
function wantedNodes({ volume, driver, pods, nodeNamed }: AttachWorld): Map<string, Pod[]> {
  const wanted = new Map<string, Pod[]>()
  if (!volume || driver?.spec.attachRequired === false) return wanted
  const born = ({ metadata }: Pod) => metadata.creationTimestamp ?? ''
  for (const pod of pods.toSorted((a, b) => born(a).localeCompare(born(b)))) {
    const { nodeName } = pod.spec
    const annotations = nodeNamed(nodeName ?? '')?.metadata.annotations ?? {}
    if (!nodeName || annotations[MANAGED] === undefined) continue
    if (hasEnded(pod) && annotations[KEEPS_TERMINATED] !== 'true') continue
    wanted.set(nodeName, [...(wanted.get(nodeName) ?? []), pod])
  }
  return wanted
}

/** No container runs any more, nor will. */
function hasEnded(pod: Pod): boolean {
  if (isFinished(pod)) return true
  const statuses = pod.status.containerStatuses ?? []
  return (
    pod.metadata.deletionTimestamp !== undefined &&
    statuses.every(({ state }) => state?.terminated !== undefined || state?.waiting !== undefined)
  )
}

function detach(look: Look, attachment: VolumeAttachment): void {
  const { name = '', deletionTimestamp } = attachment.metadata
  const { nodeName } = attachment.spec
  look.memory.answered(name)
  if (!mayLeave(look, nodeName, name, !deletionTimestamp)) return
  // First nobody may count on the volume any more. The node's revision holds that against a mount that begins in between.
  const node = look.nodeNamed(nodeName)
  if (node) look.writes.push(...saying(look, node, false))
  if (!deletionTimestamp)
    look.writes.push({ verb: 'delete', kind: volumeAttachment, object: attachment })
}

/** Whether the node has let go of the volume, or need not be waited for; `use` is what that is remembered by. */
function mayLeave(look: Look, nodeName: string, use: string, isFirst: boolean): boolean {
  const { memory, nowMs } = look
  const node = look.nodeNamed(nodeName)
  const waitedMs = nowMs - memory.askedMs(use, nowMs)
  const isOut = node?.spec.taints?.some(({ key }) => key === OUT_OF_SERVICE) === true
  const isHealthy = conditionOf(node?.status.conditions, 'Ready')?.status === 'True'
  const isForced = !isHealthy && waitedMs >= MAX_WAIT_FOR_UNMOUNT_MS
  if (isInUse(look, nodeName) && !isForced && !isOut) {
    if (!isHealthy)
      look.againAfterMs = Math.min(look.againAfterMs, MAX_WAIT_FOR_UNMOUNT_MS - waitedMs)
    return false
  }
  if (isInUse(look, nodeName) && isFirst) look.forced(isOut ? 'out-of-service' : 'timeout')
  return true
}

function isInUse({ nodeNamed, memory, uniqueName }: AttachWorld, nodeName: string): boolean {
  const node = nodeNamed(nodeName)
  if (!node) return memory.wasInUse(nodeName, uniqueName)
  return node.status.volumesInUse?.includes(uniqueName) === true
}

function attach(look: Look, nodeName: string, pods: readonly Pod[]): void {
  const { attachments, memory, uniqueName, volume, writes } = look
  const attachment = attachments.find(({ spec }) => spec.nodeName === nodeName)
  const name = attachment?.metadata.name ?? attachmentNameOf(uniqueName, nodeName)
  memory.forget(name)
  if (!volume?.spec.csi) return
  if (attachment) {
    // One that is going away has to be gone before there can be a new one.
    if (!attachment.metadata.deletionTimestamp) follow(look, attachment, pods)
    return
  }
  const others = new Set([
    ...attachments.map(({ spec }) => spec.nodeName),
    ...writes.flatMap(write =>
      write.verb === 'create' ? [(write.object.spec as VolumeAttachment['spec']).nodeName] : [],
    ),
  ])
  if (others.size > 0 && isForOneNode(volume)) {
    if (memory.isNews(name, 'multi-attach'))
      writes.push(...multiAttachErrors(volume, pods, look.pods))
    return
  }
  memory.allIsWell(name)
  const source = { persistentVolumeName: volume.metadata.name }
  const spec = { attacher: volume.spec.csi.driver, nodeName, source }
  writes.push({ verb: 'create', kind: volumeAttachment, object: { metadata: { name }, spec } })
}

/** Modes that nobody named allow everything. */
function isForOneNode({ spec }: PersistentVolume): boolean {
  const modes = spec.accessModes ?? []
  return modes.length > 0 && !modes.includes('ReadWriteMany') && !modes.includes('ReadOnlyMany')
}

/** What the attacher has to say. */
function follow(look: Look, { metadata, status }: VolumeAttachment, pods: readonly Pod[]): void {
  const { memory, nodeNamed, volume, writes } = look
  const { name = '' } = metadata
  const of = `for volume ${JSON.stringify(volume?.metadata.name)}`
  const fail = (why: string) => {
    const message = `AttachVolume.Attach failed ${of} : ${why}`
    writes.push(...toldPods(pods, 'Warning', 'FailedAttachVolume', message))
  }
  if (status?.attached || status?.attachError) memory.answered(name)
  if (status?.attached) {
    const node = nodeNamed(pods[0]?.spec.nodeName ?? '')
    const said = node ? saying(look, node, true) : []
    writes.push(...said)
    memory.allIsWell(name)
    if (said.length > 0 && volume) writes.push(...attachedEvents(volume, pods))
  } else if (status?.attachError) {
    const { time = '', message = '' } = status.attachError
    if (memory.isNews(name, `${time} ${message}`)) fail(message)
  } else {
    const owedMs = memory.owedForMs(name, look.nowMs)
    const { driver, volumeHandle } = volume?.spec.csi ?? {}
    const late = `timed out waiting for external-attacher of ${driver} CSI driver to attach volume ${volumeHandle}`
    if (owedMs >= ATTACH_TIMEOUT_MS) {
      fail(late)
      memory.answered(name)
    }
    const leftMs = ATTACH_TIMEOUT_MS - memory.owedForMs(name, look.nowMs)
    look.againAfterMs = Math.min(look.againAfterMs, leftMs)
  }
}

const attachedEvents = ({ metadata }: PersistentVolume, pods: readonly Pod[]): Write[] =>
  toldPods(
    pods,
    'Normal',
    'SuccessfulAttachVolume',
    `AttachVolume.Attach succeeded for volume ${JSON.stringify(metadata.name)} `,
  )

const toldPods = (
  pods: readonly Pod[],
  type: 'Normal' | 'Warning',
  reason: string,
  message: string,
): Write[] => pods.map(about => ({ verb: 'event', about, type, reason, text: { message } }))

/** Lets the node say that the volume is attached to it, or not; nothing where it does already. */
function saying({ uniqueName }: AttachWorld, node: Node, isAttached: boolean): Write[] {
  const before = node.status.volumesAttached ?? []
  const others = before.filter(({ name }) => name !== uniqueName)
  if (others.length < before.length === isAttached) return []
  const next = isAttached ? [...before, { name: uniqueName, devicePath: '' }] : others
  const { volumesAttached: _, ...rest } = node.status
  const status = next.length > 0 ? { ...rest, volumesAttached: next } : rest
  const object = { ...node, status } as unknown as AnyObject
  return [{ verb: 'update', kind: nodeKind, object, subresource: 'status' }]
}
