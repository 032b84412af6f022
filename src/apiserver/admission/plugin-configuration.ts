/** An AdmissionConfiguration (apiserver.config.k8s.io): what plugins of admission are told, in the file or in files of their own. */
import type { LimitedResource } from '#api/core/quota/limited.ts'
import { isPlainObject } from '#api/machinery/plain.ts'
import { parseYaml } from '#api/machinery/yaml.ts'
import { messageOf, UserError } from '#base/errors.ts'
import {
  decodeConfiguration,
  decodeValue,
  type FileKind,
  list,
  struct,
} from '../configuration/decode.ts'
import type { EventLimit } from './optional/event-rate-limit.ts'
import type { ImagePolicy } from './optional/image-policy-webhook.ts'
import type { TolerationRules } from './optional/pod-toleration-restriction.ts'
import type { SchedulingPolicy } from './optional/scheduling-policy.ts'
import { type PodSecurityDefaults, podSecurityDefaults } from './pod-security/defaults.ts'

export interface PluginConfiguration {
  readonly podSecurity?: PodSecurityDefaults
  /** Selectors by namespace, and `clusterDefaultNodeSelector`. */
  readonly podNodeSelector?: Readonly<Record<string, string>>
  readonly eventRateLimit?: readonly EventLimit[]
  /** As the file says it; who reads it makes it an `imagePolicy`. */
  readonly rawImagePolicy?: RawImagePolicy
  readonly imagePolicy?: ImagePolicy
  readonly rawSchedulingPolicy?: RawSchedulingPolicy
  readonly schedulingPolicy?: SchedulingPolicy
  readonly podTolerationRestriction?: TolerationRules
  readonly resourceQuota?: readonly LimitedResource[]
}

export interface RawSchedulingPolicy {
  readonly kubeconfig: string
  /** In milliseconds; Federation v1's default where it is absent or 0. */
  readonly retryBackoff?: number
}

export interface RawImagePolicy {
  readonly kubeConfigFile: string
  /** In seconds; -1 remembers nothing. */
  readonly allowTTL?: number
  readonly denyTTL?: number
  /** In milliseconds. */
  readonly retryBackoff?: number
  readonly defaultAllow?: boolean
}

const FILE: FileKind = {
  kind: 'AdmissionConfiguration',
  versions: ['apiserver.config.k8s.io/v1', 'apiserver.k8s.io/v1alpha1'],
  fields: {
    plugins: list(
      struct('AdmissionPluginConfiguration', { name: 'text', path: 'text', configuration: 'any' }),
    ),
  },
}

interface Raw {
  readonly name?: string
  readonly path?: string
  readonly configuration?: unknown
}

/** `read` gives what is in a file that the first one names. Throws a UserError. */
export function parsePluginConfiguration(
  bytes: Uint8Array,
  path: string,
  read: (path: string) => Uint8Array,
): PluginConfiguration {
  const failed = (why: string) =>
    new UserError(
      `unable to read admission control configuration from ${JSON.stringify(path)} [${why}]`,
    )
  let plugins: readonly Raw[]
  try {
    const { plugins: given } = decodeConfiguration(bytes, FILE)
    plugins = (given as readonly Raw[] | null | undefined) ?? []
  } catch (error) {
    throw failed(messageOf(error))
  }
  const result: Record<string, unknown> = {}
  for (const { name = '', path: file, configuration } of plugins) {
    const known = Object.hasOwn(READERS, name) ? READERS[name] : undefined
    if (!known) throw failed(`Proa reads no configuration of the plugin ${JSON.stringify(name)}`)
    try {
      const value = file ? parseYaml(read(file)) : configuration
      if (value !== undefined && value !== null) result[known.property] = known.read(value)
    } catch (error) {
      throw failed(`${name}: ${messageOf(error)}`)
    }
  }
  return result
}

const TOLERATION = struct('Toleration', {
  key: 'text',
  operator: 'text',
  value: 'text',
  effect: 'text',
  tolerationSeconds: 'integer',
})
const TOLERATIONS: FileKind = {
  kind: 'Configuration',
  versions: ['podtolerationrestriction.admission.k8s.io/v1alpha1'],
  fields: { default: list(TOLERATION), whitelist: list(TOLERATION) },
}

const QUOTA: FileKind = {
  kind: 'ResourceQuotaConfiguration',
  versions: ['apiserver.config.k8s.io/v1', 'resourcequota.admission.k8s.io/v1beta1'],
  fields: {
    limitedResources: list(
      struct('LimitedResource', {
        apiGroup: 'text',
        resource: 'text',
        matchContains: list('text'),
        matchScopes: list(
          struct('ScopedResourceSelectorRequirement', {
            scopeName: 'text',
            operator: 'text',
            values: list('text'),
          }),
        ),
      }),
    ),
  },
}

/** Older versions of the file have the kind's name without its beginning. */
function limitedResources(value: unknown): readonly LimitedResource[] {
  const isOlder = isPlainObject(value) && value.kind === 'Configuration'
  const file = isOlder ? { ...QUOTA, kind: 'Configuration' } : QUOTA
  return (decodeValue(value, file).limitedResources ?? []) as readonly LimitedResource[]
}

const READERS: Readonly<
  Record<string, { readonly property: keyof PluginConfiguration; read(value: unknown): unknown }>
> = {
  PodSecurity: { property: 'podSecurity', read: podSecurityDefaults },
  PodNodeSelector: { property: 'podNodeSelector', read: nodeSelectors },
  EventRateLimit: { property: 'eventRateLimit', read: eventLimits },
  SchedulingPolicy: { property: 'rawSchedulingPolicy', read: schedulingPolicyIn },
  ImagePolicyWebhook: { property: 'rawImagePolicy', read: imagePolicyIn },
  PodTolerationRestriction: {
    property: 'podTolerationRestriction',
    read: value => decodeValue(value, TOLERATIONS),
  },
  ResourceQuota: { property: 'resourceQuota', read: limitedResources },
}

/** Of no version, as upstream. */
function imagePolicyIn(value: unknown): RawImagePolicy {
  const { imagePolicy } = isPlainObject(value) ? value : {}
  const { kubeConfigFile } = isPlainObject(imagePolicy) ? imagePolicy : {}
  if (typeof kubeConfigFile !== 'string' || kubeConfigFile === '')
    throw new UserError('imagePolicy.kubeConfigFile is missing')
  return imagePolicy as unknown as RawImagePolicy
}

/** Of no version, as in Federation v1, whose file may have it below a key of its own. */
function schedulingPolicyIn(value: unknown): RawSchedulingPolicy {
  const given = isPlainObject(value) ? (value.schedulingPolicy ?? value) : {}
  const { kubeconfig, retryBackoff = 0 } = isPlainObject(given) ? given : {}
  if (typeof kubeconfig !== 'string' || kubeconfig === '')
    throw new UserError('kubeconfig path must not be empty')
  const backoff = retryBackoff ?? 0
  if (typeof backoff !== 'number' || !Number.isFinite(backoff))
    throw new UserError('retryBackoff is no number of milliseconds')
  if (backoff < 0) throw new UserError('retryBackoff must not be negative')
  return { kubeconfig, retryBackoff: backoff }
}

/** Of no version, as upstream. */
function nodeSelectors(value: unknown): Readonly<Record<string, string>> {
  const { podNodeSelectorPluginConfig: given } = isPlainObject(value) ? value : {}
  if (!isPlainObject(given)) throw new UserError('podNodeSelectorPluginConfig is missing')
  return Object.fromEntries(Object.entries(given).map(([name, text]) => [name, String(text ?? '')]))
}

const LIMITS: FileKind = {
  kind: 'Configuration',
  versions: ['eventratelimit.admission.k8s.io/v1alpha1'],
  fields: {
    limits: list(
      struct('Limit', { type: 'text', qps: 'integer', burst: 'integer', cacheSize: 'integer' }),
    ),
  },
}
const TYPES = ['Server', 'Namespace', 'User', 'SourceAndObject']

function eventLimits(value: unknown): readonly EventLimit[] {
  const limits = (decodeValue(value, LIMITS).limits ?? []) as readonly EventLimit[]
  if (limits.length === 0) throw new UserError('limits: Invalid value: []: must not be empty')
  for (const [i, { type, qps = 0, burst = 0 }] of limits.entries()) {
    if (!TYPES.includes(type))
      throw new UserError(
        `limits[${i}].type: Unsupported value: ${JSON.stringify(type ?? '')}: supported values: ${[
          ...TYPES,
        ]
          .sort()
          .map(each => JSON.stringify(each))
          .join(', ')}`,
      )
    if (qps <= 0) throw new UserError(`limits[${i}].qps: Invalid value: ${qps}: must be positive`)
    if (burst <= 0)
      throw new UserError(`limits[${i}].burst: Invalid value: ${burst}: must be positive`)
  }
  return limits
}
