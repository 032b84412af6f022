/** What a KubeletConfiguration means for our kubelet, and what of it means nothing to it. Pure. */
import { parseDuration } from '#api/machinery/duration.ts'
import { quantityToNumber } from '#api/machinery/quantity.ts'
import { UserError } from '#base/errors.ts'
import { DEFAULT_ENDPOINT, tracingProblems } from '#client/tracing/tracing-configuration.ts'
import type { SwapBehavior } from '../cgroups/swap.ts'
import { DEFAULT_THRESHOLDS, isThreshold, SIGNALS } from '../eviction/thresholds.ts'
import type { KubeletOptions } from '../options.ts'
import { UNIT } from '../user-namespaces/id-space.ts'
import { evictionOf } from './eviction-settings.ts'
import { imageCollectionOf, pullLimitsOf, verificationOf } from './image-settings.ts'
import type { ConfigurationField, KubeletConfiguration } from './schema.ts'
import { shutdownPeriodsOf } from './shutdown-settings.ts'

/** What the kubelet itself does otherwise because of it. */
export type ConfiguredOptions = Pick<
  KubeletOptions,
  | 'podLogsDirectory'
  | 'clusterDns'
  | 'nodeStatusUpdateMs'
  | 'nodeStatusReportMs'
  | 'nodeLeaseSeconds'
  | 'containerLogMaxBytes'
  | 'containerLogMaxFiles'
  | 'containerLogMonitorMs'
  | 'maxRestartBackoffMs'
  | 'nodeStatusMaxImages'
  | 'showsSystemLogs'
  | 'showsProfiles'
  | 'answersLogQueries'
  | 'shutdownPeriods'
  | 'swapBehavior'
  | 'idsPerPod'
  | 'imageVerification'
  | 'pullLimits'
  | 'imageCollection'
  | 'eviction'
>

/** Throws a UserError that names the field. */
export function optionsOf(configuration: KubeletConfiguration): ConfiguredOptions {
  const span = (name: ConfigurationField) => milliseconds(name, configuration[name])
  const { containerLogMaxFiles, nodeLeaseDurationSeconds, nodeStatusMaxImages } = configuration
  if (containerLogMaxFiles !== undefined && containerLogMaxFiles < 2)
    throw invalid(
      `containerLogMaxFiles (--container-log-max-files) ${containerLogMaxFiles} must be greater than 1`,
    )
  if (nodeLeaseDurationSeconds !== undefined && nodeLeaseDurationSeconds < 0)
    throw invalid(`nodeLeaseDurationSeconds must not be negative, not ${nodeLeaseDurationSeconds}`)
  if (nodeStatusMaxImages !== undefined && nodeStatusMaxImages < -1)
    throw invalid(
      `nodeStatusMaxImages (--node-status-max-images) ${nodeStatusMaxImages} must be -1 or greater`,
    )
  const { enableSystemLogHandler, enableSystemLogQuery } = configuration
  if (enableSystemLogQuery && enableSystemLogHandler === false)
    throw invalid('enableSystemLogHandler is required for enableSystemLogQuery')
  const restart = configuration.crashLoopBackOff?.maxContainerRestartPeriod
  const restartMs = milliseconds('crashLoopBackOff.maxContainerRestartPeriod', restart)
  if (restartMs && (restartMs < 1_000 || restartMs > 300_000))
    throw invalid(
      `crashLoopBackOff.maxContainerRestartPeriod must be from 1s to 300s, not ${restart}`,
    )
  return present({
    podLogsDirectory: configuration.podLogsDir,
    clusterDns: configuration.clusterDNS?.length ? configuration.clusterDNS : undefined,
    nodeStatusUpdateMs: span('nodeStatusUpdateFrequency'),
    nodeStatusReportMs: span('nodeStatusReportFrequency'),
    nodeLeaseSeconds: nodeLeaseDurationSeconds || undefined,
    containerLogMaxBytes: bytes('containerLogMaxSize', configuration.containerLogMaxSize),
    containerLogMaxFiles,
    containerLogMonitorMs: span('containerLogMonitorInterval'),
    maxRestartBackoffMs: restartMs,
    nodeStatusMaxImages,
    showsSystemLogs: enableSystemLogHandler,
    answersLogQueries: enableSystemLogQuery,
    showsProfiles: configuration.enableProfilingHandler,
    shutdownPeriods: shutdownPeriodsOf(configuration),
    swapBehavior: swapBehaviorOf(configuration),
    idsPerPod: idsPerPodOf(configuration),
    imageVerification: verificationOf(configuration),
    pullLimits: pullLimitsOf(configuration),
    imageCollection: imageCollectionOf(configuration),
    eviction: evictionOf(configuration),
  })
}

const MAXIMUM_IDS = 2 ** 32 - UNIT

function idsPerPodOf({ userNamespaces }: KubeletConfiguration): number | undefined {
  const count = userNamespaces?.idsPerPod
  if (count === undefined) return undefined
  if (count < UNIT) throw invalid(`userNamespaces.idsPerPod must not be less than ${UNIT}`)
  if (count % UNIT !== 0) throw invalid(`userNamespaces.idsPerPod must be a multiple of ${UNIT}`)
  if (count > MAXIMUM_IDS)
    throw invalid(`userNamespaces.idsPerPod must not be more than ${MAXIMUM_IDS}`)
  return count
}

function swapBehaviorOf({ memorySwap }: KubeletConfiguration): SwapBehavior | undefined {
  const behavior = memorySwap?.swapBehavior || undefined
  if (behavior === undefined || behavior === 'NoSwap' || behavior === 'LimitedSwap') return behavior
  throw invalid(
    `memorySwap.swapBehavior ${JSON.stringify(behavior)} must be one of: "", "LimitedSwap" or "NoSwap"`,
  )
}

/** Where traces go, and of how much out of a million; undefined where nobody wants them. Throws a UserError. */
export function tracingOf({ tracing }: KubeletConfiguration) {
  if (!tracing) return undefined
  const { endpoint = DEFAULT_ENDPOINT, samplingRatePerMillion = 0 } = tracing
  const problems = tracingProblems(endpoint, samplingRatePerMillion)
  if (problems.length > 0) throw invalid(problems.join(', '))
  return { endpoint: endpoint || DEFAULT_ENDPOINT, samplingRatePerMillion }
}

/** Signals that are asked for and that nobody looks at. */
export const unservedSignals = ({
  evictionHard,
  evictionSoft,
  evictionMinimumReclaim,
}: KubeletConfiguration): readonly string[] =>
  Object.keys({ ...evictionHard, ...evictionSoft, ...evictionMinimumReclaim }).filter(
    name => !(SIGNALS as readonly string[]).includes(name),
  )

/** As the flag --eviction-hard says it; signals that it does not name have upstream's way: none, unless the defaults are to be merged. */
export function evictionHardOf(configuration: KubeletConfiguration): string | undefined {
  const { evictionHard, mergeDefaultEvictionSettings } = configuration
  if (!evictionHard) return undefined
  const all: Record<string, string> = {
    ...(mergeDefaultEvictionSettings ? DEFAULT_THRESHOLDS : {}),
    ...evictionHard,
  }
  for (const [name, amount] of Object.entries(evictionHard))
    if (!isThreshold(amount))
      throw invalid(`evictionHard: ${name} wants a quantity or a percentage, not "${amount}"`)
  return SIGNALS.filter(name => all[name] !== undefined)
    .map(name => `${name}<${all[name]}`)
    .join(',')
}

function milliseconds(name: string, value: unknown): number | undefined {
  if (value === undefined) return undefined
  let ms: number
  try {
    ms = Number(parseDuration(String(value)) / 1_000_000n)
  } catch {
    throw invalid(`${name} wants a time such as 10s, not "${value}"`)
  }
  if (ms < 0) throw invalid(`${name} must not be negative, not ${value}`)
  // None is upstream's own.
  return ms === 0 ? undefined : ms
}

function bytes(name: string, value: string | undefined): number | undefined {
  if (!value) return undefined
  try {
    const size = quantityToNumber(value)
    if (size > 0) return size
  } catch {
    // Told below.
  }
  throw invalid(`${name} wants a quantity such as 10Mi, not "${value}"`)
}

const invalid = (why: string) => new UserError(`invalid kubelet configuration: ${why}`)

function present<T extends object>(values: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const entries = Object.entries(values).filter(([, value]) => value !== undefined)
  return Object.fromEntries(entries) as { [K in keyof T]: Exclude<T[K], undefined> }
}

/** Values that say what the kubelet does anyway. */
const AS_IT_IS: Readonly<Partial<Record<ConfigurationField, readonly unknown[]>>> = {
  enableServer: [true],
  authorization: [{ mode: 'Webhook' }],
  healthzBindAddress: ['127.0.0.1'],
  healthzPort: [0, 10248],
  cgroupsPerQOS: [true],
  cgroupDriver: ['cgroupfs', 'systemd'],
  cpuCFSQuota: [true],
  enableControllerAttachDetach: [true],
  enableDebuggingHandlers: [true],
  makeIPTablesUtilChains: [true, false],
  registerNode: [true],
  localStorageCapacityIsolation: [true],
  configMapAndSecretChangeDetectionStrategy: ['Watch'],
  enforceNodeAllocatable: [['pods']],
  memoryReservationPolicy: ['None'],
}

/** Names of fields that say something which changes nothing here, in the order of their names. */
export function unservedFields(
  configuration: KubeletConfiguration,
  served: ReadonlySet<string>,
): readonly string[] {
  return Object.entries(withoutGranted(configuration))
    .filter(([name, value]) => !served.has(name) && !isEmpty(value) && !isAsItIs(name, value))
    .map(([name]) => name)
    .toSorted()
}

/** Sections of which some values are as it is, and others not. */
function withoutGranted({ authentication, authorization, ...rest }: KubeletConfiguration) {
  const { anonymous, webhook } = authentication ?? {}
  const mode = authorization?.mode
  return {
    ...rest,
    ...(authentication?.x509 ? { authentication: authentication.x509 } : {}),
    ...(anonymous?.enabled === true ? { 'authentication.anonymous': anonymous } : {}),
    ...(webhook?.enabled === false ? { 'authentication.webhook': 'off' } : {}),
    ...(mode && mode !== 'Webhook' ? { authorization } : {}),
  }
}

const isAsItIs = (name: string, value: unknown) =>
  AS_IT_IS[name as ConfigurationField]?.some(
    each => JSON.stringify(each) === JSON.stringify(value),
  ) ?? false

/** Nothing said: kubeadm writes each span of time as 0s, which is upstream's default. */
function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === '' || value === '0s' || value === '0')
    return true
  if (value === 0 || value === false) return true
  return typeof value === 'object' && Object.values(value).every(isEmpty)
}

export const KUBELET_FIELDS: readonly ConfigurationField[] = [
  ...(['apiVersion', 'kind', 'podLogsDir', 'clusterDNS'] as const),
  ...(['nodeStatusUpdateFrequency', 'nodeStatusReportFrequency'] as const),
  ...(['nodeLeaseDurationSeconds', 'containerLogMaxSize', 'containerLogMaxFiles'] as const),
  ...(['containerLogMonitorInterval', 'crashLoopBackOff', 'nodeStatusMaxImages'] as const),
  ...(['evictionHard', 'mergeDefaultEvictionSettings', 'enableSystemLogHandler'] as const),
  ...(['enableSystemLogQuery', 'enableProfilingHandler', 'tracing'] as const),
  ...(['shutdownGracePeriod', 'shutdownGracePeriodCriticalPods'] as const),
  ...(['shutdownGracePeriodByPodPriority', 'memorySwap', 'failSwapOn'] as const),
  'userNamespaces',
  ...(['evictionSoft', 'evictionSoftGracePeriod', 'evictionMaxPodGracePeriod'] as const),
  ...(['evictionMinimumReclaim', 'evictionPressureTransitionPeriod'] as const),
  ...(['imagePullCredentialsVerificationPolicy', 'preloadedImagesVerificationAllowlist'] as const),
  ...(['serializeImagePulls', 'maxParallelImagePulls', 'registryPullQPS'] as const),
  ...(['registryBurst', 'imageMinimumGCAge', 'imageMaximumGCAge'] as const),
  ...(['imageGCHighThresholdPercent', 'imageGCLowThresholdPercent'] as const),
]
