/** Makes the plugins of every profile, and gives each what it lives on. */
import { UserError } from '#base/errors.ts'
import { isGateOn } from '#base/feature-gates.ts'
import { createEventRecorder, type EventRecorder } from '#client/events.ts'
import type { RoleContext } from '#client/role.ts'
import {
  activeFilters,
  addPod,
  filterWithNominated,
  removePod,
  runFilters,
} from './cycle/filters.ts'
import { createGroupTrial } from './cycle/group-trial.ts'
import { actions, type EventInterest } from './framework/cluster-event.ts'
import type { Extender } from './framework/extender.ts'
import type { Handle, PluginFactory } from './framework/handle.ts'
import type { Plugin } from './framework/plugin.ts'
import type { PreemptionFigures } from './framework/preemption-figures.ts'
import { createProfile, mergedSets, type PluginSets, type Profile } from './framework/profile.ts'
import type { WaitingPods } from './framework/waiting-pods.ts'
import { defaultSets, plugins as known } from './plugins.ts'
import type { ClusterState } from './state/cluster-state.ts'
import type { Nominator } from './state/nominator.ts'
import type { PodInfo } from './state/pod-info.ts'

export interface ProfileConfiguration {
  readonly schedulerName: string
  readonly percentageOfNodesToScore?: number | undefined
  readonly plugins?: PluginSets
  /** Arguments by plugin name. */
  readonly pluginArgs?: ReadonlyMap<string, unknown>
}

export interface Shared {
  readonly context: RoleContext
  readonly snapshot: ClusterState
  readonly nominator: Nominator
  readonly waitingPods: WaitingPods
  readonly extenders: readonly Extender[]
  readonly preemptionFigures: PreemptionFigures
  readonly stopping: AbortSignal
  readonly activate: (pods: readonly PodInfo[]) => void
  readonly advance: (pods: readonly PodInfo[]) => void
  readonly retreat: (pods: readonly PodInfo[]) => void
  readonly gates: ReadonlyMap<string, boolean>
  /** Plugins of others, by name. */
  readonly ownPlugins: ReadonlyMap<string, PluginFactory>
}

export interface RunningProfile {
  readonly profile: Profile
  readonly recorder: EventRecorder
}

/** Throws a UserError where a profile cannot work. */
export function startProfile(configuration: ProfileConfiguration, shared: Shared): RunningProfile {
  const { schedulerName: name, percentageOfNodesToScore, pluginArgs } = configuration
  const { client, clock, random, log } = shared.context
  const recorder = createEventRecorder(client, { clock, random, log, component: name })
  const defaults = defaultSets(gate => isGateOn(shared.gates, gate))
  const sets = configuration.plugins ? mergedSets(defaults, configuration.plugins) : defaults
  const made = new Map<string, Plugin>()
  const handle = createHandle(name, recorder, shared, () => profile)
  for (const plugin of namesIn(sets)) {
    const create =
      shared.ownPlugins.get(plugin) ?? known.find(entry => entry.name === plugin)?.create
    if (!create) throw new UserError(`profile ${name}: plugin "${plugin}" does not exist`)
    made.set(plugin, create(pluginArgs?.get(plugin), handle))
  }
  const profile = createProfile({ name, plugins: made, sets, percentageOfNodesToScore })
  return { profile, recorder }
}

/** Throws a UserError for a plugin that nobody knows: found at the start, not when this process comes to lead. */
export function checkPluginNames(
  profiles: readonly ProfileConfiguration[],
  ownPlugins: ReadonlyMap<string, PluginFactory>,
): void {
  for (const { schedulerName, plugins = {} } of profiles)
    for (const plugin of namesIn(plugins))
      if (!ownPlugins.has(plugin) && !known.some(({ name }) => name === plugin))
        throw new UserError(`profile ${schedulerName}: plugin "${plugin}" does not exist`)
}

function namesIn(sets: PluginSets): Set<string> {
  return new Set(Object.values(sets).flatMap(set => (set.enabled ?? []).map(({ name }) => name)))
}

function createHandle(
  profileName: string,
  recorder: EventRecorder,
  shared: Shared,
  profile: () => Profile,
): Handle {
  const { context, snapshot, nominator, waitingPods, extenders, preemptionFigures } = shared
  const { activate, advance, retreat, gates, stopping } = shared
  return {
    ...context,
    profileName,
    recorder,
    snapshot,
    nominator,
    waitingPods,
    extenders,
    preemptionFigures,
    activate,
    advance,
    retreat,
    stopping,
    trial: createGroupTrial(snapshot, nominator, { profile, choose: context.random.integer }),
    follow(informer, listener) {
      stopping.addEventListener('abort', informer.subscribe(listener), { once: true })
    },
    enabled: gate => isGateOn(gates, gate),
    filter: (cycle, pod, node) => runFilters(activeFilters(profile(), cycle), cycle, pod, node),
    filterWithNominated(cycle, pod, node) {
      const filters = activeFilters(profile(), cycle)
      return filterWithNominated({ profile: profile(), nominator, filters }, cycle, pod, node)
    },
    addPod: (cycle, pod, other, node) => addPod(profile(), cycle, { pod, other, node }),
    removePod: (cycle, pod, other, node) => removePod(profile(), cycle, { pod, other, node }),
  }
}

/** What each plugin wants to hear, over all profiles; undefined for one that wants to hear everything. */
export function interestsOfAll(
  profiles: Iterable<Profile>,
): ReadonlyMap<string, readonly EventInterest[] | undefined> {
  const interests = new Map<string, readonly EventInterest[] | undefined>()
  for (const { points } of profiles)
    for (const plugin of new Set<Plugin>(Object.values(points).flat())) {
      const own = withTaints(plugin.events?.())
      const before = interests.get(plugin.name)
      const all = interests.has(plugin.name) && (!before || !own) ? undefined : own
      interests.set(plugin.name, all && [...(before ?? []), ...all])
    }
  return interests
}

/** As upstream does, whoever waits for a node to come is also tried again when taints change: what is said of it is then what keeps it now. */
function withTaints(
  interests: readonly EventInterest[] | undefined,
): readonly EventInterest[] | undefined {
  const hears = (action: number) =>
    interests?.some(each => each.resource === 'Node' && (each.action & action) !== 0)
  if (!interests || !hears(actions.add) || hears(actions.updateNodeTaint)) return interests
  return [...interests, { resource: 'Node', action: actions.updateNodeTaint }]
}
