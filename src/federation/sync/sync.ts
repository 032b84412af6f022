/**
 * Carries out what is decided: a queue of objects of the host, some workers, and writes to host and clusters. Everything may be repeated, so a
 * view that is a little behind costs a request and does no harm.
 */
import { horizontalPodAutoscaler } from '#api/autoscaling/v2/horizontal-pod-autoscaler.ts'
import { namespace as namespaceKind } from '#api/core/v1/namespace.ts'
import { type LabelMatcher, nothing } from '#api/machinery/label-selector.ts'
import { type KubernetesObject, keyOf } from '#api/machinery/metadata.ts'
import { isStatus } from '#api/machinery/status.ts'
import { rfc3339 } from '#base/clock.ts'
import { messageOf } from '#base/errors.ts'
import type { FigureBook } from '#base/figures.ts'
import { createEventRecorder, type EventRecorder } from '#client/events.ts'
import type { RoleContext, Running } from '#client/role.ts'
import { createWorkQueue, type WorkQueue } from '#client/work-queue.ts'
import { workQueueMeter } from '#client/work-queue-figures.ts'
import type { Members } from '../inventory/members.ts'
import { CLUSTER_SELECTOR, MANAGER } from '../names.ts'
import { parseClusterSelector } from '../placement/cluster-selector.ts'
import {
  DEFAULT_PREFERENCES,
  type Preferences,
  parsePreferences,
} from '../placement/preferences.ts'
import { Capacities } from './capacities.ts'
import { CopyWriter } from './copy-writer.ts'
import { decide } from './decide.ts'
import { DELETION_POLL_MS, deleteEverywhere } from './delete-everywhere.ts'
import { builtInKinds, type FederatedKind, isFederated } from './federated-kinds.ts'
import { fieldsOf, specOf } from './fields.ts'
import { HostWriter, placementOf } from './host-writer.ts'
import { differsInPlace, within } from './namespaces.ts'
import { Obstacles } from './obstacles.ts'
import { Performer } from './performer.ts'
import { viewClusters } from './view-clusters.ts'

/** Members may be far away; their answers are what workers mostly wait for. */
const WORKERS = 16
/** The longest pause between two attempts of one object: a cluster that came back is not to wait longer. */
const LONGEST_PAUSE_MS = 60_000

export interface SyncOptions {
  readonly uid: string
  readonly members: Members
  readonly figures: FigureBook
}

export class Sync implements Running {
  readonly #context: RoleContext
  readonly #options: SyncOptions
  readonly #queue: WorkQueue
  readonly #recorder: EventRecorder
  readonly #kinds = new Map<string, { kind: FederatedKind; end: () => void }>()
  readonly #copies: CopyWriter
  readonly #host: HostWriter
  readonly #obstacles: Obstacles
  readonly #capacities: Capacities
  readonly #performer: Performer
  readonly #stopped = Promise.withResolvers<void>()
  #isStopped = false
  #workers: Promise<unknown> = Promise.resolve()

  constructor(context: RoleContext, options: SyncOptions) {
    const { client, clock, random, log } = context
    this.#context = context
    this.#options = options
    this.#queue = createWorkQueue({
      clock,
      maximumDelayMs: LONGEST_PAUSE_MS,
      meter: workQueueMeter(options.figures, 'federation'),
    })
    this.#recorder = createEventRecorder(client, { clock, random, log, component: MANAGER })
    this.#copies = new CopyWriter(options.uid)
    this.#host = new HostWriter(client)
    this.#obstacles = new Obstacles(clock)
    this.#capacities = new Capacities(clock)
    this.#performer = new Performer({
      ...{ clock, members: options.members, copies: this.#copies },
      ...{ recorder: this.#recorder, obstacles: this.#obstacles },
    })
  }

  start(): void {
    for (const kind of builtInKinds) this.follow(kind)
    this.#workers = Promise.all(Array.from({ length: WORKERS }, () => this.#work()))
  }

  follow(kind: FederatedKind): void {
    const id = idOf(kind)
    if (this.#kinds.has(id)) return
    const end = this.#context.informers.for(kind.kind).subscribe({
      changed: (object, previous) => {
        this.#wakeTarget(kind, object)
        this.#wakeWithin(kind, object, previous)
        this.#queue.add(`${id}|${keyOf(object)}`)
      },
      deleted: object => {
        this.#wakeTarget(kind, object)
        this.#forget(`${id}|${keyOf(object)}`)
      },
    })
    this.#kinds.set(id, { kind, end })
    this.#options.members.follow(kind.kind, builtInKinds.includes(kind))
  }

  unfollow(kind: FederatedKind): void {
    this.#kinds.get(idOf(kind))?.end()
    this.#kinds.delete(idOf(kind))
    this.#options.members.unfollow(kind.kind)
  }

  /** A copy changed in some cluster. */
  copyChanged(kind: FederatedKind['kind'], copy: KubernetesObject): void {
    this.#queue.add(`${idOf({ kind })}|${keyOf(copy)}`)
  }

  /** Something changed that concerns all objects. */
  wakeAll(): void {
    for (const [id, { kind }] of this.#kinds)
      for (const object of this.#context.informers.for(kind.kind).list())
        this.#queue.add(`${id}|${keyOf(object)}`)
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    this.#stopped.resolve()
    for (const { end } of this.#kinds.values()) end()
    this.#queue.stop()
    await this.#workers
    await this.#recorder.stop()
  }

  /** What an autoscaler sizes is placed differently from when it came or went. */
  #wakeTarget({ kind }: FederatedKind, object: KubernetesObject): void {
    if (kind !== horizontalPodAutoscaler) return
    const { name } = fieldsOf(specOf(object).scaleTargetRef)
    for (const [id, { kind: target }] of this.#kinds)
      if (target.shares === 'replicas')
        this.#queue.add(`${id}|${object.metadata.namespace}/${String(name)}`)
  }

  /** Objects are where their namespace is. */
  #wakeWithin(
    { kind }: FederatedKind,
    object: KubernetesObject,
    previous: KubernetesObject | undefined,
  ): void {
    if (kind !== namespaceKind || !previous || !differsInPlace(object, previous)) return
    for (const [id, { kind: other }] of this.#kinds)
      for (const each of this.#context.informers.for(other.kind).list(object.metadata.name))
        if (other.kind.scope === 'Namespaced') this.#queue.add(`${id}|${keyOf(each)}`)
  }

  #namespaceOf({ metadata: { namespace } }: KubernetesObject): KubernetesObject | undefined {
    if (namespace === undefined || namespace === 'default') return undefined
    return this.#context.informers.for(namespaceKind).get(namespace)
  }

  async #work(): Promise<void> {
    for (let key = await this.#queue.next(); key !== undefined; key = await this.#queue.next()) {
      try {
        const againAfterMs = await this.#syncKey(key)
        this.#queue.forget(key)
        if (againAfterMs !== undefined) this.#queue.addAfter(key, againAfterMs)
      } catch (error) {
        const isRace = isStatus(error, 'Conflict', 'NotFound')
        this.#context.log[isRace ? 'debug' : 'warn']('an object is not placed yet', {
          key,
          error: messageOf(error),
        })
        this.#queue.addRateLimited(key)
      }
      this.#queue.done(key)
    }
  }

  /** When to look again, if at all. */
  async #syncKey(key: string): Promise<number | undefined> {
    const at = key.indexOf('|')
    const kind = this.#kinds.get(key.slice(0, at))?.kind
    if (!kind || !(await this.#isKnown(kind))) return undefined
    const informer = this.#context.informers.for(kind.kind)
    const object = informer.get(key.slice(at + 1)) as KubernetesObject | undefined
    if (!object) return undefined
    if (object.metadata.deletionTimestamp !== undefined) {
      const isGone = await deleteEverywhere(
        { kind, object, ...this.#options },
        this.#copies,
        this.#host,
      )
      return isGone ? undefined : DELETION_POLL_MS
    }
    return this.#place(key, kind, object)
  }

  /**
   * Resolves when all is known that says where an object is to be and in which size: before its autoscaler is, copies would lose the size that it gave
   * them. False where there is nobody to do anything any more.
   */
  async #isKnown({ kind }: FederatedKind): Promise<boolean> {
    const { informers } = this.#context
    const all = [kind, namespaceKind, horizontalPodAutoscaler].map(each => informers.for(each))
    await Promise.race([Promise.all(all.map(({ synced }) => synced)), this.#stopped.promise])
    return !this.#isStopped
  }

  /** When to look again, if at all. */
  async #place(
    key: string,
    kind: FederatedKind,
    object: KubernetesObject,
  ): Promise<number | undefined> {
    const isMeant = isFederated(kind.kind, object)
    const isHeld = this.#host.isHeld(object)
    if (!isMeant && !isHeld) return undefined
    // Before anything is placed: what is deleted while we are away is to be taken away from clusters all the same.
    if (!isHeld) {
      await this.#host.hold(kind.kind, object)
      return undefined
    }
    const wish = this.#wishOf(kind, object)
    // Nobody can say where it is meant to be, so it stays where it is.
    if (!wish) return undefined
    const { members, uid } = this.#options
    const remembered = placementOf(object)
    const { clusters, againAfterMs } = await viewClusters({
      ...{ key, kind, object, members },
      ...{ copies: this.#copies, obstacles: this.#obstacles, capacities: this.#capacities },
      ...{ clock: this.#context.clock, log: this.#context.log },
    })
    const decision = decide({
      ...{ kind, object, uid, clusters, remembered },
      selector: isMeant ? within(wish.selector, this.#namespaceOf(object)) : nothing,
      preferences: wish.preferences,
      isAutoscaled: this.#isAutoscaled(kind, object),
    })
    // Told before it is done: a deletion has to know where copies may be, whatever happens in between.
    await this.#host.place(kind.kind, object, decision.placement)
    const { pauseMs, failures } = await this.#performer.perform(key, kind, object, decision.actions)
    if (kind.gather && isMeant) {
      const { isSettled } = decision
      const copies = decision.copies.map(({ copy }) => ({ object: copy }))
      const now = rfc3339(this.#context.clock.now())
      const status = kind.gather({ object, copies, isSettled, now })
      await this.#host.tell(kind.kind, object, status)
    }
    // Only now: how it is elsewhere is to be told all the same.
    if (failures.length > 0) throw failures[0]
    if (!isMeant && Object.keys(decision.placement).length === 0)
      await this.#host.release(kind.kind, object)
    return soonest(againAfterMs, pauseMs)
  }

  /** What is wrong with it is told. */
  #wishOf(
    { preferences: annotation = '' }: FederatedKind,
    object: KubernetesObject,
  ): { readonly selector: LabelMatcher; readonly preferences: Preferences } | undefined {
    const { annotations = {} } = object.metadata
    const complain = (name: string, reason: string, error: unknown) =>
      this.#recorder.record(object, 'Warning', reason, {
        message: `annotation ${name}: ${messageOf(error)}`,
      })
    let selector: LabelMatcher
    try {
      selector = parseClusterSelector(annotations[CLUSTER_SELECTOR])
    } catch (error) {
      complain(CLUSTER_SELECTOR, 'InvalidClusterSelector', error)
      return undefined
    }
    let preferences = DEFAULT_PREFERENCES
    const text = annotations[annotation]
    try {
      if (text !== undefined) preferences = parsePreferences(text)
    } catch (error) {
      complain(annotation, 'InvalidPreferences', error)
    }
    return { selector, preferences }
  }

  #isAutoscaled({ shares, kind }: FederatedKind, object: KubernetesObject): boolean {
    if (shares !== 'replicas') return false
    const { name, namespace } = object.metadata
    return this.#context.informers
      .for(horizontalPodAutoscaler)
      .list(namespace)
      .some(autoscaler => {
        const { scaleTargetRef: target } = autoscaler.spec
        return (
          target.kind === kind.kind &&
          target.name === name &&
          isFederated(horizontalPodAutoscaler, autoscaler)
        )
      })
  }

  #forget(key: string): void {
    this.#obstacles.forget(key)
    this.#capacities.forget(key)
    this.#performer.forget(key)
    this.#queue.forget(key)
  }
}

const idOf = ({ kind: { group, plural } }: Pick<FederatedKind, 'kind'>): string =>
  group === '' ? plural : `${plural}.${group}`

function soonest(...waits: readonly (number | undefined)[]): number | undefined {
  const known = waits.filter(wait => wait !== undefined)
  return known.length === 0 ? undefined : Math.min(...known)
}
