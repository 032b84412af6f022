/** Has volumes attached to the nodes whose pods use them, and detached where none does any more. */
import { type Node, node } from '#api/core/v1/node.ts'
import { type PersistentVolume, persistentVolume } from '#api/core/v1/persistent-volume.ts'
import {
  type PersistentVolumeClaim,
  persistentVolumeClaim,
} from '#api/core/v1/persistent-volume-claim.ts'
import { type Pod, pod } from '#api/core/v1/pod/pod.ts'
import { csiDriver } from '#api/storage/v1/csi-driver.ts'
import { type VolumeAttachment, volumeAttachment } from '#api/storage/v1/volume-attachment.ts'
import type { Informer } from '#client/informer.ts'
import { BY_CLAIM, claimKeysOf, indexByClaim } from '../runner/claims.ts'
import type { Controller, ControllerContext, Wakeup } from '../runner/controller.ts'
import { sameJson } from '../runner/json.ts'
import { BY_NODE, indexByNode } from '../runner/pods-by-node.ts'
import { AttachMemory } from './attach-memory.ts'
import { attachmentNameOf, uniqueNameOf } from './attachments.ts'
import { countAttachments } from './persistentvolume-attach-detach.figures.ts'
import { reconcile } from './persistentvolume-attach-detach.reconcile.ts'

const BY_VOLUME = 'attached-volume'
const BY_UNIQUE_NAME = 'unique-name'
const BY_DRIVER = 'driver'
const ON_NODE = 'attached-to'

interface Views {
  readonly pods: Informer<Pod>
  readonly claims: Informer<PersistentVolumeClaim>
  readonly volumes: Informer<PersistentVolume>
  readonly nodes: Informer<Node>
  readonly attachments: Informer<VolumeAttachment>
}

export function persistentVolumeAttachDetachController(context: ControllerContext): Controller {
  const { informers, clock } = context
  const views: Views = {
    pods: informers.for(pod),
    claims: informers.for(persistentVolumeClaim),
    volumes: informers.for(persistentVolume),
    nodes: informers.for(node),
    attachments: informers.for(volumeAttachment),
  }
  const drivers = informers.for(csiDriver)
  const { pods, claims, volumes, nodes, attachments } = views
  const memory = new AttachMemory()
  const { forced } = countAttachments(
    context.figures,
    () => attachments.list(),
    () => nodes.list(),
  )
  index(views)
  return {
    name: 'persistentvolume-attach-detach-controller',
    component: 'attachdetach-controller',
    // One at a time: volumes of one node change the same status.
    workers: 1,
    views: [
      { kind: pod, informer: pods },
      { kind: persistentVolumeClaim, informer: claims },
      { kind: persistentVolume, informer: volumes },
      { kind: node, informer: nodes },
      { kind: volumeAttachment, informer: attachments },
      { kind: csiDriver, informer: drivers },
    ],
    wake(queue) {
      const wakeVolume = (volume: PersistentVolume | undefined) => {
        const name = volume && uniqueNameOf(volume)
        if (name !== undefined) queue.add(name)
      }
      wakeByUse(queue, views, wakeVolume)
      wakeByNodes(queue, views, memory)
      queue.onStop(
        attachments.subscribe({
          changed: ({ spec }) => wakeVolume(volumes.get(spec.source.persistentVolumeName ?? '')),
          deleted({ metadata, spec }) {
            memory.forget(metadata.name ?? '')
            memory.answered(metadata.name ?? '')
            wakeVolume(volumes.get(spec.source.persistentVolumeName ?? ''))
          },
        }),
      )
      queue.onStop(
        drivers.subscribe({
          changed: ({ metadata }) => volumes.by(BY_DRIVER, metadata.name ?? '').forEach(wakeVolume),
        }),
      )
    },
    reconcile(uniqueName) {
      const [volume] = volumes.by(BY_UNIQUE_NAME, uniqueName)
      const nodesNaming = nodes.by(BY_UNIQUE_NAME, uniqueName)
      const found = volume
        ? attachments.by(BY_VOLUME, volume.metadata.name ?? '')
        : nodesNaming.flatMap(({ metadata }) => {
            const known = attachments.get(attachmentNameOf(uniqueName, metadata.name ?? ''))
            return known ? [known] : []
          })
      return reconcile({
        uniqueName,
        volume,
        driver: drivers.get(volume?.spec.csi?.driver ?? ''),
        attachments: found,
        pods: volume ? usersOf(views, volume) : [],
        nodeNamed: name => nodes.get(name),
        nodesNaming,
        memory,
        forced: reason => forced.add([reason]),
        nowMs: clock.monotonicMs(),
      })
    },
  }
}

function index({ pods, volumes, nodes, attachments }: Views): void {
  indexByClaim(pods)
  indexByNode(pods)
  volumes.addIndex(BY_UNIQUE_NAME, volume => listOf(uniqueNameOf(volume)))
  volumes.addIndex(BY_DRIVER, ({ spec }) => listOf(spec.csi?.driver))
  nodes.addIndex(BY_UNIQUE_NAME, ({ status }) =>
    (status.volumesAttached ?? []).map(({ name }) => name),
  )
  attachments.addIndex(BY_VOLUME, ({ spec }) => listOf(spec.source.persistentVolumeName))
  attachments.addIndex(ON_NODE, ({ spec }) => [spec.nodeName])
}

const listOf = (value: string | undefined): string[] => (value === undefined ? [] : [value])

/** Pods of the claim that the volume is bound to, if that says so, too. */
function usersOf({ pods, claims }: Views, { metadata, spec }: PersistentVolume): readonly Pod[] {
  const key = `${spec.claimRef?.namespace}/${spec.claimRef?.name}`
  const claim = claims.get(key)
  const isBound =
    claim?.metadata.uid === spec.claimRef?.uid && claim?.spec.volumeName === metadata.name
  return isBound ? pods.by(BY_CLAIM, key) : []
}

type WakeVolume = (volume: PersistentVolume | undefined) => void

function wakeByUse(queue: Wakeup, views: Views, wakeVolume: WakeVolume): void {
  const { pods, claims, volumes } = views
  const wakeClaim = (claim: PersistentVolumeClaim | undefined) =>
    wakeVolume(volumes.get(claim?.spec.volumeName ?? ''))
  const wakePod = (found: Pod) => {
    for (const key of claimKeysOf(found)) wakeClaim(claims.get(key))
  }
  queue.onStop(pods.subscribe({ changed: wakePod, deleted: wakePod }))
  queue.onStop(claims.subscribe({ changed: wakeClaim, deleted: wakeClaim }))
  queue.onStop(volumes.subscribe({ changed: wakeVolume }))
}

/** Heartbeats change nodes all the time; few of them change what is decided by. */
const concernOf = ({ metadata, spec, status }: Node): unknown => [
  metadata.annotations,
  spec.taints,
  status.volumesInUse,
  status.volumesAttached,
  status.conditions?.find(({ type }) => type === 'Ready')?.status,
]

function wakeByNodes(queue: Wakeup, views: Views, memory: AttachMemory): void {
  const { pods, claims, volumes, nodes, attachments } = views
  const wakeNode = ({ metadata, status }: Node) => {
    const names = new Set(status.volumesInUse)
    for (const { name } of status.volumesAttached ?? []) names.add(name)
    const { name: nodeName = '' } = metadata
    for (const { spec } of attachments.by(ON_NODE, nodeName))
      addName(names, volumes.get(spec.source.persistentVolumeName ?? ''))
    for (const found of pods.by(BY_NODE, nodeName))
      for (const key of claimKeysOf(found))
        addName(names, volumes.get(claims.get(key)?.spec.volumeName ?? ''))
    names.forEach(queue.add)
  }
  queue.onStop(
    nodes.subscribe({
      changed(next, previous) {
        memory.nodeBack(next.metadata.name ?? '')
        if (previous && sameJson(concernOf(next), concernOf(previous))) return
        if (previous) wakeNode(previous)
        wakeNode(next)
      },
      deleted(gone) {
        memory.nodeGone(gone.metadata.name ?? '', gone.status.volumesInUse ?? [])
        wakeNode(gone)
      },
    }),
  )
}

function addName(names: Set<string>, volume: PersistentVolume | undefined): void {
  const name = volume && uniqueNameOf(volume)
  if (name !== undefined) names.add(name)
}
