/** What may not be in a configuration, in upstream's words. */
import { isExtendedResource } from '#api/core/v1/resource-names.ts'
import { duplicate, type FieldError, invalid, required } from '#api/machinery/field-error.ts'
import { isQualifiedName } from '#api/machinery/names.ts'
import type { FeatureGates } from '#base/feature-gates.ts'
import type { CompleteConfiguration, CompleteProfile } from './configuration.ts'
import { pluginArgs } from './plugin-args.ts'
import type { ExtenderFile } from './schema.ts'

const VERSION = 'kubescheduler.config.k8s.io/v1'
/** Plugins that were taken out with this version. */
const REMOVED = new Set(['AzureDiskLimits', 'CinderLimits', 'EBSLimits', 'GCEPDLimits'])
const REMOVED_MESSAGE = `was invalid in version "${VERSION}" (KubeSchedulerConfiguration is version "${VERSION}")`

export function validateConfiguration(
  configuration: CompleteConfiguration,
  gates: FeatureGates,
): FieldError[] {
  const { parallelism, profiles, percentageOfNodesToScore, extenders } = configuration
  const { podInitialBackoffSeconds: initial, podMaxBackoffSeconds: longest } = configuration
  const positive = 'should be an integer value greater than zero'
  return [
    ...validateLeaderElection(configuration.leaderElection),
    ...(parallelism > 0 ? [] : [invalid('parallelism', parallelism, positive)]),
    ...validateProfiles(profiles, gates),
    ...validatePercentage('percentageOfNodesToScore', percentageOfNodesToScore),
    ...(initial > 0
      ? []
      : [invalid('podInitialBackoffSeconds', initial, 'must be greater than 0')]),
    ...(longest >= initial
      ? []
      : [
          invalid(
            'podMaxBackoffSeconds',
            longest,
            'must be greater than or equal to PodInitialBackoffSeconds',
          ),
        ]),
    ...validateExtenders(extenders),
  ]
}

function validateLeaderElection(
  election: CompleteConfiguration['leaderElection'],
): readonly FieldError[] {
  if (!election.leaderElect) return []
  const path = 'leaderElection'
  const { leaseDurationMs, renewDeadlineMs, retryPeriodMs, resourceLock } = election
  const errors: FieldError[] = []
  const spans = {
    leaseDuration: leaseDurationMs,
    renewDeadline: renewDeadlineMs,
    retryPeriod: retryPeriodMs,
  }
  for (const [name, ms] of Object.entries(spans))
    if (ms <= 0) errors.push(invalid(`${path}.${name}`, `${ms}ms`, 'must be greater than zero'))
  if (leaseDurationMs < renewDeadlineMs)
    errors.push(
      invalid(
        `${path}.leaseDuration`,
        `${renewDeadlineMs / 1000}s`,
        'LeaseDuration must be greater than RenewDeadline',
      ),
    )
  if (resourceLock !== 'leases')
    errors.push(
      invalid(`${path}.resourceLock`, resourceLock, 'resourceLock value must be "leases"'),
    )
  return errors
}

function validatePercentage(path: string, percentage: number | undefined): readonly FieldError[] {
  if (percentage === undefined || (percentage >= 0 && percentage <= 100)) return []
  return [invalid(path, percentage, 'not in valid range [0-100]')]
}

function validateProfiles(
  profiles: readonly CompleteProfile[],
  gates: FeatureGates,
): readonly FieldError[] {
  const seen = new Map<string, number>()
  const errors: FieldError[] = []
  for (const [i, profile] of profiles.entries()) {
    const path = `profiles[${i}]`
    const { schedulerName, percentageOfNodesToScore } = profile
    if (!schedulerName) errors.push(required(`${path}.schedulerName`))
    errors.push(
      ...validatePercentage(`${path}.percentageOfNodesToScore`, percentageOfNodesToScore),
      ...validatePlugins(path, profile),
      ...validatePluginConfig(path, profile, gates),
    )
    const first = seen.get(schedulerName)
    if (first !== undefined)
      errors.push(duplicate(`${path}.schedulerName`, `profiles[${first}].schedulerName`))
    seen.set(schedulerName, i)
  }
  return [...errors, ...validateQueueSort(profiles)]
}

function validatePlugins(path: string, { plugins }: CompleteProfile): readonly FieldError[] {
  return Object.entries(plugins).flatMap(([point, set]) =>
    point === 'multiPoint'
      ? []
      : (set.enabled ?? []).flatMap(({ name }, i) =>
          REMOVED.has(name)
            ? [invalid(`${path}.plugins.${point}.enabled[${i}]`, name, REMOVED_MESSAGE)]
            : [],
        ),
  )
}

function validatePluginConfig(
  path: string,
  { pluginConfig }: CompleteProfile,
  gates: FeatureGates,
): readonly FieldError[] {
  const seen = new Set<string>()
  return pluginConfig.flatMap(({ name, args }, i) => {
    const at = `${path}.pluginConfig[${i}]`
    const repeated = seen.has(name) ? [duplicate(at, name)] : []
    seen.add(name)
    if (REMOVED.has(name)) return [...repeated, invalid(at, name, REMOVED_MESSAGE)]
    const known = Object.hasOwn(pluginArgs, name) ? pluginArgs[name] : undefined
    return [...repeated, ...(known?.validate(args as never, `${at}.args`, gates) ?? [])]
  })
}

/** One queue serves all profiles, so all must agree on its order. */
function validateQueueSort(profiles: readonly CompleteProfile[]): readonly FieldError[] {
  const [first, ...others] = profiles
  if (!first) return []
  const errors: FieldError[] = []
  const count = first.plugins.queueSort?.enabled?.length ?? 0
  if (count > 1)
    errors.push(
      invalid(
        'profiles[0].plugins.queueSort.Enabled',
        count,
        'only one queue sort plugin can be enabled',
      ),
    )
  const text = ({ plugins }: CompleteProfile) => JSON.stringify(plugins.queueSort ?? {})
  for (const [i, other] of others.entries())
    if (text(other) !== text(first))
      errors.push(
        invalid(
          `profiles[${i + 1}].plugins.queueSort`,
          other.plugins.queueSort ?? {},
          'must be the same for all profiles',
        ),
      )
  return errors
}

function validateExtenders(extenders: readonly ExtenderFile[]): readonly FieldError[] {
  const errors: FieldError[] = []
  const managed = new Set<string>()
  for (const [i, { prioritizeVerb, weight = 0, managedResources = [] }] of extenders.entries()) {
    const path = `extenders[${i}]`
    if (prioritizeVerb && weight <= 0)
      errors.push(invalid(`${path}.weight`, weight, 'must have a positive weight applied to it'))
    for (const [j, { name }] of managedResources.entries()) {
      const at = `${path}.managedResources[${j}].name`
      const wrong = isQualifiedName(name)
      errors.push(...wrong.map(why => invalid(at, name, why)))
      if (wrong.length === 0 && !isExtendedResource(name))
        errors.push(invalid(at, name, 'is an invalid extended resource name'))
      if (managed.has(name))
        errors.push(invalid(at, name, 'duplicate extender managed resource name'))
      managed.add(name)
    }
  }
  const binders = extenders.filter(({ bindVerb }) => bindVerb).length
  if (binders > 1)
    errors.push(
      invalid(
        'extenders',
        `found ${binders} extenders implementing bind`,
        'only one extender can implement bind',
      ),
    )
  return errors
}
