/** Reads KubeSchedulerConfiguration: strictly, with upstream's defaults, and refuses what upstream refuses. */
import { decodeShape } from '#api/machinery/decode.ts'
import { parseDuration } from '#api/machinery/duration.ts'
import type { FieldError } from '#api/machinery/field-error.ts'
import { parseYaml } from '#api/machinery/yaml.ts'
import { messageOf, UserError } from '#base/errors.ts'
import type { FeatureGates } from '#base/feature-gates.ts'
import type { PluginSets } from '../framework/profile.ts'
import type { ProfileConfiguration } from '../profiles.ts'
import { pluginArgs } from './plugin-args.ts'
import {
  type ConfigurationFile,
  configurationShape,
  type ExtenderFile,
  type ProfileFile,
} from './schema.ts'
import { validateConfiguration } from './validation.ts'

export interface CompleteProfile {
  readonly schedulerName: string
  readonly percentageOfNodesToScore: number | undefined
  readonly plugins: PluginSets
  readonly pluginConfig: readonly { readonly name: string; readonly args: unknown }[]
}

export interface LeaderElectionSettings {
  readonly leaderElect: boolean
  readonly leaseDurationMs: number
  readonly renewDeadlineMs: number
  readonly retryPeriodMs: number
  readonly resourceLock: string
  readonly resourceName: string
  readonly resourceNamespace: string
}

export interface CompleteConfiguration {
  readonly parallelism: number
  readonly percentageOfNodesToScore: number
  readonly podInitialBackoffSeconds: number
  readonly podMaxBackoffSeconds: number
  readonly profiles: readonly CompleteProfile[]
  readonly extenders: readonly ExtenderFile[]
  readonly leaderElection: LeaderElectionSettings
  /** The kubeconfig that the file names, '' for none. */
  readonly kubeconfig: string
  readonly pluginFiles: readonly string[]
}

const API_VERSION = 'kubescheduler.config.k8s.io/v1'
const KIND = 'KubeSchedulerConfiguration'

/** Throws a UserError that names every field that is wrong. */
export function readConfiguration(
  text: Uint8Array,
  gates: FeatureGates = new Map(),
): CompleteConfiguration {
  const complete = withDefaults(decoded(text))
  const errors = validateConfiguration(complete, gates)
  if (errors.length > 0) throw new UserError(together(errors.map(textOf)))
  return complete
}

/** What startScheduler takes of it. */
export function profilesOf({ profiles }: CompleteConfiguration): ProfileConfiguration[] {
  return profiles.map(({ pluginConfig, ...profile }) => ({
    ...profile,
    pluginArgs: new Map(pluginConfig.map(({ name, args }) => [name, args])),
  }))
}

function textOf({ field, message }: FieldError): string {
  return `${field}: ${message}`
}

function together(errors: readonly string[]): string {
  return errors.length === 1 ? `${errors[0]}` : `[${errors.join(', ')}]`
}

function decoded(text: Uint8Array): ConfigurationFile {
  const raw = parsed(text)
  const { apiVersion, kind } = (raw ?? {}) as { apiVersion?: unknown; kind?: unknown }
  if (!kind)
    throw new UserError("couldn't get version/kind; json parse error: Object 'Kind' is missing")
  if (apiVersion !== API_VERSION || kind !== KIND)
    throw new UserError(
      `no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion ?? '')}; this scheduler reads ${KIND} of ${API_VERSION}`,
    )
  return strictly(configurationShape, raw, '') as ConfigurationFile
}

function parsed(text: Uint8Array): unknown {
  try {
    return parseYaml(text)
  } catch (error) {
    throw new UserError(`the configuration cannot be read: ${messageOf(error)}`)
  }
}

function strictly(shape: Parameters<typeof decodeShape>[0], raw: unknown, path: string): object {
  let found: ReturnType<typeof decodeShape>
  try {
    found = decodeShape(shape, raw)
  } catch (error) {
    throw new UserError(`${path === '' ? '' : `${path}: `}${messageOf(error)}`)
  }
  if (found.unknownFields.length > 0) {
    const unknown = found.unknownFields.map(field => `unknown field ${JSON.stringify(field)}`)
    throw new UserError(
      `strict decoding error: ${path === '' ? '' : `${path}: `}${unknown.join(', ')}`,
    )
  }
  return found.value
}

function withDefaults(file: ConfigurationFile): CompleteConfiguration {
  const profiles = file.profiles?.length ? file.profiles : [{}]
  const fallback = profiles.length === 1 ? 'default-scheduler' : ''
  const { leaderElection: election = {} } = file
  return {
    parallelism: file.parallelism ?? 16,
    percentageOfNodesToScore: file.percentageOfNodesToScore ?? 0,
    podInitialBackoffSeconds: file.podInitialBackoffSeconds ?? 1,
    podMaxBackoffSeconds: file.podMaxBackoffSeconds ?? 10,
    profiles: profiles.map((profile, i) => completeProfile(profile, fallback, `profiles[${i}]`)),
    extenders: file.extenders ?? [],
    leaderElection: {
      leaderElect: election.leaderElect ?? true,
      leaseDurationMs: milliseconds('leaderElection.leaseDuration', election.leaseDuration, 15_000),
      renewDeadlineMs: milliseconds('leaderElection.renewDeadline', election.renewDeadline, 10_000),
      retryPeriodMs: milliseconds('leaderElection.retryPeriod', election.retryPeriod, 2_000),
      resourceLock: election.resourceLock || 'leases',
      resourceName: election.resourceName || 'kube-scheduler',
      resourceNamespace: election.resourceNamespace || 'kube-system',
    },
    kubeconfig: file.clientConnection?.kubeconfig ?? '',
    pluginFiles: file.pluginFiles ?? [],
  }
}

function milliseconds(path: string, text: string | undefined, fallbackMs: number): number {
  if (!text) return fallbackMs
  try {
    return Number(parseDuration(text) / 1_000_000n)
  } catch (error) {
    throw new UserError(`${path}: ${messageOf(error)}`)
  }
}

function completeProfile(file: ProfileFile, fallback: string, path: string): CompleteProfile {
  const { schedulerName = fallback, percentageOfNodesToScore, plugins = {} } = file
  const given = (file.pluginConfig ?? []).map(({ name, args }, i) => {
    const known = Object.hasOwn(pluginArgs, name) ? pluginArgs[name] : undefined
    if (!known) return { name, args }
    const decoded = strictly(known.shape, args ?? {}, `${path}.pluginConfig[${i}].args`)
    return { name, args: known.defaults(decoded as never) }
  })
  return { schedulerName, percentageOfNodesToScore, plugins, pluginConfig: given }
}
