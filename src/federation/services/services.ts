/**
 * Services across clusters (KEP 1645): a queue of the services that clusters export or import, and workers that do what is decided for each
 * (`decide.ts`). Everything may be repeated, so a view that is a little behind costs a request and does no harm.
 */
import { isStatus, StatusError } from '#api/machinery/status.ts'
import { messageOf } from '#base/errors.ts'
import type { FigureBook } from '#base/figures.ts'
import type { RoleContext, Running } from '#client/role.ts'
import { createWorkQueue, type WorkQueue } from '#client/work-queue.ts'
import { workQueueMeter } from '#client/work-queue-figures.ts'
import type { Member } from '../inventory/member.ts'
import type { MemberState, Members } from '../inventory/members.ts'
import { MANAGER, SERVICES } from '../names.ts'
import { CopyWriter, ForeignObject } from '../sync/copy-writer.ts'
import { type Action, type ClusterView, decideService } from './decide.ts'
import { MemberServices, unseen } from './member-services.ts'

/** Clusters may be far away; their answers are what workers mostly wait for. */
const WORKERS = 8
/** The longest pause between two attempts of one service. */
const LONGEST_PAUSE_MS = 60_000
/** When the last export is gone, Services and endpoints are watched for a little longer: what was made of it is being taken away. */
const LINGER_MS = 60_000

export interface ServicesOptions {
  /** Of the federation. */
  readonly uid: string
  readonly members: Members
  readonly figures: FigureBook
}

export class Services implements Running {
  readonly #context: RoleContext
  readonly #options: ServicesOptions
  readonly #queue: WorkQueue
  readonly #copies: CopyWriter
  readonly #clusters = new Map<string, MemberServices>()
  /** By service and cluster, why writing failed last. */
  readonly #failures = new Map<string, Map<string, string>>()
  /** Services that were worked on and are not gone from everywhere yet. */
  readonly #known = new Set<string>()
  readonly #leaving = new Set<Promise<void>>()
  #hasDetails = false
  #endLinger: (() => void) | undefined
  #workers: Promise<unknown> = Promise.resolve()
  #isRunning = false

  constructor(context: RoleContext, options: ServicesOptions) {
    this.#context = context
    this.#options = options
    this.#copies = new CopyWriter(options.uid)
    this.#queue = createWorkQueue({
      clock: context.clock,
      maximumDelayMs: LONGEST_PAUSE_MS,
      meter: workQueueMeter(options.figures, 'federation_services'),
    })
  }

  start(): void {
    this.#isRunning = true
    this.#workers = Promise.all(Array.from({ length: WORKERS }, () => this.#work()))
    this.clustersChanged()
  }

  /** A cluster came, went, or changed its state. */
  clustersChanged(): void {
    if (!this.#isRunning) return
    const members = this.#partakers()
    const connected = new Map(
      members.flatMap(({ name, member }) => (member ? [[name, member]] : [])),
    )
    for (const [name, services] of this.#clusters)
      if (connected.get(name) !== services.member) this.#leave(name, services)
    for (const [name, member] of connected) if (!this.#clusters.has(name)) this.#enter(name, member)
    this.#count()
    this.#wakeAll()
  }

  async stop(): Promise<void> {
    this.#isRunning = false
    this.#endLinger?.()
    this.#queue.stop()
    for (const [name, services] of this.#clusters) this.#leave(name, services)
    await this.#workers
    await Promise.all(this.#leaving)
  }

  #partakers(): readonly MemberState[] {
    return this.#options.members.list().filter(({ labels }) => labels?.[SERVICES] !== 'false')
  }

  #enter(name: string, member: Member): void {
    const { clock, random, log } = this.#context
    const services = new MemberServices({
      ...{ member, clock, random, log, uid: this.#options.uid },
      wake: key => {
        if (this.#isMeant(key)) this.#queue.add(key)
      },
      wakeAll: () => this.#wakeAll(),
      wakeWithin: namespace => {
        for (const key of this.#keys(namespace)) this.#queue.add(key)
      },
      counted: () => this.#count(),
    })
    this.#clusters.set(name, services)
    services.watchDetails(this.#hasDetails)
    services.start()
  }

  #leave(name: string, services: MemberServices): void {
    this.#clusters.delete(name)
    const leaving = services.stop()
    this.#leaving.add(leaving)
    void leaving.finally(() => this.#leaving.delete(leaving))
  }

  #count(): void {
    const isUsed = [...this.#clusters.values()].some(({ count }) => count > 0)
    if (isUsed) {
      this.#endLinger?.()
      this.#endLinger = undefined
      this.#watchDetails(true)
    } else if (this.#hasDetails && !this.#endLinger)
      this.#endLinger = this.#context.clock.after(LINGER_MS, () => {
        this.#endLinger = undefined
        this.#watchDetails(false)
      })
  }

  #watchDetails(isWanted: boolean): void {
    if (this.#hasDetails === isWanted) return
    this.#hasDetails = isWanted
    for (const services of this.#clusters.values()) services.watchDetails(isWanted)
  }

  #keys(namespace?: string): ReadonlySet<string> {
    return new Set([...this.#clusters.values()].flatMap(services => services.keys(namespace)))
  }

  /** What was just deleted is meant, too. */
  #isMeant(key: string): boolean {
    return this.#known.has(key) || [...this.#clusters.values()].some(services => services.has(key))
  }

  #wakeAll(): void {
    for (const key of this.#keys()) this.#queue.add(key)
    for (const key of this.#known) this.#queue.add(key)
  }

  async #work(): Promise<void> {
    for (let key = await this.#queue.next(); key !== undefined; key = await this.#queue.next()) {
      try {
        const isWell = await this.#serve(key)
        if (isWell) this.#queue.forget(key)
        else this.#queue.addRateLimited(key)
      } catch (error) {
        this.#context.log.warn('a service across clusters is not served yet', {
          key,
          error: messageOf(error),
        })
        this.#queue.addRateLimited(key)
      }
      this.#queue.done(key)
    }
  }

  /** False where something failed. */
  async #serve(key: string): Promise<boolean> {
    const at = key.indexOf('/')
    const [namespace, name] = [key.slice(0, at), key.slice(at + 1)]
    const failures = this.#failures.get(key)
    const clusters = this.#partakers().map(({ name: cluster, state }): ClusterView => {
      const services = this.#clusters.get(cluster)
      const view = services?.view(state, namespace, name) ?? unseen(cluster, state)
      return { ...view, failure: failures?.get(cluster) }
    })
    this.#known.add(key)
    const nowMs = this.#context.clock.now()
    const { uid } = this.#options
    const { actions } = decideService({ ...{ uid, namespace, name, clusters, nowMs } })
    const told = await Promise.all(
      clusters.map(async ({ name: cluster, isKnown }) => {
        const wanted = actions.get(cluster) ?? []
        // What failed there last time is past only where something was tried, or nothing is left to try.
        if (wanted.length === 0 && !isKnown) return true
        return this.#perform(key, cluster, wanted)
      }),
    )
    const isWell = told.every(isDone => isDone)
    const isGone = clusters.every(
      ({ serviceExport, serviceImport, derived, imported }) =>
        !serviceExport && !serviceImport && !derived && imported.length === 0,
    )
    if (isWell && isGone) {
      this.#known.delete(key)
      this.#failures.delete(key)
    }
    return isWell
  }

  /** True where all went well. One after the other: each builds on the one before. */
  async #perform(key: string, cluster: string, actions: readonly Action[]): Promise<boolean> {
    const member = this.#clusters.get(cluster)?.member
    if (!member) return true
    let failure: string | undefined
    let isDone = true
    for (const action of actions)
      try {
        await this.#write(member, action)
      } catch (error) {
        isDone = false
        if (!(error instanceof StatusError || error instanceof ForeignObject))
          this.#options.members.suspect(cluster)
        // A namespace that is going, an object that changed meanwhile: that passes.
        if (isStatus(error, 'NotFound', 'Conflict')) continue
        failure ??= messageOf(error)
      }
    this.#note(key, cluster, failure)
    return isDone
  }

  async #write({ client }: Member, action: Action): Promise<void> {
    const { kind } = action
    switch (action.verb) {
      case 'create':
        return this.#copies.create(client, kind, action.desired)
      case 'apply':
        return this.#copies.apply(client, kind, action.desired, action.copy)
      case 'delete':
        await this.#copies.remove(client, kind, action.copy)
        return
      case 'tell': {
        const { name = '', namespace, uid, resourceVersion } = action.object.metadata
        const at = { name, ...(namespace === undefined ? {} : { namespace }) }
        const patch = { metadata: { uid, resourceVersion }, status: action.status }
        const options = { subresource: 'status', fieldManager: MANAGER }
        await client.patch(kind, at, 'merge', patch, options)
      }
    }
  }

  /** A failure is told at the exports at the next attempt, and at once that it is past. */
  #note(key: string, cluster: string, failure: string | undefined): void {
    const known = this.#failures.get(key) ?? new Map<string, string>()
    if (known.get(cluster) === failure) return
    if (failure === undefined) known.delete(cluster)
    else known.set(cluster, failure)
    if (known.size > 0) this.#failures.set(key, known)
    else this.#failures.delete(key)
    if (failure === undefined) this.#queue.add(key)
  }
}
