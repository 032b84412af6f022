/** Whether the volumes of a pod are within reach of a node, and which volumes its unbound claims could have there. */
import type { Node } from '#api/core/v1/node.ts'
import { matchesTerm } from '#api/core/v1/node-matching.ts'
import { type PersistentVolume, persistentVolume } from '#api/core/v1/persistent-volume.ts'
import type { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import { classOf } from '#api/core/v1/storage.ts'
import {
  BIND_COMPLETED,
  bestVolume,
  hasAnnotation,
  isKeptFor,
  SELECTED_NODE,
  sizeWanted,
} from '#api/core/v1/volume-binding.ts'
import { labelMatcherOf } from '#api/machinery/label-selector.ts'
import { keyOf } from '#api/machinery/metadata.ts'
import { compareQuantities } from '#api/machinery/quantity.ts'
import { csiDriver } from '#api/storage/v1/csi-driver.ts'
import {
  type CSIStorageCapacity,
  csiStorageCapacity,
} from '#api/storage/v1/csi-storage-capacity.ts'
import { type StorageClass, storageClass } from '#api/storage/v1/storage-class.ts'
import type { Informers } from '#client/informer.ts'
import type { AssumedVolumes } from './volume-binding.assumed.ts'

const NO_VOLUME = "node(s) didn't find available persistent volumes to bind"
const OUT_OF_REACH = "node(s) didn't match PersistentVolume's node affinity"
const NO_ROOM = 'node(s) did not have enough free storage'
const GONE = 'node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)'

/** Classes name it where nobody makes volumes. */
const NO_PROVISIONER = 'kubernetes.io/no-provisioner'
const BY_CLASS = 'class'

export interface ClaimsToPlace {
  readonly bound: readonly PersistentVolumeClaim[]
  /** Not bound before it is known where the pod runs. */
  readonly delayed: readonly PersistentVolumeClaim[]
}

export interface NodeVolumes {
  readonly bindings: readonly {
    readonly volume: PersistentVolume
    readonly claim: PersistentVolumeClaim
  }[]
  /** Claims for which a volume is to be made. */
  readonly provisions: readonly PersistentVolumeClaim[]
  /** The room that was found for those of them whose driver tells of it. */
  readonly rooms: ReadonlyMap<PersistentVolumeClaim, CSIStorageCapacity>
}
export interface Unfit {
  readonly reasons: readonly string[]
}

export function isFullyBound(claim: PersistentVolumeClaim): boolean {
  return Boolean(claim.spec.volumeName) && hasAnnotation(claim, BIND_COMPLETED)
}

/** A volume without node affinity is everywhere. */
export function isReachable({ spec }: PersistentVolume, node: Node): boolean {
  const required = spec.nodeAffinity?.required
  return !required || required.nodeSelectorTerms.some(term => matchesTerm(term, node))
}

export class VolumeFinder {
  readonly #volumes
  readonly #classes
  readonly #drivers
  readonly #capacities
  readonly #assumed: AssumedVolumes

  constructor(informers: Informers, assumed: AssumedVolumes) {
    this.#volumes = informers.for(persistentVolume)
    this.#classes = informers.for(storageClass)
    this.#drivers = informers.for(csiDriver)
    this.#capacities = informers.for(csiStorageCapacity)
    this.#assumed = assumed
    this.#volumes.addIndex(BY_CLASS, volume => [classOf(volume)])
    this.#capacities.addIndex(BY_CLASS, ({ storageClassName }) => [storageClassName])
  }

  /** Throws where a class is missing that was there a moment ago. */
  find({ bound, delayed }: ClaimsToPlace, node: Node): NodeVolumes | Unfit {
    const reasons: string[] = []
    const missing = this.#reasonAgainst(bound, node)
    if (missing === OUT_OF_REACH) reasons.push(missing)
    const placed = this.#placeDelayed(delayed, node)
    if (typeof placed === 'string') reasons.push(placed)
    if (missing === GONE) reasons.push(missing)
    return typeof placed === 'string' || reasons.length > 0 ? { reasons } : placed
  }

  #reasonAgainst(bound: readonly PersistentVolumeClaim[], node: Node): string | undefined {
    for (const claim of bound) {
      const volume = this.#volumes.get(claim.spec.volumeName ?? '')
      if (!volume) return GONE
      if (!isReachable(volume, node)) return OUT_OF_REACH
    }
    return undefined
  }

  /** The smallest claims first, so that they leave the larger volumes to the larger ones. */
  #placeDelayed(delayed: readonly PersistentVolumeClaim[], node: Node): NodeVolumes | string {
    const selected = (claim: PersistentVolumeClaim) => claim.metadata.annotations?.[SELECTED_NODE]
    const elsewhere = (claim: PersistentVolumeClaim) => {
      const name = selected(claim)
      return name !== undefined && name !== node.metadata.name
    }
    if (delayed.some(elsewhere)) return NO_VOLUME
    const provisions = delayed.filter(claim => selected(claim) !== undefined)
    const bindings: NodeVolumes['bindings'][number][] = []
    const taken = new Set<string>()
    const open = delayed.filter(claim => selected(claim) === undefined)
    for (const claim of open.toSorted((a, b) => compareQuantities(sizeWanted(a), sizeWanted(b)))) {
      const volume = this.#freeVolume(claim, node, taken)
      if (!volume) {
        provisions.push(claim)
        continue
      }
      taken.add(volume.metadata.name ?? '')
      bindings.push({ volume, claim })
    }
    const rooms = new Map<PersistentVolumeClaim, CSIStorageCapacity>()
    for (const claim of provisions) {
      const room = this.#roomFor(claim, node)
      if (typeof room === 'string') return room
      if (room) rooms.set(claim, room)
    }
    return { bindings, provisions, rooms }
  }

  #freeVolume(
    claim: PersistentVolumeClaim,
    node: Node,
    taken: ReadonlySet<string>,
  ): PersistentVolume | undefined {
    const volumes = this.#volumes
      .by(BY_CLASS, classOf(claim))
      .filter(({ metadata }) => !taken.has(metadata.name ?? ''))
      .map(volume => this.#assumed.volume(volume))
    const volume = bestVolume(claim, volumes, each => isReachable(each, node))
    // One that is kept for the claim is the one, or none is.
    return volume && isKeptFor(volume, claim) && !isReachable(volume, node) ? undefined : volume
  }

  /** Where a volume can be made for the claim that the node could reach; undefined where nobody asks, or why there is none. */
  #roomFor(claim: PersistentVolumeClaim, node: Node): CSIStorageCapacity | string | undefined {
    const name = classOf(claim)
    if (!name) throw new Error(`no class for claim "${keyOf(claim)}"`)
    const found = this.#classes.get(name)
    if (!found) throw new Error(`failed to find storage class "${name}"`)
    const { provisioner } = found
    if (!provisioner || provisioner === NO_PROVISIONER) return NO_VOLUME
    if (!allows(found, node)) return NO_VOLUME
    const wanted = claim.spec.resources.requests?.storage
    // Only drivers that say so have their room checked.
    if (wanted === undefined || !this.#drivers.get(provisioner)?.spec.storageCapacity)
      return undefined
    return (
      this.#capacities
        .by(BY_CLASS, name)
        .find(capacity => isLargeEnough(capacity, wanted) && isFor(capacity, node)) ?? NO_ROOM
    )
  }
}

function isLargeEnough({ maximumVolumeSize, capacity }: CSIStorageCapacity, wanted: string) {
  const limit = maximumVolumeSize ?? capacity
  return limit !== undefined && compareQuantities(limit, wanted) >= 0
}

function isFor({ nodeTopology }: CSIStorageCapacity, { metadata }: Node): boolean {
  return nodeTopology !== undefined && labelMatcherOf(nodeTopology).matches(metadata.labels ?? {})
}

/** Whether volumes of the class may be made where the node is. */
function allows({ allowedTopologies = [] }: StorageClass, { metadata }: Node): boolean {
  if (allowedTopologies.length === 0) return true
  const labels = metadata.labels ?? {}
  return allowedTopologies.some(({ matchLabelExpressions = [] }) => {
    if (matchLabelExpressions.length === 0) return false
    return matchLabelExpressions.every(({ key, values }) => values.includes(labels[key] ?? '\0'))
  })
}
