/** A cluster in memory for tests of plugins and placement: nodes, pods and a profile, without an API server. */
import type { Node } from '#api/core/v1/node.ts'
import type { Pod, PodSpec } from '#api/core/v1/pod/pod.ts'
import { keyOf } from '#api/machinery/metadata.ts'
import type { Clock } from '#base/clock.ts'
import { isGateOn } from '#base/feature-gates.ts'
import { silentLog } from '#base/log.ts'
import type { RoleContext } from '#client/role.ts'
import { createManualClock, createSeededRandom } from '#client/testing/manual-clock.ts'
import { type Attempt, attempt, type PostFiltered, runPostFilter } from '../cycle/attempt.ts'
import { FeasibleNodes } from '../cycle/feasible.ts'
import { CycleState } from '../framework/cycle-state.ts'
import type { Extender } from '../framework/extender.ts'
import type { PluginFactory } from '../framework/handle.ts'
import { PreemptionFigures } from '../framework/preemption-figures.ts'
import type { Profile } from '../framework/profile.ts'
import { messageOfStatus } from '../framework/status.ts'
import { createWaitingPods, type WaitingPods } from '../framework/waiting-pods.ts'
import { type ProfileConfiguration, startProfile } from '../profiles.ts'
import { ClusterState } from '../state/cluster-state.ts'
import { createNominator, type Nominator } from '../state/nominator.ts'
import { type PodInfo, podInfoOf } from '../state/pod-info.ts'

type Text = Readonly<Record<string, string>>

export interface NodeParts {
  readonly labels?: Text
  readonly cpu?: string
  readonly spec?: object
  readonly images?: readonly object[]
}

export function nodeOf(name: string, more: NodeParts = {}): Node {
  return {
    metadata: { name, labels: { 'kubernetes.io/hostname': name, ...more.labels } },
    spec: more.spec ?? {},
    status: {
      allocatable: { cpu: more.cpu ?? '4', memory: '8Gi', pods: '5' },
      images: more.images ?? [],
    },
  } as unknown as Node
}

export function podOf(
  name: string,
  spec: Partial<PodSpec> = {},
  labels: Text = {},
  namespace = 'a',
): Pod {
  return {
    metadata: { name, namespace, uid: name, labels },
    spec: { containers: [{ name: 'c', image: 'i' }], ...spec },
    status: {},
  } as unknown as Pod
}

/** A spec whose only container asks for this much. */
export function asking(cpu: string, memory = '1Gi'): Partial<PodSpec> {
  const resources = { requests: { cpu, memory } }
  return { containers: [{ name: 'c', image: 'i', resources }] } as never
}

export interface WorldOptions {
  /** Plugins by name, in place of the scheduler's own. */
  readonly ownPlugins?: ReadonlyMap<string, PluginFactory>
  readonly profile?: Partial<ProfileConfiguration>
  /** Objects of other kinds, by the kind's plural. */
  readonly objects?: Readonly<Record<string, readonly object[]>>
  readonly namespaceLabels?: (namespace: string) => Text
  /** What the plugins write to; without it, writes fail. */
  readonly client?: object
  readonly extenders?: readonly Extender[]
  readonly gates?: ReadonlyMap<string, boolean>
  /** A clock that the test moves; without it, time stands still. */
  readonly clock?: Clock
}

export interface World {
  readonly state: ClusterState
  readonly nominator: Nominator
  readonly profile: Profile
  readonly feasibleNodes: FeasibleNodes
  readonly waitingPods: WaitingPods
  readonly preemptionFigures: PreemptionFigures
  /** Pods that plugins wanted to be tried again at once. */
  readonly activated: PodInfo[]
  readonly attempt: (pod: PodInfo, cycle?: CycleState) => Attempt
  /** What PostFilter makes of a pod that no node will do for. */
  readonly postFilter: (pod: PodInfo) => Promise<PostFiltered>
}

export function createWorld(options: WorldOptions = {}): World {
  const state = new ClusterState(options.namespaceLabels ?? (() => ({ team: 'x' })))
  const nominator = createNominator(
    () => 0,
    node => state.nominationsChanged(node),
  )
  const clock = options.clock ?? createManualClock()
  const random = createSeededRandom()
  const context = {
    clock,
    random,
    log: silentLog,
    client: options.client ?? {},
    informers: { for: ({ plural }: { plural: string }) => still(options.objects?.[plural] ?? []) },
  } as unknown as RoleContext
  const waitingPods = createWaitingPods(clock)
  const preemptionFigures = new PreemptionFigures()
  const activated: PodInfo[] = []
  const { profile } = startProfile(
    { schedulerName: 'default-scheduler', ...options.profile },
    {
      context,
      snapshot: state,
      nominator,
      waitingPods,
      extenders: options.extenders ?? [],
      preemptionFigures,
      activate: pods => void activated.push(...pods),
      advance: pods => void activated.push(...pods),
      retreat: () => {},
      gates: options.gates ?? new Map(),
      stopping: new AbortController().signal,
      ownPlugins: options.ownPlugins ?? new Map(),
    },
  )
  const feasibleNodes = new FeasibleNodes(
    isGateOn(options.gates ?? new Map(), 'OpportunisticBatching'),
  )
  const attempts = {
    snapshot: state,
    nominator,
    feasibleNodes,
    extenders: [],
    percentageOfNodesToScore: 0,
    choose: random.integer,
  }
  const world: World = {
    state,
    nominator,
    profile,
    feasibleNodes,
    waitingPods,
    preemptionFigures,
    activated,
    attempt(pod, cycle = new CycleState()) {
      const result = attempt(attempts, profile, cycle, pod)
      if (result instanceof Promise) throw new Error('nothing is to be waited for here')
      return result
    },
    async postFilter(pod) {
      const cycle = new CycleState()
      const result = world.attempt(pod, cycle)
      if (!('failure' in result)) throw new Error('the pod is not refused')
      return runPostFilter(profile, cycle, pod, result.failure)
    },
  }
  return world
}

/** An informer of objects that never change. */
function still(objects: readonly object[]) {
  const named = objects as readonly { metadata: { name?: string; namespace?: string } }[]
  const indices = new Map<string, (object: never) => readonly string[]>()
  return {
    synced: Promise.resolve(),
    get: (key: string) => named.find(object => keyOf(object) === key),
    list: (namespace?: string) =>
      named.filter(({ metadata }) => namespace === undefined || metadata.namespace === namespace),
    by: (index: string, value: string) =>
      named.filter(object =>
        indices
          .get(index)?.(object as never)
          .includes(value),
      ),
    subscribe: () => () => {},
    addIndex(name: string, valuesOf: (object: never) => readonly string[]) {
      indices.set(name, valuesOf)
    },
  }
}

const worlds = new WeakMap<ClusterState, World>()

/** A world of the default profile, by its state. */
export function cluster(nodes: readonly Node[], pods: readonly [string, Pod][] = []): ClusterState {
  const world = createWorld()
  const { state } = world
  worlds.set(state, world)
  for (const node of nodes) state.setNode(node)
  for (const [node, pod] of pods)
    state.setPod({ ...pod, spec: { ...pod.spec, nodeName: node } } as Pod)
  return state
}

export function place(pod: PodInfo, state: ClusterState): Attempt {
  const world = worlds.get(state)
  if (!world) throw new Error('not a state of cluster()')
  return world.attempt(pod)
}

/** The node that the pod gets, or the words in which it is refused. */
export function nodeFor(pod: Pod, state: ClusterState): string {
  const result = place(podInfoOf(pod), state)
  if ('node' in result) return result.node.name
  if ('status' in result) return messageOfStatus(result.status)
  return result.failure.message('')
}

/** The words in which the pod is refused, with what PostFilter says. */
export async function refusalOf(pod: Pod, state: ClusterState): Promise<string> {
  const world = worlds.get(state)
  const cycle = new CycleState()
  const info = podInfoOf(pod)
  const result = world?.attempt(info, cycle)
  if (!world || !result || !('failure' in result)) throw new Error('the pod is not refused')
  const { message } = await runPostFilter(world.profile, cycle, info, result.failure)
  return result.failure.message(message)
}
