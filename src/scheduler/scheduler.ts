/**
 * Puts pods on nodes. One pod at a time is placed, on a view of the cluster that already counts the ones placed before it; what
 * has to be written for it is written beside others, behind it.
 */
import { namespace } from '#api/core/v1/namespace.ts'
import { node } from '#api/core/v1/node.ts'
import { type Pod, pod } from '#api/core/v1/pod/pod.ts'
import { keyOf } from '#api/machinery/metadata.ts'
import { sleep } from '#base/clock.ts'
import { UserError } from '#base/errors.ts'
import { isGateOn } from '#base/feature-gates.ts'
import type { Figure, FigureBook } from '#base/figures.ts'
import type { Informers } from '#client/informer.ts'
import type { RoleContext, Running } from '#client/role.ts'
import { followCluster } from './cluster-events.ts'
import { NO_NODES } from './cycle/failure.ts'
import { PlacingLoop } from './cycle/placing-loop.ts'
import { followOthers, type OtherSource, otherSources } from './event-sources.ts'
import { createSchedulerFigures, preemptionFigures, type SchedulerFigures } from './figures.ts'
import { actions, type EventInterest, type EventResource } from './framework/cluster-event.ts'
import type { Extender } from './framework/extender.ts'
import type { PluginFactory } from './framework/handle.ts'
import { PreemptionFigures } from './framework/preemption-figures.ts'
import { createWaitingPods, type WaitingPods } from './framework/waiting-pods.ts'
import {
  interestsOfAll,
  type ProfileConfiguration,
  type RunningProfile,
  startProfile,
} from './profiles.ts'
import { SchedulingQueue } from './queue/scheduling-queue.ts'
import { ClusterState } from './state/cluster-state.ts'
import { createNominator, type Nominator } from './state/nominator.ts'

export type { CompleteConfiguration } from './configuration/configuration.ts'
export type { PluginFactory } from './framework/handle.ts'
export type { PluginEntry } from './plugins.ts'
export { checkPluginNames } from './profiles.ts'

/** How often pods are looked for whose binding was confirmed and never seen, and how long that may last. */
const EXPIRY_CHECK_MS = 60_000
const ASSUMED_LIMIT_MS = 15 * 60_000

export interface SchedulerOptions {
  /** Pods that name one of these are placed. */
  readonly profiles?: readonly ProfileConfiguration[]
  readonly extenders?: readonly Extender[]
  /** 0 takes upstream's adaptive share. */
  readonly percentageOfNodesToScore?: number
  readonly podInitialBackoffMs?: number
  readonly podMaxBackoffMs?: number
  /** Plugins of others, by name. */
  readonly ownPlugins?: ReadonlyMap<string, PluginFactory>
  readonly featureGates?: ReadonlyMap<string, boolean>
  /** Where it counts and measures. */
  readonly figures?: FigureBook
  /** Told how long the choice of each node took, whatever came of it, in milliseconds. */
  readonly onAttempt?: (milliseconds: number) => void
}

export interface SchedulerCounts {
  readonly scheduled: number
  readonly unschedulable: number
  readonly errors: number
}

export interface RunningScheduler extends Running {
  readonly counts: SchedulerCounts
  readonly preemptionFigures: PreemptionFigures
  /** What is counted beside the book of figures. */
  figuresBeside(): readonly Figure[]
}

/** Throws a UserError for a profile that cannot work. */
export function startScheduler(
  context: RoleContext,
  options: SchedulerOptions = {},
): RunningScheduler {
  const scheduler = new Scheduler(context, options)
  scheduler.start()
  return scheduler
}

class Scheduler implements RunningScheduler {
  readonly preemptionFigures: PreemptionFigures = new PreemptionFigures()
  readonly #context: RoleContext
  readonly #state: ClusterState
  readonly #nominator: Nominator
  readonly #waitingPods: WaitingPods
  readonly #profiles: ReadonlyMap<string, RunningProfile>
  readonly #interests: ReadonlyMap<string, readonly EventInterest[] | undefined>
  readonly #queue: SchedulingQueue
  readonly #loop: PlacingLoop
  readonly #stopping = new AbortController()
  /** What plugins read beside nodes and pods: nothing is placed before they see it. */
  readonly #read = new Set<Promise<void>>()
  #running: Promise<void> = Promise.resolve()

  constructor(context: RoleContext, options: SchedulerOptions) {
    const { clock, informers, log } = context
    const namespaces = informers.for(namespace)
    this.#context = { ...context, log: log.with({ role: 'scheduler' }) }
    this.#state = new ClusterState(name => namespaces.get(name)?.metadata.labels ?? {})
    this.#nominator = createNominator(
      () => clock.monotonicMs(),
      node => this.#state.nominationsChanged(node),
    )
    this.#waitingPods = createWaitingPods(clock)
    this.#profiles = this.#startProfiles(options)
    this.#interests = interestsOfAll([...this.#profiles.values()].map(({ profile }) => profile))
    const [first] = this.#profiles.values()
    const compare = first?.profile.points.queueSort[0]?.compare ?? (() => 0)
    const { podInitialBackoffMs, podMaxBackoffMs } = options
    const figures = this.#createFigures(options)
    this.#queue = new SchedulingQueue({
      clock,
      compare,
      preEnqueue: info => {
        for (const plugin of this.#profileOf(info.pod)?.points.preEnqueue ?? []) {
          const status = plugin.preEnqueue(info)
          if (status) return status
        }
        return undefined
      },
      onMove: figures.queued,
      interestsOf: plugin => (plugin === NO_NODES ? NODE_ADDED : this.#interests.get(plugin)),
      ...(podInitialBackoffMs === undefined ? {} : { initialBackoffMs: podInitialBackoffMs }),
      ...(podMaxBackoffMs === undefined ? {} : { maxBackoffMs: podMaxBackoffMs }),
    })
    this.#loop = new PlacingLoop({
      context: this.#context,
      state: this.#state,
      nominator: this.#nominator,
      waitingPods: this.#waitingPods,
      queue: this.#queue,
      profiles: this.#profiles,
      extenders: options.extenders ?? [],
      percentageOfNodesToScore: options.percentageOfNodesToScore ?? 0,
      newest: old => this.#newest(old),
      figures,
      keepsAnswers: isGateOn(options.featureGates ?? new Map(), 'OpportunisticBatching'),
      announcesNodes: isGateOn(
        options.featureGates ?? new Map(),
        'NominatedNodeNameForExpectation',
      ),
    })
  }

  get counts(): SchedulerCounts {
    return this.#loop.counts
  }

  figuresBeside(): readonly Figure[] {
    return preemptionFigures(this.preemptionFigures)
  }

  start(): void {
    this.#running = this.#run().catch(error =>
      this.#context.log.error('the scheduler cannot run', { error }),
    )
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#queue.stop()
    this.#sendBack()
    await this.#running
    // What was being decided just then may have come to be held since; nobody else would let it go.
    this.#sendBack()
    await this.#loop.stop()
    for (const { recorder } of this.#profiles.values()) recorder.stop()
  }

  #sendBack(): void {
    for (const waiting of this.#waitingPods.list()) waiting.reject('', 'the scheduler stops')
  }

  #createFigures({ figures, onAttempt }: SchedulerOptions): SchedulerFigures {
    const created = createSchedulerFigures(figures, {
      lengths: () => this.#queue.lengths,
      sizes: () => this.#state.sizes,
      unschedulable: () => this.#queue.unschedulableBy(),
      bindings: () => this.#loop.bindings,
    })
    if (!onAttempt) return created
    return {
      ...created,
      chosen(ms) {
        created.chosen(ms)
        onAttempt(ms)
      },
    }
  }

  #startProfiles(options: SchedulerOptions): ReadonlyMap<string, RunningProfile> {
    const configurations = options.profiles ?? [{ schedulerName: 'default-scheduler' }]
    const profiles = new Map<string, RunningProfile>()
    const context = { ...this.#context, informers: this.#noting(this.#context.informers) }
    for (const configuration of configurations) {
      const { schedulerName } = configuration
      if (profiles.has(schedulerName))
        throw new UserError(`duplicate profile with scheduler name "${schedulerName}"`)
      const running = startProfile(configuration, {
        context,
        snapshot: this.#state,
        nominator: this.#nominator,
        waitingPods: this.#waitingPods,
        extenders: options.extenders ?? [],
        preemptionFigures: this.preemptionFigures,
        stopping: this.#stopping.signal,
        activate: pods => this.#queue.activate(pods.map(({ uid }) => uid)),
        advance: pods => this.#queue.advance(pods.map(({ uid }) => uid)),
        retreat: pods => this.#queue.retreat(pods.map(({ uid }) => uid)),
        gates: options.featureGates ?? new Map(),
        ownPlugins: options.ownPlugins ?? new Map(),
      })
      profiles.set(schedulerName, running)
    }
    return profiles
  }

  #noting(informers: Informers): Informers {
    return {
      ...informers,
      for: (kind, query) => {
        const informer = informers.for(kind, query)
        this.#read.add(informer.synced)
        return informer
      },
    }
  }

  #profileOf({ spec }: Pod) {
    return this.#profiles.get(spec.schedulerName ?? '')?.profile
  }

  async #run(): Promise<void> {
    const { informers } = this.#context
    const { signal } = this.#stopping
    const nodes = informers.for(node)
    const pods = informers.for(pod)
    const namespaces = informers.for(namespace)
    const others = otherSources(informers, this.#wantedResources())
    const all = [nodes, pods, namespaces, ...others.map(({ informer }) => informer)]
    const synced = [...all.map(({ synced }) => synced), ...this.#read]
    await Promise.race([Promise.all(synced), aborted(signal)])
    if (signal.aborted) return
    const ends = [
      ...followCluster({
        nodes,
        pods,
        state: this.#state,
        queue: this.#queue,
        nominator: this.#nominator,
        waitingPods: this.#waitingPods,
        isOurs: name => this.#profiles.has(name),
        skipped: found => this.#tellSkipped(found),
      }),
      ...this.#followOthers(others),
      this.#watchExpiry(),
    ]
    await this.#loop.run(signal)
    for (const end of ends) end()
  }

  #tellSkipped(found: Pod): void {
    const { name = '', namespace = '' } = found.metadata
    const message = `skip schedule deleting pod: ${namespace}/${name}`
    const recorder = this.#profiles.get(found.spec.schedulerName ?? '')?.recorder
    recorder?.record(found, 'Warning', 'FailedScheduling', { message, action: 'Scheduling' })
  }

  #wantedResources(): ReadonlySet<EventResource> {
    const interests = [...this.#interests.values()].flatMap(own => own ?? [])
    return new Set(interests.map(({ resource }) => resource))
  }

  #followOthers(others: readonly OtherSource[]): (() => void)[] {
    const namespaces = this.#context.informers.for(namespace)
    return [
      namespaces.subscribe({
        changed: (next, previous) => {
          const labels = JSON.stringify(next.metadata.labels)
          if (previous && JSON.stringify(previous.metadata.labels) !== labels)
            this.#state.namespacesChanged()
        },
      }),
      ...followOthers(others, event => this.#queue.happened(event)),
    ]
  }

  /** Takes pods off their nodes whose binding was confirmed long ago and never seen: nobody knows what became of them. */
  #watchExpiry(): () => void {
    const { clock, log } = this.#context
    const stopping = new AbortController()
    const watch = async () => {
      for (;;) {
        await sleep(clock, EXPIRY_CHECK_MS, stopping.signal)
        for (const info of this.#state.boundBefore(clock.monotonicMs() - ASSUMED_LIMIT_MS)) {
          log.warn('a bound pod was never seen bound', { pod: info.pod.metadata.name })
          this.#state.forget(info.uid)
          this.#loop.again(info)
        }
      }
    }
    watch().catch(() => log.debug('no more looking for expired pods'))
    return () => stopping.abort()
  }

  #newest(old: Pod): Pod | undefined {
    const current = this.#context.informers.for(pod).get(keyOf(old))
    return current?.metadata.uid === old.metadata.uid ? current : undefined
  }
}

const NODE_ADDED: readonly EventInterest[] = [{ resource: 'Node', action: actions.add }]

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
