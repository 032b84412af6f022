/**
 * Pods that the node runs by itself, whether the API is there or not: one for each manifest. The API shows a mirror of each, which may be looked at
 * and not steered: whoever deletes it gets another.
 */

import type { Node } from '#api/core/v1/node.ts'
import { pod as podKind } from '#api/core/v1/pod/pod.ts'
import { isStatus } from '#api/machinery/status.ts'
import { Pauses, rfc3339 } from '#base/clock.ts'
import { messageOf } from '#base/errors.ts'
import type { KubeletContext } from '../options.ts'
import { type Pod, uidOf } from '../pod-types.ts'
import type { PodWorkers } from '../pods/pod-workers.ts'
import type { StatusWriter } from '../status/status-writer.ts'
import type { StaticPod } from './manifest.ts'
import type { ManifestFiles } from './manifest-files.ts'
import { mirroredUid } from './mirror.ts'

const LOOK_MS = 1_000
const RETRY_MS = 1_000
const RETRY_LIMIT_MS = 30_000
const DEFAULT_GRACE_SECONDS = 30

export interface StaticPodsParts {
  readonly context: KubeletContext
  readonly workers: () => Pick<PodWorkers, 'begin' | 'changed' | 'deleted'>
  readonly statusWriter: () => Pick<StatusWriter, 'mirrored'>
  /** The Node as the API has it, who owns the mirrors. */
  readonly node: () => Node | undefined
}

/** One name; a pod that a changed manifest replaces ends before the next begins. */
interface Place {
  wanted: StaticPod | undefined
  running: StaticPod | undefined
  isEnding: boolean
  mirror: Pod | undefined
  retryAtMs: number
  retryMs: number
  asking: Promise<void> | undefined
}

export class StaticPods {
  readonly #parts: StaticPodsParts
  #files: ManifestFiles | undefined
  readonly #pauses: Pauses
  readonly #places = new Map<string, Place>()
  readonly #uids = new Map<string, Place>()
  #over: Promise<void> | undefined
  /** Before the API told all its pods nobody knows whether a mirror is there. */
  #isApiKnown = false

  constructor(parts: StaticPodsParts) {
    this.#parts = parts
    this.#pauses = new Pauses(parts.context.clock)
  }

  /** Resolves when what is there now has been begun. */
  async start(): Promise<void> {
    const { options, clock, log } = this.#parts.context
    const { staticPodPath: path, nodeName, hostAccess } = options
    if (!path) return
    // Hardly any node has such pods, and what reads them takes a while to load.
    const { ManifestFiles } = await import('./manifest-files.ts')
    const { files } = hostAccess
    this.#files = new ManifestFiles({ path, nodeName, files, now: () => clock.now(), log })
    await this.#lookOrTell()
    this.#over = this.#lookForever()
  }

  async stop(): Promise<void> {
    this.#pauses.end()
    await this.#over
  }

  readonly isStatic = (uid: string): boolean => this.#uids.has(uid)

  /** How many of them the API shows. */
  get mirrorCount(): number {
    return [...this.#places.values()].filter(({ mirror }) => mirror).length
  }

  /** What stands for a pod in the API: itself, but for static ones. */
  readonly objectOf = (pod: Pod): Pod | undefined => {
    const place = this.#uids.get(uidOf(pod))
    if (!place) return pod
    const { mirror } = place
    return mirror && isShown(mirror, uidOf(pod)) ? mirror : undefined
  }

  apiKnown(): void {
    this.#isApiKnown = true
    for (const [name, place] of this.#places) this.#settle(name, place)
  }

  /** A pod of the API; true where it is a mirror, and nothing to run. */
  seen(pod: Pod): boolean {
    const uid = mirroredUid(pod)
    if (uid === undefined) return false
    const name = fullName(pod)
    const place = this.#placeOf(name)
    place.mirror = pod
    if (isShown(pod, uid) && this.isStatic(uid)) this.#parts.statusWriter().mirrored(uid)
    this.#settle(name, place)
    return true
  }

  unseen(pod: Pod): boolean {
    if (mirroredUid(pod) === undefined) return false
    const name = fullName(pod)
    const place = this.#placeOf(name)
    if (uidOf(place.mirror ?? pod) === uidOf(pod)) place.mirror = undefined
    this.#settle(name, place)
    return true
  }

  /** All its containers ended, as they should. */
  ended(pod: Pod): void {
    this.#parts.workers().deleted(pod)
  }

  /** Nothing is left of it here. */
  gone(uid: string): void {
    const place = this.#uids.get(uid)
    if (!place) return
    this.#uids.delete(uid)
    place.running = undefined
    place.isEnding = false
    for (const [name, each] of this.#places) if (each === place) this.#settle(name, place)
  }

  async #lookForever(): Promise<void> {
    for (;;) {
      await this.#pauses.take(LOOK_MS)
      if (this.#pauses.isOver) return
      await this.#lookOrTell()
    }
  }

  /** A directory that cannot be read must not keep the node from all other pods. */
  async #lookOrTell(): Promise<void> {
    await this.#look().catch(error =>
      this.#parts.context.log.warn('manifests cannot be read', { error: messageOf(error) }),
    )
  }

  async #look(): Promise<void> {
    const found = new Map<string, StaticPod>()
    for (const each of (await this.#files?.look()) ?? []) {
      const name = fullName(each.pod)
      // The first file wins, as it did when it was alone.
      if (!found.has(name)) found.set(name, each)
    }
    for (const [name, wanted] of found) this.#placeOf(name).wanted = wanted
    for (const [name, place] of this.#places) {
      if (!found.has(name)) place.wanted = undefined
      this.#settle(name, place)
    }
  }

  #placeOf(name: string): Place {
    let place = this.#places.get(name)
    if (!place) {
      place = {
        wanted: undefined,
        running: undefined,
        isEnding: false,
        mirror: undefined,
        retryAtMs: 0,
        retryMs: RETRY_MS,
        asking: undefined,
      }
      this.#places.set(name, place)
    }
    return place
  }

  #settle(name: string, place: Place): void {
    if (this.#pauses.isOver) return
    const { wanted, running } = place
    if (running && running !== wanted && !isSamePod(running, wanted)) this.#end(place, running.pod)
    if (!place.running && wanted) {
      place.running = wanted
      this.#uids.set(uidOf(wanted.pod), place)
      this.#parts.workers().begin(wanted.pod)
    }
    if (this.#isApiKnown) this.#showMirror(name, place)
    const isEmpty = !place.wanted && !place.running && !place.mirror && !place.asking
    if (isEmpty) this.#places.delete(name)
  }

  /** As if somebody had deleted it with the grace that it asks for. */
  #end(place: Place, pod: Pod): void {
    if (place.isEnding) return
    place.isEnding = true
    const seconds = pod.spec?.terminationGracePeriodSeconds
    const deleted = {
      ...pod,
      metadata: {
        ...pod.metadata,
        deletionTimestamp: rfc3339(this.#parts.context.clock.now()),
        deletionGracePeriodSeconds: Number(seconds ?? DEFAULT_GRACE_SECONDS),
      },
    } as Pod
    this.#parts.workers().changed(deleted, pod)
  }

  #showMirror(name: string, place: Place): void {
    const { clock, log } = this.#parts.context
    if (place.asking || clock.monotonicMs() < place.retryAtMs) return
    const step = this.#nextStep(place)
    if (!step) return
    place.asking = step()
      .then(
        () => {
          place.retryMs = RETRY_MS
        },
        error => {
          place.retryAtMs = clock.monotonicMs() + place.retryMs
          place.retryMs = Math.min(2 * place.retryMs, RETRY_LIMIT_MS)
          log.debug('a mirror pod could not be brought up to date', {
            pod: name,
            error: messageOf(error),
          })
        },
      )
      .finally(() => {
        place.asking = undefined
        // What comes of it is seen as a change of the pod; what failed is tried with one of the next looks.
      })
  }

  #nextStep(place: Place): (() => Promise<void>) | undefined {
    const { mirror, running } = place
    const { client } = this.#parts.context
    if (mirror && !(running && isShown(mirror, uidOf(running.pod)))) {
      const { name = '', namespace = '' } = mirror.metadata
      const remove = { gracePeriodSeconds: 0, uid: uidOf(mirror) }
      return async () => {
        try {
          await client.delete(podKind, { name, namespace }, remove)
        } catch (error) {
          if (!isStatus(error, 'NotFound', 'Conflict')) throw error
        }
      }
    }
    const node = this.#parts.node()
    if (mirror || !running || !node) return undefined
    return async () => {
      const made = await client.create(podKind, ownedBy(node, running.mirror))
      place.mirror ??= made
    }
  }
}

const fullName = ({ metadata }: Pod) => `${metadata.namespace}/${metadata.name}`

const isSamePod = (one: StaticPod, other: StaticPod | undefined) =>
  other !== undefined && uidOf(one.pod) === uidOf(other.pod)

const isShown = (mirror: Pod, uid: string): boolean =>
  mirroredUid(mirror) === uid && !mirror.metadata.deletionTimestamp

function ownedBy({ metadata }: Node, mirror: Pod): Pod {
  const owner = {
    apiVersion: 'v1',
    kind: 'Node',
    name: metadata.name ?? '',
    uid: metadata.uid ?? '',
    controller: true,
  }
  return { ...mirror, metadata: { ...mirror.metadata, ownerReferences: [owner] } }
}
