/** What a cluster is asked for of its audit log, as a library and by flags. */
import { FORMATS, type LogFormat } from '#apiserver/audit/log-delivery.ts'
import { type AuditMode, MODES } from '#apiserver/audit/sinks.ts'
import { UserError } from '#base/errors.ts'
import type { ValuesOf } from '#cli'

/** Who is told of which requests, and how much. Events go to all places that are given. */
export interface AuditOptions {
  /** A Policy of audit.k8s.io/v1 in a file, or the same as a value: `{ rules: [{ level: 'Metadata' }] }`. */
  readonly policy: string | object
  readonly log?: AuditLogOptions
  readonly webhook?: AuditWebhookOptions
  /** Called with each Event of audit.k8s.io/v1, for tests: must be quick and not throw. */
  readonly onEvent?: (event: object) => void
}

/** What both places can be asked for. Defaults are upstream's. */
interface PlaceOptions {
  /** Whether requests wait for their events, or events wait in batches. */
  readonly mode?: AuditMode
  readonly batch?: Partial<BatchSettings>
  /** Large events lose their bodies, and are lost where that does not do. */
  readonly truncate?: { readonly maximumEventBytes: number; readonly maximumBatchBytes: number }
}

export interface BatchSettings {
  readonly bufferSize: number
  readonly maximumSize: number
  readonly maximumWaitMs: number
  /** `undefined` for no limit. */
  readonly throttle: { readonly perSecond: number; readonly burst: number } | undefined
}

/** Blocking by default, and batches of one event. */
export interface AuditLogOptions extends PlaceOptions {
  /** A file; `-` is standard output. */
  readonly path: string
  /** `json` by default. */
  readonly format?: LogFormat
  /** 366 by default; 0 keeps old files. */
  readonly maximumAgeDays?: number
  /** 100 by default; 0 keeps all old files. */
  readonly maximumBackups?: number
  /** 100 by default; 0 never rotates. */
  readonly maximumMegabytes?: number
  readonly compress?: boolean
}

/** In batches by default. */
export interface AuditWebhookOptions extends PlaceOptions {
  /** A kubeconfig. */
  readonly configFile: string
  /** Until the second try; ten seconds by default. */
  readonly initialBackoffMs?: number
}

type Values = Pick<ValuesOf<'apiserver'>, Extract<keyof ValuesOf<'apiserver'>, `audit${string}`>>

/** Throws a UserError that tells all that is wrong, in upstream's words. */
export function auditOptionsOf(values: Values): { readonly audit?: AuditOptions } {
  const errors = [...logErrors(values), ...webhookErrors(values)]
  const [only] = errors
  if (only !== undefined) throw new UserError(errors.length === 1 ? only : `[${errors.join(', ')}]`)
  const { auditPolicyFile: policy } = values
  // As upstream: without a policy nothing is told to anybody.
  if (policy === undefined) return {}
  const log = logOf(values)
  const webhook = webhookOf(values)
  return { audit: { policy, ...(log ? { log } : {}), ...(webhook ? { webhook } : {}) } }
}

function logOf(values: Values): AuditLogOptions | undefined {
  const { auditLogPath: path } = values
  if (path === undefined) return undefined
  return {
    path,
    format: values.auditLogFormat as LogFormat,
    maximumAgeDays: values.auditLogMaxAgeDays,
    maximumBackups: values.auditLogMaxBackups,
    maximumMegabytes: values.auditLogMaxMegabytes,
    compress: values.auditLogCompress,
    ...placeOf(logPlace(values)),
  }
}

function webhookOf(values: Values): AuditWebhookOptions | undefined {
  const { auditWebhookConfigFile: configFile } = values
  if (configFile === undefined) return undefined
  const { auditWebhookInitialBackoffMs: initialBackoffMs } = values
  return { configFile, initialBackoffMs, ...placeOf(webhookPlace(values)) }
}

interface Place {
  readonly name: 'log' | 'webhook'
  readonly mode: string
  readonly bufferSize: number
  readonly maximumSize: number
  readonly maximumWaitMs: number
  readonly isThrottled: boolean
  readonly perSecond: number
  readonly burst: number
  readonly truncates: boolean
  readonly maximumBatchBytes: number
  readonly maximumEventBytes: number
  readonly version: string
}

const logPlace = (values: Values): Place => ({
  name: 'log',
  mode: values.auditLogMode,
  bufferSize: values.auditLogBatchBufferSize,
  maximumSize: values.auditLogBatchMaxSize,
  maximumWaitMs: values.auditLogBatchMaxWaitMs,
  isThrottled: values.auditLogBatchThrottle,
  perSecond: values.auditLogBatchThrottleQps,
  burst: values.auditLogBatchThrottleBurst,
  truncates: values.auditLogTruncate,
  maximumBatchBytes: values.auditLogTruncateMaxBatchBytes,
  maximumEventBytes: values.auditLogTruncateMaxEventBytes,
  version: values.auditLogVersion,
})

const webhookPlace = (values: Values): Place => ({
  name: 'webhook',
  mode: values.auditWebhookMode,
  bufferSize: values.auditWebhookBatchBufferSize,
  maximumSize: values.auditWebhookBatchMaxSize,
  maximumWaitMs: values.auditWebhookBatchMaxWaitMs,
  isThrottled: values.auditWebhookBatchThrottle,
  perSecond: values.auditWebhookBatchThrottleQps,
  burst: values.auditWebhookBatchThrottleBurst,
  truncates: values.auditWebhookTruncate,
  maximumBatchBytes: values.auditWebhookTruncateMaxBatchBytes,
  maximumEventBytes: values.auditWebhookTruncateMaxEventBytes,
  version: values.auditWebhookVersion,
})

function placeOf(place: Place): PlaceOptions {
  const { mode, bufferSize, maximumSize, maximumWaitMs, perSecond, burst } = place
  const { truncates, maximumBatchBytes, maximumEventBytes } = place
  const throttle = place.isThrottled ? { perSecond, burst } : undefined
  return {
    mode: mode as AuditMode,
    batch: { bufferSize, maximumSize, maximumWaitMs, throttle },
    ...(truncates ? { truncate: { maximumBatchBytes, maximumEventBytes } } : {}),
  }
}

function logErrors(values: Values): string[] {
  if (values.auditLogPath === undefined) return []
  const notNegative = (name: string, value: number) =>
    value < 0 ? [`--audit-log-${name} ${value} can't be a negative number`] : []
  const { auditLogFormat: format } = values
  return [
    ...placeErrors(logPlace(values)),
    ...(FORMATS.some(each => each === format)
      ? []
      : [`invalid audit log format ${format}, allowed formats are "${FORMATS.join(',')}"`]),
    ...notNegative('maxage', values.auditLogMaxAgeDays),
    ...notNegative('maxbackup', values.auditLogMaxBackups),
    ...notNegative('maxsize', values.auditLogMaxMegabytes),
  ]
}

const webhookErrors = (values: Values): string[] =>
  values.auditWebhookConfigFile === undefined ? [] : placeErrors(webhookPlace(values))

const VERSION = 'audit.k8s.io/v1'

function placeErrors(place: Place): string[] {
  const { name, mode, version, truncates, maximumEventBytes, maximumBatchBytes } = place
  const errors: string[] = []
  if (!MODES.some(each => each === mode))
    errors.push(`invalid audit ${name} mode ${mode}, allowed modes are "${MODES.join(',')}"`)
  if (mode === 'batch') errors.push(...batchErrors(place).slice(0, 1))
  const positive = 'must be a positive number'
  if (truncates && maximumEventBytes <= 0)
    errors.push(`invalid audit truncate ${name} max event size ${maximumEventBytes}, ${positive}`)
  else if (truncates && maximumBatchBytes < maximumEventBytes)
    errors.push(
      `invalid audit truncate ${name} max batch size ${maximumBatchBytes}, must be greater than max event size (${maximumEventBytes})`,
    )
  if (version !== VERSION)
    errors.push(`invalid group version, allowed versions are [${JSON.stringify(VERSION)}]`)
  return errors
}

function batchErrors(place: Place): string[] {
  const { name, bufferSize, maximumSize, isThrottled, perSecond, burst } = place
  const positive = (what: string, value: number) =>
    value > 0 ? [] : [`invalid audit batch ${name} ${what} ${value}, must be a positive number`]
  return [
    ...positive('buffer size', bufferSize),
    ...positive('max batch size', maximumSize),
    ...(isThrottled
      ? [...positive('throttle QPS', perSecond), ...positive('throttle burst', burst)]
      : []),
  ]
}
