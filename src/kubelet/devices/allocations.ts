/** Which devices containers have, by pod, container and resource. */
import type { ContainerAllocateResponse } from './messages.ts'

export interface Allocated {
  /** Device ids. */
  readonly ids: readonly string[]
  /** NUMA node by device id; -1, as in upstream's file, for one that is near to none. */
  readonly numaNodeOf: ReadonlyMap<string, number>
  /** What the plugin said is needed to use them. */
  readonly response: ContainerAllocateResponse
}

/** By resource. */
export type ContainerDevices = ReadonlyMap<string, Allocated>

export interface AllocationEntry {
  readonly uid: string
  readonly container: string
  readonly resource: string
  readonly allocated: Allocated
}

/** What is chosen for a pod, while its plugin is asked for it: nobody else gets it, and no file says that somebody has it. */
export interface Reservation {
  readonly uid: string
  readonly resource: string
  readonly ids: readonly string[]
}

export class Allocations {
  readonly #pods = new Map<string, Map<string, Map<string, Allocated>>>()
  readonly #reserved = new Set<Reservation>()

  set({ uid, container, resource, allocated }: AllocationEntry): void {
    let pod = this.#pods.get(uid)
    if (!pod) {
      pod = new Map()
      this.#pods.set(uid, pod)
    }
    let devices = pod.get(container)
    if (!devices) {
      devices = new Map()
      pod.set(container, devices)
    }
    devices.set(resource, allocated)
  }

  of(uid: string, container: string): ContainerDevices {
    return this.#pods.get(uid)?.get(container) ?? new Map()
  }

  uids(): readonly string[] {
    return [...this.#pods.keys()]
  }

  reserve(reservation: Reservation): Reservation {
    this.#reserved.add(reservation)
    return reservation
  }

  /** Not any more where its pod ended meanwhile. */
  isReserved(reservation: Reservation): boolean {
    return this.#reserved.has(reservation)
  }

  letGo(reservation: Reservation): void {
    this.#reserved.delete(reservation)
  }

  /** What the pod has, and what is reserved for it. Gives whether it had any. */
  delete(uid: string): boolean {
    for (const each of this.#reserved) if (each.uid === uid) this.#reserved.delete(each)
    return this.#pods.delete(uid)
  }

  /** Ids of the resource that some container has, or that are reserved for one. */
  taken(resource: string): ReadonlySet<string> {
    const ids = new Set<string>()
    for (const entry of this.entries())
      if (entry.resource === resource) for (const id of entry.allocated.ids) ids.add(id)
    for (const reservation of this.#reserved)
      if (reservation.resource === resource) for (const id of reservation.ids) ids.add(id)
    return ids
  }

  /** UIDs of pods that have any of the resource. */
  usersOf(resource: string): ReadonlySet<string> {
    const uids = new Set<string>()
    for (const entry of this.entries()) if (entry.resource === resource) uids.add(entry.uid)
    return uids
  }

  *entries(): Generator<AllocationEntry> {
    for (const [uid, pod] of this.#pods)
      for (const [container, devices] of pod)
        for (const [resource, allocated] of devices) yield { uid, container, resource, allocated }
  }
}
