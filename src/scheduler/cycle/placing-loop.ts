/** Takes one pod after the other from the queue, tries to place it, and sees to it that whatever comes of it is done. */
import type { Pod } from '#api/core/v1/pod/pod.ts'
import { isStatus } from '#api/machinery/status.ts'
import { sleep } from '#base/clock.ts'
import { messageOf } from '#base/errors.ts'
import type { RoleContext } from '#client/role.ts'
import type { AttemptResult, SchedulerFigures } from '../figures.ts'
import { actions, type ClusterEvent } from '../framework/cluster-event.ts'
import { CycleState } from '../framework/cycle-state.ts'
import { measuredProfile, SAMPLED_PERCENT, timedPoint } from '../framework/durations.ts'
import type { Extender } from '../framework/extender.ts'
import type { Verdict } from '../framework/plugin.ts'
import type { Profile } from '../framework/profile.ts'
import { failed, isRejected, messageOfStatus, type Status } from '../framework/status.ts'
import type { WaitingPods } from '../framework/waiting-pods.ts'
import { createOutcomeWriter, type OutcomeWriter } from '../outcome.ts'
import type { RunningProfile } from '../profiles.ts'
import { hopeOf } from '../queue/hope.ts'
import type { QueuedPod } from '../queue/queued-pod.ts'
import type { SchedulingQueue } from '../queue/scheduling-queue.ts'
import type { ClusterState } from '../state/cluster-state.ts'
import type { Nominator } from '../state/nominator.ts'
import { type PodInfo, podInfoOf } from '../state/pod-info.ts'
import {
  type Attempt,
  type AttemptContext,
  attempt,
  type PostFiltered,
  runPostFilter,
} from './attempt.ts'
import {
  bind,
  type Placement,
  permit,
  postBind,
  preBind,
  preBindPreFlight,
  reserve,
  unreserve,
} from './binding.ts'
import { Failure } from './failure.ts'
import { FeasibleNodes } from './feasible.ts'

/** Bindings under way at a time: enough to fill the store's group commits, few enough to bound memory. */
const BINDINGS_LIMIT = 256
/** After so long without a pause, others in the process get their turn. */
const SLICE_MS = 4

export interface PlacingOptions {
  readonly context: RoleContext
  readonly state: ClusterState
  readonly nominator: Nominator
  readonly waitingPods: WaitingPods
  readonly queue: SchedulingQueue
  readonly profiles: ReadonlyMap<string, RunningProfile>
  readonly extenders: readonly Extender[]
  readonly percentageOfNodesToScore: number
  /** The pod as the API shows it now; undefined where it is gone. */
  readonly newest: (old: Pod) => Pod | undefined
  readonly figures: SchedulerFigures
  /** Whether the API is told of a chosen node before a pod that has to wait is bound to it. */
  readonly announcesNodes: boolean
  /** Whether what is known of nodes for one pod serves others that ask for the same. */
  readonly keepsAnswers: boolean
}

export class PlacingLoop {
  readonly counts = { scheduled: 0, unschedulable: 0, errors: 0 }
  readonly #options: PlacingOptions
  readonly #attempts: AttemptContext
  /** Profiles whose plugins are measured, by name. */
  readonly #measured: ReadonlyMap<string, Profile>
  readonly #outcomes: ReadonlyMap<string, OutcomeWriter>
  /** All that is under way behind the loop. */
  readonly #pending = new Map<string, Promise<void>>()
  /** Of those, what is being written. */
  readonly #writing = new Set<Promise<unknown>>()
  #stopped = false

  constructor(options: PlacingOptions) {
    this.#options = options
    const { context, state, nominator, extenders, percentageOfNodesToScore, profiles } = options
    this.#attempts = {
      snapshot: state,
      nominator,
      feasibleNodes: new FeasibleNodes(options.keepsAnswers),
      extenders,
      percentageOfNodesToScore,
      choose: context.random.integer,
    }
    this.#measured = new Map(
      [...profiles].map(([name, { profile }]) => [name, measuredProfile(profile)]),
    )
    this.#outcomes = new Map(
      [...profiles].map(([name, { recorder }]) => [name, createOutcomeWriter(context, recorder)]),
    )
  }

  /** Places pods until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { context, queue, figures, waitingPods } = this.#options
    const { clock } = context
    let sliceStartMs = clock.monotonicMs()
    while (!signal.aborted) {
      // The next pod must find the room of those that were turned away.
      for (const uid of waitingPods.turnedAway) await this.#pending.get(uid)
      if (signal.aborted) return
      const queued = queue.take()
      if (!queued) {
        await queue.ready()
        sliceStartMs = clock.monotonicMs()
        continue
      }
      const placing = this.#placeOne(queued)
      if (placing) await placing
      figures.chosen(clock.monotonicMs() - queued.triedMs)
      while (this.#writing.size >= BINDINGS_LIMIT) await Promise.race(this.#writing)
      if (clock.monotonicMs() - sliceStartMs < SLICE_MS) continue
      await sleep(clock, 0, signal).catch(() => {})
      sliceStartMs = clock.monotonicMs()
    }
  }

  /** How many pods are on their way to their nodes. */
  get bindings(): number {
    return this.#pending.size
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await Promise.allSettled(this.#pending.values())
  }

  /** The pod may wait for a node again, if it still exists and has none. */
  again(info: PodInfo): void {
    const current = this.#options.newest(info.pod)
    if (current && !current.spec.nodeName) this.#options.queue.set(podInfoOf(current))
  }

  /** Gives a promise only where something has to be waited for before the next pod. */
  #placeOne(queued: QueuedPod): Promise<void> | undefined {
    const { profiles, queue, state } = this.#options
    const { pod, uid } = queued.info
    const running = profiles.get(pod.spec.schedulerName ?? '')
    if (!running || pod.metadata.deletionTimestamp || state.isPlaced(uid)) {
      queue.done(uid)
      return undefined
    }
    const cycle = new CycleState()
    const profile = this.#sampled(running.profile, cycle)
    try {
      const result = attempt(this.#attempts, profile, cycle, queued.info)
      if (!(result instanceof Promise)) return this.#conclude(queued, cycle, result)
      return result.then(
        late => this.#conclude(queued, cycle, late),
        error => this.#crashed(queued, error),
      )
    } catch (error) {
      this.#crashed(queued, error)
      return undefined
    }
  }

  /** Gives one attempt in ten a watch, and plugins that look at it. */
  #sampled(profile: Profile, cycle: CycleState): Profile {
    const { context, figures } = this.#options
    const measured = this.#measured.get(profile.name)
    if (!measured || context.random.integer(100) >= SAMPLED_PERCENT) return profile
    cycle.watch = figures.watch(profile.name, () => context.clock.monotonicMs())
    return measured
  }

  /** A pod that a plugin cannot read must not stop the others. */
  #crashed(queued: QueuedPod, error: unknown): void {
    const { name } = queued.info.pod.metadata
    this.#options.context.log.error('a pod cannot be scheduled', { pod: name, error })
    this.#fail(queued, failed('', messageOf(error), error))
  }

  #conclude(queued: QueuedPod, cycle: CycleState, result: Attempt): Promise<void> | undefined {
    const { profiles } = this.#options
    const name = queued.info.pod.spec.schedulerName ?? ''
    const profile = cycle.watch ? this.#measured.get(name) : profiles.get(name)?.profile
    if (!profile) return undefined
    if ('status' in result) this.#fail(queued, result.status, { nominatedNode: '' })
    else if ('node' in result)
      this.#place(queued, { profile, cycle, pod: queued.info, node: result.node })
    else
      return runPostFilter(profile, cycle, queued.info, result.failure).then(
        postFiltered => this.#refuse(queued, result.failure, postFiltered),
        error => this.#crashed(queued, error),
      )
    return undefined
  }

  #place(queued: QueuedPod, placement: Placement): void {
    const { state, nominator, waitingPods } = this.#options
    const { pod, node } = placement
    // While an extender was asked, the node may have gone.
    if (state.node(node.name) !== node) {
      this.#fail(queued, failed('', `node ${node.name} is gone`))
      return
    }
    queued.keptFromMs = nominator.nodeOf(pod.uid) ? 0 : queued.triedMs
    state.assume(pod, node.name)
    nominator.delete(pod.uid)
    const { cycle } = placement
    const reserved = timedPoint(cycle, 'Reserve', () => reserve(placement))
    const permission = reserved ? undefined : timedPoint(cycle, 'Permit', () => permit(placement))
    const status = reserved ?? permission?.status
    if (status) {
      unreserve(placement)
      state.forget(pod.uid)
      this.#refuseOrFail(queued, placement, status)
      return
    }
    const waits = permission?.waits ?? new Map()
    const allowed = waits.size > 0 ? waitingPods.hold(pod, node.name, waits) : undefined
    const bound = this.#bind(queued, placement, allowed)
      .catch(error => this.#unbound(queued, placement, failed('', messageOf(error), error)))
      .finally(() => {
        // It may be on its way to another node already.
        if (this.#pending.get(pod.uid) === bound) this.#pending.delete(pod.uid)
      })
    this.#pending.set(pod.uid, bound)
  }

  async #bind(
    queued: QueuedPod,
    placement: Placement,
    allowed: Promise<Verdict> | undefined,
  ): Promise<void> {
    const { queue, state, extenders, context, figures } = this.#options
    const { pod, node } = placement
    if (this.#options.announcesNodes) {
      const work = preBindPreFlight(placement)
      if (typeof work !== 'boolean') return this.#unbound(queued, placement, work)
      if (work || allowed) {
        queued.announcedNode = node.name
        await this.#outcome(queued)?.expected(pod.pod, node.name)
      }
    }
    const refused = await allowed
    if (allowed)
      figures.permitted(
        refused ? 'rejected' : 'allowed',
        context.clock.monotonicMs() - queued.triedMs,
      )
    if (refused) return this.#unbound(queued, placement, refused)
    // From here on nothing can turn the pod away; what fails is tried again.
    queue.done(pod.uid)
    const { cycle } = placement
    const writing = timedPoint(cycle, 'PreBind', () => preBind(placement)).then(
      status => status ?? timedPoint(cycle, 'Bind', () => bind(placement, extenders)),
    )
    this.#writing.add(writing)
    const status = await writing.finally(() => this.#writing.delete(writing))
    if (status) return this.#unbound(queued, placement, status)
    const nowMs = context.clock.monotonicMs()
    state.finishBinding(pod.uid, nowMs)
    this.#count(queued, 'scheduled')
    figures.bound(queued, nowMs - (queued.firstTriedMs ?? nowMs))
    this.#outcome(queued)?.bound(pod.pod, node.name)
    timedPoint(cycle, 'PostBind', () => postBind(placement))
  }

  /** The pod is not bound after all: its room is free again. */
  #unbound(queued: QueuedPod, placement: Placement, status: Status): void {
    const { state, queue, waitingPods } = this.#options
    const { pod } = placement
    unreserve(placement)
    state.forget(pod.uid)
    waitingPods.release(pod.uid)
    const event: ClusterEvent = {
      resource: 'AssignedPod',
      action: actions.delete,
      label: 'AssignedPodDelete',
      previous: pod.pod,
    }
    if (this.#stopped) {
      queue.done(pod.uid)
      return
    }
    const rejected = isRejected(status)
    // Its group was tried as a whole, and will not fare better until something else changes.
    const group =
      status.isOfNoNode && !queue.hasSeen(pod.uid, mayMakeRoom) ? groupOf(pod) : undefined
    if (!rejected) queue.happened(event)
    this.#refuseOrFail(queued, placement, status)
    if (rejected) queue.happened({ ...event, concerns: whoMissed(queued, group) })
  }

  #refuseOrFail(queued: QueuedPod, { node }: Placement, status: Status): void {
    if (!isRejected(status)) {
      this.#fail(queued, status, { nominatedNode: '' })
      return
    }
    const failure = new Failure(1)
    failure.note(node, status)
    this.#refuse(queued, failure, { message: '', nominatedNode: '' })
  }

  #refuse(queued: QueuedPod, failure: Failure, postFiltered: Omit<PostFiltered, 'code'>): void {
    const { queue } = this.#options
    const { nominatedNode, error } = postFiltered
    const { refusedBy, pendingFor } = failure.rejectors
    this.#count(queued, 'unschedulable')
    queued.refusedBy = refusedBy
    queued.pendingFor = pendingFor
    const message = failure.message(postFiltered.message)
    // Room that could not be made for it may be made at the next attempt; no event would bring that about.
    this.#requeue(queued, nominatedNode, () =>
      error ? queue.failed(queued) : queue.refused(queued),
    )
    this.#notPlaced(queued, nominatedNode)
    this.#outcome(queued)?.failed(queued.info.pod, {
      reason: 'Unschedulable',
      message,
      nominatedNode,
      announcedNode: queued.announcedNode,
    })
    queued.announcedNode = ''
  }

  /** No verdict about nodes: there are none, or something broke. */
  #fail(queued: QueuedPod, status: Status, { nominatedNode }: { nominatedNode?: string } = {}) {
    const { queue } = this.#options
    const rejected = isRejected(status)
    this.#count(queued, rejected ? 'unschedulable' : 'error')
    queued.refusedBy = new Set(status.plugin ? [status.plugin] : [])
    queued.pendingFor = new Set()
    this.#requeue(queued, nominatedNode, () =>
      rejected ? queue.refused(queued) : queue.failed(queued),
    )
    this.#notPlaced(queued, nominatedNode)
    // Deleted meanwhile; the informer tells.
    if (isStatus(status.cause, 'NotFound')) return
    this.#outcome(queued)?.failed(queued.info.pod, {
      reason: rejected ? 'Unschedulable' : 'SchedulerError',
      message: messageOfStatus(status),
      nominatedNode,
      announcedNode: queued.announcedNode,
    })
    queued.announcedNode = ''
  }

  #notPlaced({ info }: QueuedPod, nominatedNode: string | undefined): void {
    const running = this.#options.profiles.get(info.pod.spec.schedulerName ?? '')
    for (const plugin of running?.profile.points.permit ?? [])
      plugin.notPlaced?.(info, nominatedNode)
  }

  /** Back into the queue, unless the pod was bound, replaced or deleted by somebody else meanwhile. */
  #requeue(queued: QueuedPod, nominatedNode: string | undefined, wait: () => void): void {
    const { newest, queue, nominator } = this.#options
    const current = newest(queued.info.pod)
    if (!current || current.spec.nodeName || current.metadata.deletionTimestamp) {
      queue.done(queued.info.uid)
      return
    }
    if (current !== queued.info.pod) queued.info = podInfoOf(current)
    wait()
    const hope = hopeOf(nominator, queued.info)
    if (nominatedNode) nominator.add(queued.info, nominatedNode)
    else if (nominatedNode === '') nominator.delete(queued.info.uid)
    hope.tellIfOver(queue)
  }

  #count({ info, triedMs }: QueuedPod, result: AttemptResult): void {
    const { context, figures } = this.#options
    this.counts[result === 'error' ? 'errors' : result]++
    const profile = info.pod.spec.schedulerName ?? ''
    figures.attempted(profile, result, context.clock.monotonicMs() - triedMs)
  }

  #outcome({ info }: QueuedPod): OutcomeWriter | undefined {
    return this.#outcomes.get(info.pod.spec.schedulerName ?? '')
  }
}

/**
 * Whom the room of a pod that was turned away helps: not the pod itself, nor the group that was turned away with it, nor who was
 * refused before the room was taken. Or groups that all fit in part would wake each other, and themselves, for ever.
 */
function whoMissed({ info, keptFromMs }: QueuedPod, group: string | undefined) {
  return ({ info: other, sinceMs }: QueuedPod): boolean =>
    other.uid !== info.uid && sinceMs >= keptFromMs && !(group && groupOf(other) === group)
}

function groupOf({ pod: { metadata, spec } }: PodInfo): string | undefined {
  const name = spec.schedulingGroup?.podGroupName
  return name && `${metadata.namespace}/${name}`
}

/** What groups that are tried cause themselves makes none. */
function mayMakeRoom({ resource, action, concerns }: ClusterEvent): boolean {
  if (concerns || resource === 'PodGroup' || resource === 'UnscheduledPod') return false
  return resource !== 'AssignedPod' || action !== actions.add
}
