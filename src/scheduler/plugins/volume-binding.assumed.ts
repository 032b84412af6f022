/** Volumes and claims as they will be once the decisions for pods that were just placed are written. */
import { type PersistentVolume, persistentVolume } from '#api/core/v1/persistent-volume.ts'
import {
  type PersistentVolumeClaim,
  persistentVolumeClaim,
} from '#api/core/v1/persistent-volume-claim.ts'
import { annotated, pointedAt, SELECTED_NODE } from '#api/core/v1/volume-binding.ts'
import { type KubernetesObject, keyOf } from '#api/machinery/metadata.ts'
import type { Informer } from '#client/informer.ts'
import type { Handle } from '../framework/handle.ts'
import type { NodeVolumes } from './volume-binding.find.ts'

export class AssumedVolumes {
  readonly #volumes: Overlay<PersistentVolume>
  readonly #claims: Overlay<PersistentVolumeClaim>

  constructor({ informers, follow }: Handle) {
    this.#volumes = new Overlay(informers.for(persistentVolume), follow)
    this.#claims = new Overlay(informers.for(persistentVolumeClaim), follow)
  }

  volume(known: PersistentVolume): PersistentVolume {
    return this.#volumes.get(known)
  }

  claim(known: PersistentVolumeClaim): PersistentVolumeClaim {
    return this.#claims.get(known)
  }

  /** Takes note of what is decided for a node, so that no other pod gets the same volumes. */
  assume({ bindings, provisions }: NodeVolumes, node: string): void {
    for (const { volume, claim } of bindings) this.#volumes.set(pointedAt(volume, claim))
    for (const claim of provisions) this.#claims.set(annotated(claim, { [SELECTED_NODE]: node }))
  }

  revert({ bindings, provisions }: NodeVolumes): void {
    for (const { volume } of bindings) this.#volumes.delete(volume)
    for (const claim of provisions) this.#claims.delete(claim)
  }
}

/** Objects that stand for those of the API until these change. */
class Overlay<T extends KubernetesObject> {
  readonly #assumed = new Map<string, T>()

  constructor(informer: Informer<T>, follow: Handle['follow']) {
    const forget = (object: T) => void this.#assumed.delete(keyOf(object))
    follow(informer, { changed: forget, deleted: forget })
  }

  get(known: T): T {
    return this.#assumed.get(keyOf(known)) ?? known
  }

  set(object: T): void {
    this.#assumed.set(keyOf(object), object)
  }

  delete(object: T): void {
    this.#assumed.delete(keyOf(object))
  }
}
