/** One scheduler name and the plugins that decide for its pods: which take part at each extension point, in which order. */
import { UserError } from '#base/errors.ts'
import { type ExtensionPoint, extensionPoints, type Plugin } from './plugin.ts'

export interface PluginRef {
  readonly name: string
  readonly weight?: number
}
export interface PluginSet {
  readonly enabled?: readonly PluginRef[]
  /** Names, or `*` for all that are on by default. */
  readonly disabled?: readonly PluginRef[]
}
/** `multiPoint` enables a plugin wherever it can take part. */
export type PluginSets = Readonly<Partial<Record<ExtensionPoint | 'multiPoint', PluginSet>>>

type PointMethod<P extends ExtensionPoint> = (typeof extensionPoints)[P]
/** A plugin of which it is known that it takes part at a point. */
export type Taking<P extends ExtensionPoint> = Plugin &
  Required<Pick<Plugin, PointMethod<P> & keyof Plugin>>

export interface Profile {
  readonly name: string
  readonly points: { readonly [P in ExtensionPoint]: readonly Taking<P>[] }
  /** By plugin name; how much its scores count. */
  readonly weights: ReadonlyMap<string, number>
  /** The same for its scores of placements. */
  readonly placementWeights: ReadonlyMap<string, number>
  /** Undefined takes the scheduler's. */
  readonly percentageOfNodesToScore: number | undefined
}

export interface ProfileParts {
  readonly name: string
  /** All plugins that any set names, made already. */
  readonly plugins: ReadonlyMap<string, Plugin>
  readonly sets: PluginSets
  readonly percentageOfNodesToScore?: number | undefined
}

/** Throws a UserError for a set that cannot work. */
export function createProfile(parts: ProfileParts): Profile {
  const weights = { score: new Map<string, number>(), placementScore: new Map<string, number>() }
  const points = Object.fromEntries(
    (Object.keys(extensionPoints) as ExtensionPoint[]).map(point => [
      point,
      pluginsAt(point, parts, weights),
    ]),
  ) as unknown as Profile['points']
  const { name, percentageOfNodesToScore } = parts
  if (points.queueSort.length === 0)
    throw new UserError(`profile ${name}: at least one queue sort plugin is needed`)
  if (points.queueSort.length > 1)
    throw new UserError(`profile ${name}: only one queue sort plugin can be enabled`)
  if (points.bind.length === 0)
    throw new UserError(`profile ${name}: at least one bind plugin is needed`)
  const { score, placementScore } = weights
  return {
    name,
    points,
    weights: score,
    placementWeights: placementScore,
    percentageOfNodesToScore,
  }
}

/**
 * First what the point itself names and multiPoint names too, then what only multiPoint names, then what only the point names:
 * so a configuration can bring a default plugin to the front.
 */
function pluginsAt(
  point: ExtensionPoint,
  { name, plugins, sets }: ProfileParts,
  weights: Readonly<Record<'score' | 'placementScore', Map<string, number>>>,
): Plugin[] {
  const method = extensionPoints[point]
  const find = (ref: PluginRef) => {
    const plugin = plugins.get(ref.name)
    if (!plugin) throw new UserError(`profile ${name}: plugin "${ref.name}" does not exist`)
    return plugin
  }
  const own = sets[point]?.enabled ?? []
  for (const ref of own)
    if (!find(ref)[method])
      throw new UserError(`profile ${name}: plugin "${ref.name}" does not take part in ${point}`)
  const repeated = own.find((ref, i) => own.findIndex(other => other.name === ref.name) !== i)
  if (repeated) throw new UserError(`plugin "${repeated.name}" already registered as "${point}"`)
  const disabled = new Set((sets[point]?.disabled ?? []).map(ref => ref.name))
  const everywhere = (sets.multiPoint?.enabled ?? []).filter(
    ref => find(ref)[method] !== undefined && !disabled.has('*') && !disabled.has(ref.name),
  )
  const everywhereNames = new Set(everywhere.map(ref => ref.name))
  const ownNames = new Set(own.map(ref => ref.name))
  const refs = [
    ...own.filter(ref => everywhereNames.has(ref.name)),
    ...everywhere.filter(ref => !ownNames.has(ref.name)),
    ...own.filter(ref => !everywhereNames.has(ref.name)),
  ]
  if (point === 'score' || point === 'placementScore')
    for (const ref of refs) weights[point].set(ref.name, ref.weight || 1)
  return refs.map(find)
}

/** The default sets with a configuration's own laid over them, as upstream merges them. */
export function mergedSets(defaults: PluginSets, own: PluginSets): PluginSets {
  const points = [...Object.keys(extensionPoints), 'multiPoint'] as (keyof PluginSets)[]
  return Object.fromEntries(
    points.map(point => [point, mergedSet(defaults[point] ?? {}, own[point] ?? {})]),
  )
}

function mergedSet(defaults: PluginSet, own: PluginSet): PluginSet {
  const disabled = [...(own.disabled ?? []), ...(defaults.disabled ?? [])]
  const off = new Set(disabled.map(ref => ref.name))
  const replacing = new Map((own.enabled ?? []).map(ref => [ref.name, ref]))
  const kept = off.has('*') ? [] : (defaults.enabled ?? []).filter(ref => !off.has(ref.name))
  const keptNames = new Set(kept.map(ref => ref.name))
  const enabled = [
    ...kept.map(ref => replacing.get(ref.name) ?? ref),
    ...(own.enabled ?? []).filter(ref => !keptNames.has(ref.name)),
  ]
  return { enabled, disabled }
}
