import { type PersistentVolume, persistentVolume } from '#api/core/v1/persistent-volume.ts'
import {
  type PersistentVolumeClaim,
  persistentVolumeClaim,
} from '#api/core/v1/persistent-volume-claim.ts'
import { claimKeysOf, claimsUsedBy } from '#api/core/v1/pod/claims.ts'
import type { Pod } from '#api/core/v1/pod/pod.ts'
import { classOf } from '#api/core/v1/storage.ts'
import { type CSINode, csiNode } from '#api/storage/v1/csi-node.ts'
import { type StorageClass, storageClass } from '#api/storage/v1/storage-class.ts'
import { volumeAttachment } from '#api/storage/v1/volume-attachment.ts'
import type { Informer } from '#client/informer.ts'
import { actions, type ClusterEvent } from '../framework/cluster-event.ts'
import type { Handle } from '../framework/handle.ts'
import type { Plugin } from '../framework/plugin.ts'
import { refusal, SKIP } from '../framework/status.ts'
import type { PodInfo } from '../state/pod-info.ts'
import { concernsOwnClaim } from './volume-events.ts'

const NAME = 'NodeVolumeLimits'
const TOO_MANY = refusal(NAME, 'node(s) exceed max volume count')
const BY_NODE = 'node'

/** By an id of the volume: the driver that serves it. */
type Volumes = Map<string, string>

/** A node takes no more volumes of a driver than the driver said there. */
export function nodeVolumeLimits(_args: unknown, { informers }: Handle): Plugin {
  const csiNodes = informers.for(csiNode)
  const attachments = informers.for(volumeAttachment)
  const sources = {
    claims: informers.for(persistentVolumeClaim),
    volumes: informers.for(persistentVolume),
    classes: informers.for(storageClass),
  }
  attachments.addIndex(BY_NODE, ({ spec }) => [spec.nodeName])

  /** Volumes that are attached, or that pods on the node will have attached. */
  const presentOn = (name: string, pods: Iterable<PodInfo>): Volumes => {
    const present: Volumes = new Map()
    for (const { pod } of pods)
      if (pod.spec.volumes)
        for (const [id, driver] of volumesOf(pod, sources)) present.set(id, driver)
    for (const { spec } of attachments.by(BY_NODE, name)) {
      const volume = sources.volumes.get(spec.source.persistentVolumeName ?? '')
      const csi = volume?.spec.csi ?? spec.source.inlineVolumeSpec?.csi
      if (csi) present.set(`${csi.driver}/${csi.volumeHandle}`, csi.driver)
    }
    return present
  }

  return {
    name: NAME,
    preFilter: (_cycle, { pod }) => (claimsUsedBy(pod).length === 0 ? { status: SKIP } : undefined),
    filter(_cycle, { pod }, node) {
      const limits = limitsOf(csiNodes.get(node.name))
      if (limits.size === 0) return undefined
      const wanted = volumesOf(pod, sources)
      if (wanted.size === 0) return undefined
      const present = presentOn(node.name, node.pods.values())
      const counts = new Map<string, number>()
      const count = (driver: string) => counts.set(driver, (counts.get(driver) ?? 0) + 1)
      for (const driver of present.values()) count(driver)
      const added = [...wanted].filter(([id]) => !present.has(id))
      for (const [, driver] of added) count(driver)
      const isOver = ([, driver]: [string, string]) =>
        (counts.get(driver) ?? 0) > (limits.get(driver) ?? Number.POSITIVE_INFINITY)
      return added.some(isOver) ? TOO_MANY : undefined
    },
    events: () => [
      {
        resource: 'CSINode',
        action: actions.add | actions.updateOther,
        hint: (_pod, event) => hasMoreRoom(event),
      },
      {
        resource: 'AssignedPod',
        action: actions.delete,
        // Its volumes may be detached with it.
        hint: (_pod, { previous }) => claimsUsedBy(previous as Pod).length > 0,
      },
      {
        resource: 'PersistentVolumeClaim',
        action: actions.add | actions.updateOther,
        hint: concernsOwnClaim,
      },
      { resource: 'VolumeAttachment', action: actions.delete },
    ],
  }
}

interface Sources {
  readonly claims: Pick<Informer<PersistentVolumeClaim>, 'get'>
  readonly volumes: Pick<Informer<PersistentVolume>, 'get'>
  readonly classes: Pick<Informer<StorageClass>, 'get'>
}

/** The volumes of a pod that drivers attach; one that is still to be made is known by its claim. */
function volumesOf(pod: Pod, { claims, volumes, classes }: Sources): Volumes {
  const found: Volumes = new Map()
  for (const key of claimKeysOf(pod)) {
    const claim = claims.get(key)
    if (!claim) continue
    const volume = volumes.get(claim.spec.volumeName ?? '')
    if (volume) {
      const { csi } = volume.spec
      if (csi) found.set(`${csi.driver}/${csi.volumeHandle}`, csi.driver)
      continue
    }
    const provisioner = classes.get(classOf(claim))?.provisioner
    if (provisioner) found.set(`claim ${key}`, provisioner)
  }
  return found
}

function limitsOf(node: CSINode | undefined): ReadonlyMap<string, number> {
  const limits = new Map<string, number>()
  for (const { name, allocatable } of node?.spec.drivers ?? [])
    if (allocatable?.count !== undefined) limits.set(name, allocatable.count)
  return limits
}

function hasMoreRoom({ previous, next }: ClusterEvent): boolean {
  const [before, after] = [previous, next].map(node => limitsOf(node as CSINode | undefined))
  if (!previous) return true
  const drivers = new Set([...(before?.keys() ?? []), ...(after?.keys() ?? [])])
  const limit = (limits: ReadonlyMap<string, number> | undefined, driver: string) =>
    limits?.get(driver) ?? Number.POSITIVE_INFINITY
  return [...drivers].some(driver => limit(after, driver) > limit(before, driver))
}
