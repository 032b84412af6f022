/**
 * Volumes that are directories of one node: made for claims of our provisioner, and removed with their data once their claim is gone.
 * Deciding names the directory that is to be made or removed; doing that is the controller's.
 */
import type { Node } from '#api/core/v1/node.ts'
import { type PersistentVolume, persistentVolume } from '#api/core/v1/persistent-volume.ts'
import {
  type PersistentVolumeClaim,
  persistentVolumeClaim,
} from '#api/core/v1/persistent-volume-claim.ts'
import { classOf } from '#api/core/v1/storage.ts'
import {
  annotated,
  PROVISIONED_BY,
  SELECTED_NODE,
  STORAGE_PROVISIONER,
  sizeWanted,
} from '#api/core/v1/volume-binding.ts'
import type { StorageClass } from '#api/storage/v1/storage-class.ts'
import { type AnyObject, nothingToDo, type Outcome, type Write } from '../runner/controller.ts'
import { hasPlace, placeOfNode, placeOfVolume } from './places.ts'

export const PROVISIONER = 'proa/local-path'
/** Keeps a volume that is being deleted until its directory is gone; the name that provisioners outside use, too. */
const FINALIZER = 'external-provisioner.volume.kubernetes.io/finalizer'
/** How soon what failed is tried again. */
export const RETRY_MS = 15_000
const MODES: ReadonlySet<string> = new Set(['ReadWriteOnce', 'ReadWriteOncePod'])
/** One name of a volume, a namespace and a claim; nothing that leads elsewhere. */
const DIRECTORY = /^pvc-[0-9a-z-]+_[0-9a-z-]+_[0-9a-z.-]+$/

/** What is to be done, and before it, on a node. */
export interface Decision {
  readonly outcome: Outcome
  readonly directory?: {
    readonly verb: 'make' | 'remove'
    readonly node: string
    readonly path: string
    /** What is done instead where that fails. */
    readonly failed: (message: string) => Outcome
  }
}

const nothing: Decision = { outcome: nothingToDo }

export interface ClaimWorld {
  readonly claim: PersistentVolumeClaim
  readonly classNamed: (name: string) => StorageClass | undefined
  readonly nodes: () => readonly Node[]
  readonly volumes: () => readonly PersistentVolume[]
  readonly volumeNamed: (name: string) => PersistentVolume | undefined
  /** Below which directory volumes are on this node. */
  readonly rootOf: (node: string) => string
}

export function provision(world: ClaimWorld): Decision {
  const { claim } = world
  const { annotations = {}, deletionTimestamp, uid, namespace } = claim.metadata
  const isOurs = annotations[STORAGE_PROVISIONER] === PROVISIONER
  if (!isOurs || deletionTimestamp || claim.spec.volumeName) return nothing
  const found = world.classNamed(classOf(claim))
  if (found?.provisioner !== PROVISIONER) return nothing
  const name = `pvc-${uid}`
  if (world.volumeNamed(name)) return nothing
  const isDelayed = found.volumeBindingMode === 'WaitForFirstConsumer'
  const selected = annotations[SELECTED_NODE]
  if (isDelayed && selected === undefined) return nothing
  const refusal = refusalOf(claim)
  if (refusal !== undefined) return { outcome: failure(claim, refusal) }
  const node = selected === undefined ? anyPlace(world, found) : nodeNamed(world, selected)
  if (!node) return { outcome: withoutNode(claim, selected) }
  const { name: nodeName = '' } = node.metadata
  const path = `${world.rootOf(nodeName)}/${name}_${namespace}_${claim.metadata.name}`
  const volume = volumeFor(claim, found, { name, path, place: placeOfNode(node) })
  const about = `claim "${namespace}/${claim.metadata.name}"`
  return {
    outcome: {
      writes: [
        told(
          claim,
          'Normal',
          'Provisioning',
          `External provisioner is provisioning volume for ${about}`,
        ),
        { verb: 'create', kind: persistentVolume, object: volume },
        told(claim, 'Normal', 'ProvisioningSucceeded', `Successfully provisioned volume ${name}`),
      ],
    },
    directory: {
      verb: 'make',
      node: nodeName,
      path,
      failed: message =>
        failure(
          claim,
          `failed to provision volume with StorageClass "${found.metadata.name}": ${message}`,
        ),
    },
  }
}

/** What a directory cannot be. */
function refusalOf({ spec }: PersistentVolumeClaim): string | undefined {
  const { accessModes = [], selector, volumeMode, dataSource, dataSourceRef } = spec
  if (!accessModes.every(mode => MODES.has(mode)))
    return 'only the access modes ReadWriteOnce and ReadWriteOncePod are possible in a directory of a node'
  if (volumeMode === 'Block') return 'block volume provisioning is not supported'
  if (selector) return 'claim Selector is not supported'
  if (dataSource || dataSourceRef) return 'claim dataSource is not supported'
  if (spec.volumeAttributesClassName) return 'VolumeAttributesClass is not supported'
  return undefined
}

const nodeNamed = ({ nodes }: ClaimWorld, name: string): Node | undefined =>
  nodes().find(({ metadata }) => metadata.name === name)

/** Where nobody has chosen: the node with the fewest of our volumes. */
function anyPlace({ nodes, volumes }: ClaimWorld, { allowedTopologies = [] }: StorageClass) {
  const counts = new Map<string, number>()
  for (const volume of volumes())
    if (isOurVolume(volume)) {
      const place = placeOfVolume(volume)
      counts.set(place, (counts.get(place) ?? 0) + 1)
    }
  const usable = nodes().filter(node => hasPlace(node, allowedTopologies))
  const countOn = (node: Node) => counts.get(placeOfNode(node)) ?? 0
  return usable.toSorted(
    (a, b) =>
      countOn(a) - countOn(b) || (a.metadata.name ?? '').localeCompare(b.metadata.name ?? ''),
  )[0]
}

/** A node that has gone cannot have the volume: without the annotation the scheduler chooses anew. */
function withoutNode(claim: PersistentVolumeClaim, selected: string | undefined): Outcome {
  if (selected === undefined) return failure(claim, 'no node may have the volume')
  const object = annotated(claim, { [SELECTED_NODE]: undefined }) as unknown as AnyObject
  const refused = failure(claim, `failed to get target node: node "${selected}" not found`)
  return { writes: [...refused.writes, { verb: 'update', kind: persistentVolumeClaim, object }] }
}

function failure(claim: PersistentVolumeClaim, message: string): Outcome {
  return { writes: [told(claim, 'Warning', 'ProvisioningFailed', message)], againAfterMs: RETRY_MS }
}

function volumeFor(
  claim: PersistentVolumeClaim,
  { metadata, reclaimPolicy = 'Delete' }: StorageClass,
  { name, path, place }: { name: string; path: string; place: string },
): AnyObject {
  const { name: claimName, namespace, uid, resourceVersion } = claim.metadata
  const onNode = { key: 'kubernetes.io/hostname', operator: 'In', values: [place] }
  return {
    metadata: { name, annotations: { [PROVISIONED_BY]: PROVISIONER }, finalizers: [FINALIZER] },
    spec: {
      capacity: { storage: sizeWanted(claim) },
      accessModes: claim.spec.accessModes,
      persistentVolumeReclaimPolicy: reclaimPolicy,
      storageClassName: metadata.name,
      volumeMode: 'Filesystem',
      claimRef: {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        namespace,
        name: claimName,
        uid,
        resourceVersion,
      },
      hostPath: { path, type: 'DirectoryOrCreate' },
      nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [onNode] }] } },
    },
  } as unknown as AnyObject
}

export interface VolumeWorld {
  readonly volume: PersistentVolume
  readonly nodes: () => readonly Node[]
  readonly rootOf: (node: string) => string
}

const isOurVolume = ({ metadata }: PersistentVolume): boolean =>
  metadata.annotations?.[PROVISIONED_BY] === PROVISIONER

export function reclaim({ volume, nodes, rootOf }: VolumeWorld): Decision {
  if (!isOurVolume(volume)) return nothing
  const { persistentVolumeReclaimPolicy: policy, hostPath } = volume.spec
  const { deletionTimestamp } = volume.metadata
  // Whoever deletes a volume that is to be retained keeps the directory.
  if (policy !== 'Delete' || !hostPath)
    return deletionTimestamp ? { outcome: { writes: letGo(volume) } } : nothing
  if (volume.status.phase !== 'Released' && volume.status.phase !== 'Failed') return nothing
  const place = placeOfVolume(volume)
  const node = nodes().find(each => placeOfNode(each) === place)?.metadata.name ?? place
  const failed = (message: string): Outcome => ({
    writes: [told(volume, 'Warning', 'VolumeFailedDelete', message)],
    againAfterMs: RETRY_MS,
  })
  // Anybody who may create volumes can write any path into one that looks like ours.
  const path = hostPath.path
  const cut = path.lastIndexOf('/')
  if (path.slice(0, cut) !== rootOf(node) || !DIRECTORY.test(path.slice(cut + 1)))
    return {
      outcome: failed(`${path} is no directory that was made for a claim on node "${node}"`),
    }
  const gone: Write = { verb: 'delete', kind: persistentVolume, object: volume }
  return {
    outcome: { writes: [...letGo(volume), ...(deletionTimestamp ? [] : [gone])] },
    directory: { verb: 'remove', node, path, failed },
  }
}

function letGo(volume: PersistentVolume): Write[] {
  const { finalizers = [] } = volume.metadata
  if (!finalizers.includes(FINALIZER)) return []
  const metadata = { ...volume.metadata, finalizers: finalizers.filter(each => each !== FINALIZER) }
  return [
    {
      verb: 'update',
      kind: persistentVolume,
      object: { ...volume, metadata } as unknown as AnyObject,
    },
  ]
}

function told(
  about: PersistentVolumeClaim | PersistentVolume,
  type: 'Normal' | 'Warning',
  reason: string,
  message: string,
): Write {
  return { verb: 'event', about, type, reason, text: { message } }
}
