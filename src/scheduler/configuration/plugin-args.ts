/** The arguments of upstream's plugins: their fields, their defaults, and what may not be in them. */

import { nodeAffinity, topologySpreadConstraint } from '#api/core/v1/pod/schema.affinity.ts'
import { validateNodeSelector } from '#api/core/v1/pod/validation.scheduling.ts'
import {
  duplicate,
  type FieldError,
  forbidden,
  invalid,
  notSupported,
  required,
} from '#api/machinery/field-error.ts'
import { isQualifiedName } from '#api/machinery/names.ts'
import {
  boolean,
  duration,
  int32,
  int64,
  list,
  type ObjectShape,
  shape,
  string,
  struct,
  type ValueOfShape,
} from '#api/machinery/schema.ts'
import { type FeatureGates, isGateOn } from '#base/feature-gates.ts'
import { validateResources, validateShape, weighted } from './validation.shape.ts'

interface PluginArgs {
  readonly shape: ObjectShape
  /** Fills in what is not given. */
  readonly defaults: (args: never) => object
  readonly validate: (args: never, path: string, gates: FeatureGates) => readonly FieldError[]
}

/** A list entry whose types are checked where it is written. */
function entry<S extends ObjectShape>(
  shape: S,
  defaults: (args: ValueOfShape<S>) => ValueOfShape<S>,
  validate: (args: ValueOfShape<S>, path: string, gates: FeatureGates) => readonly FieldError[],
): PluginArgs {
  return { shape, defaults, validate } as unknown as PluginArgs
}

const typeMeta = { apiVersion: string(), kind: string() }

const defaultPreemption = shape('DefaultPreemptionArgs', 'How widely room is looked for.', {
  ...typeMeta,
  minCandidateNodesPercentage: int32().optional(),
  minCandidateNodesAbsolute: int32().optional(),
})
const interPodAffinity = shape('InterPodAffinityArgs', 'Whose wishes count.', {
  ...typeMeta,
  hardPodAffinityWeight: int32().optional(),
  ignorePreferredTermsOfExistingPods: boolean(),
})
const nodeAffinityArgs = shape('NodeAffinityArgs', 'What holds for every pod.', {
  ...typeMeta,
  addedAffinity: struct(undefined, nodeAffinity).optional(),
})
const resourceSpec = shape('ResourceSpec', 'A resource and how much it counts.', {
  name: string().always(),
  weight: int64(),
})
const balanced = shape('NodeResourcesBalancedAllocationArgs', 'Which resources are balanced.', {
  ...typeMeta,
  resources: list(undefined, resourceSpec),
})
const shapePoint = shape('UtilizationShapePoint', 'A point of a score function.', {
  utilization: int32().always(),
  score: int32().always(),
})
const ratio = shape('RequestedToCapacityRatioParam', 'A score function.', {
  shape: list(undefined, shapePoint),
})
const scoringStrategy = shape('ScoringStrategy', 'Whether fuller or emptier is better.', {
  type: string(),
  resources: list(undefined, resourceSpec),
  requestedToCapacityRatio: struct(undefined, ratio).optional(),
})
const fit = shape('NodeResourcesFitArgs', 'Which resources count and how.', {
  ...typeMeta,
  ignoredResources: list(undefined, string()),
  ignoredResourceGroups: list(undefined, string()),
  scoringStrategy: struct(undefined, scoringStrategy).optional(),
})
const topologySpread = shape('PodTopologySpreadArgs', 'Constraints of pods without any.', {
  ...typeMeta,
  defaultConstraints: list(undefined, topologySpreadConstraint),
  defaultingType: string(),
})
const volumeBinding = shape('VolumeBindingArgs', 'How long binding may take.', {
  ...typeMeta,
  bindTimeoutSeconds: int64().optional(),
  shape: list(undefined, shapePoint),
})
const dynamicResources = shape('DynamicResourcesArgs', 'How long searching for devices may take.', {
  ...typeMeta,
  filterTimeout: duration().optional(),
  bindingTimeout: duration().optional(),
})

const CPU_AND_MEMORY = [
  { name: 'cpu', weight: 1 },
  { name: 'memory', weight: 1 },
]

export const pluginArgs: Readonly<Record<string, PluginArgs>> = {
  DefaultPreemption: entry(
    defaultPreemption,
    args => ({ minCandidateNodesPercentage: 10, minCandidateNodesAbsolute: 100, ...args }),
    validatePreemption,
  ),
  InterPodAffinity: entry(
    interPodAffinity,
    args => ({ hardPodAffinityWeight: 1, ...args }),
    ({ hardPodAffinityWeight = 1 }, path) =>
      within(`${path}.hardPodAffinityWeight`, hardPodAffinityWeight, 0, 100),
  ),
  NodeAffinity: entry(nodeAffinityArgs, args => args, validateNodeAffinity),
  NodeResourcesBalancedAllocation: entry(
    balanced,
    args => ({ ...args, resources: weighted(args.resources, CPU_AND_MEMORY) }),
    validateBalanced,
  ),
  NodeResourcesFit: entry(
    fit,
    args => {
      const strategy = args.scoringStrategy ?? { type: 'LeastAllocated' }
      const resources = weighted(strategy.resources, CPU_AND_MEMORY)
      return { ...args, scoringStrategy: { ...strategy, resources } }
    },
    validateFit,
  ),
  PodTopologySpread: entry(
    topologySpread,
    args => ({ ...args, defaultingType: args.defaultingType || 'System' }),
    validateTopologySpread,
  ),
  VolumeBinding: entry(
    volumeBinding,
    args => ({ bindTimeoutSeconds: 600, ...args }),
    validateVolumeBinding,
  ),
  DynamicResources: entry(
    dynamicResources,
    args => args,
    () => [],
  ),
}

function within(path: string, value: number, least: number, most: number): FieldError[] {
  if (value >= least && value <= most) return []
  return [invalid(path, value, `not in valid range [${least}, ${most}]`)]
}

function validatePreemption(
  args: ValueOfShape<typeof defaultPreemption>,
  path: string,
): readonly FieldError[] {
  const { minCandidateNodesPercentage: percentage = 10, minCandidateNodesAbsolute = 100 } = args
  const percentagePath = `${path}.minCandidateNodesPercentage`
  const absolutePath = `${path}.minCandidateNodesAbsolute`
  const errors = within(percentagePath, percentage, 0, 100)
  if (minCandidateNodesAbsolute < 0)
    errors.push(invalid(absolutePath, minCandidateNodesAbsolute, 'not in valid range [0, inf)'))
  const both = (other: string) => `cannot be zero at the same time as ${other}`
  if (percentage === 0 && minCandidateNodesAbsolute === 0)
    errors.push(
      invalid(percentagePath, percentage, both('minCandidateNodesAbsolute')),
      invalid(absolutePath, minCandidateNodesAbsolute, both('minCandidateNodesPercentage')),
    )
  return errors
}

function validateNodeAffinity(
  { addedAffinity }: ValueOfShape<typeof nodeAffinityArgs>,
  path: string,
): readonly FieldError[] {
  const needs = addedAffinity?.requiredDuringSchedulingIgnoredDuringExecution
  const wishes = addedAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []
  const at = `${path}.addedAffinity`
  return [
    ...(needs
      ? validateNodeSelector(`${at}.requiredDuringSchedulingIgnoredDuringExecution`, needs)
      : []),
    ...wishes.flatMap(({ weight, preference }, i) => [
      ...within(
        `${at}.preferredDuringSchedulingIgnoredDuringExecution[${i}].weight`,
        weight,
        1,
        100,
      ),
      ...validateNodeSelector(`${at}.preferredDuringSchedulingIgnoredDuringExecution[${i}]`, {
        nodeSelectorTerms: [preference],
      }),
    ]),
  ]
}

function validateBalanced(
  { resources = [] }: ValueOfShape<typeof balanced>,
  path: string,
): readonly FieldError[] {
  const seen = new Set<string>()
  return resources.flatMap(({ name, weight }, i) => {
    const at = `${path}.resources[${i}]`
    const repeated = seen.has(name)
    seen.add(name)
    return [
      ...(repeated ? [duplicate(`${at}.name`, name)] : []),
      ...(weight === 1 ? [] : [invalid(`${at}.weight`, weight, 'must be 1')]),
    ]
  })
}

const STRATEGIES = ['LeastAllocated', 'MostAllocated', 'RequestedToCapacityRatio']

function validateFit(args: ValueOfShape<typeof fit>, path: string): readonly FieldError[] {
  const { ignoredResources = [], ignoredResourceGroups = [], scoringStrategy } = args
  const strategyPath = `${path}.scoringStrategy`
  const ratioPath = `${strategyPath}.requestedToCapacityRatio`
  const { type = '', resources = [], requestedToCapacityRatio: given } = scoringStrategy ?? {}
  const byRatio = type === 'RequestedToCapacityRatio'
  return [
    ...ignoredResources.flatMap((name, i) => labelName(`${path}.ignoredResources[${i}]`, name)),
    ...ignoredResourceGroups.flatMap((group, i) => {
      const at = `${path}.ignoredResourceGroups[${i}]`
      return [
        ...(group.includes('/')
          ? [invalid(at, group, "resource group name can't contain '/'")]
          : []),
        ...labelName(at, group),
      ]
    }),
    ...(STRATEGIES.includes(type) ? [] : [notSupported(`${strategyPath}.type`, type, STRATEGIES)]),
    ...validateResources(resources, `${strategyPath}.resources`),
    ...(byRatio && !given
      ? [required(ratioPath, 'must be specified when type is RequestedToCapacityRatio')]
      : []),
    ...(byRatio && given ? validateShape(given.shape, `${ratioPath}.shape`) : []),
    ...(!byRatio && given
      ? [forbidden(ratioPath, 'must be nil when type is not RequestedToCapacityRatio')]
      : []),
  ]
}

function labelName(path: string, name: string): FieldError[] {
  return isQualifiedName(name).map(why => invalid(path, name, why))
}

const WHEN = ['DoNotSchedule', 'ScheduleAnyway']

function validateTopologySpread(
  args: ValueOfShape<typeof topologySpread>,
  path: string,
): readonly FieldError[] {
  const { defaultConstraints = [], defaultingType = '' } = args
  const typePath = `${path}.defaultingType`
  const errors: FieldError[] = []
  if (defaultingType !== 'System' && defaultingType !== 'List')
    errors.push(notSupported(typePath, defaultingType, ['System', 'List']))
  else if (defaultingType === 'System' && defaultConstraints.length > 0)
    errors.push(invalid(typePath, defaultingType, 'when .defaultConstraints are not empty'))
  for (const [i, constraint] of defaultConstraints.entries()) {
    const at = `${path}.defaultConstraints[${i}]`
    const { maxSkew, topologyKey, whenUnsatisfiable: when } = constraint
    if (maxSkew <= 0) errors.push(invalid(`${at}.maxSkew`, maxSkew, 'not in valid range (0, inf)'))
    if (!topologyKey) errors.push(required(`${at}.topologyKey`, 'can not be empty'))
    else errors.push(...labelName(`${at}.topologyKey`, topologyKey))
    if (!when) errors.push(required(`${at}.whenUnsatisfiable`, 'can not be empty'))
    else if (!WHEN.includes(when)) errors.push(notSupported(`${at}.whenUnsatisfiable`, when, WHEN))
    if (constraint.labelSelector)
      errors.push(
        forbidden(
          `${at}.labelSelector`,
          'constraint must not define a selector, as they deduced for each pod',
        ),
      )
    const repeats = defaultConstraints
      .slice(0, i)
      .some(other => other.topologyKey === topologyKey && other.whenUnsatisfiable === when)
    if (repeats) errors.push(duplicate(at, `{${topologyKey}, ${when}}`))
  }
  return errors
}

function validateVolumeBinding(
  { bindTimeoutSeconds = 0, shape: given }: ValueOfShape<typeof volumeBinding>,
  path: string,
  gates: FeatureGates,
): readonly FieldError[] {
  const negative = 'invalid BindTimeoutSeconds, should not be a negative value'
  const gated =
    'unexpected field `shape`, remove it or turn on the feature gate StorageCapacityScoring'
  return [
    ...(bindTimeoutSeconds < 0
      ? [invalid(`${path}.bindTimeoutSeconds`, bindTimeoutSeconds, negative)]
      : []),
    ...(given?.length && isGateOn(gates, 'StorageCapacityScoring')
      ? validateShape(given, `${path}.shape`)
      : []),
    ...(given?.length && !isGateOn(gates, 'StorageCapacityScoring')
      ? [invalid(`${path}.shape`, given, gated)]
      : []),
  ]
}
