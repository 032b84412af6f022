/** The audit log as it was asked for: its policy read, its files and connections open. Loaded only where somebody asks for it. */
import { dirname, resolve } from 'node:path'
import {
  AuditFigures,
  type AuditSink,
  type AuditOptions as ServerAudit,
} from '#apiserver/audit/audit-log.ts'
import { eventJson } from '#apiserver/audit/event.ts'
import { type LineWriter, logDelivery } from '#apiserver/audit/log-delivery.ts'
import { parseAuditPolicy } from '#apiserver/audit/policy-file.ts'
import {
  type AuditMode,
  type BatchOptions,
  BatchSink,
  blockingSink,
  type Delivery,
} from '#apiserver/audit/sinks.ts'
import { inSmallBatches, truncating } from '#apiserver/audit/truncate.ts'
import { webhookDelivery } from '#apiserver/audit/webhook-delivery.ts'
import type { Clock } from '#base/clock.ts'
import { UserError } from '#base/errors.ts'
import type { Log } from '#base/log.ts'
import type { Random } from '#base/random.ts'
import { connectionFromKubeconfig } from '#client/kubeconfig.ts'
import { createUrlPoster } from '#client/webhooks/url-poster.ts'
import type { Files } from '#host/files.ts'
import { RotatedFile } from '#host/rotated-file.ts'
import { standardOutput } from '#host/standard-output.ts'
import type { AuditLogOptions, AuditOptions, AuditWebhookOptions } from './audit-options.ts'

export interface AuditSurroundings {
  readonly files: Pick<Files, 'read'>
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

export interface OpenAudit {
  readonly audit: ServerAudit
  /** Delivers what is left, for some seconds at most. */
  close(): Promise<void>
}

/** Throws a UserError. */
export async function openAudit(
  options: AuditOptions,
  surroundings: AuditSurroundings,
): Promise<OpenAudit> {
  const figures = new AuditFigures(surroundings)
  const policy = policyOf(options, surroundings)
  const sinks: AuditSink[] = []
  const close = async () => {
    await Promise.all(sinks.splice(0).map(sink => sink.close()))
  }
  const parts = { ...surroundings, figures }
  try {
    if (options.log) sinks.push(await openLog(options.log, parts))
    if (options.webhook) sinks.push(await openWebhook(options.webhook, parts))
  } catch (error) {
    await close()
    throw error
  }
  if (options.onEvent) sinks.push(told(options.onEvent))
  return { audit: { policy, sinks: [...sinks], figures }, close }
}

function policyOf({ policy }: AuditOptions, { files, log }: AuditSurroundings) {
  const file = typeof policy === 'string' ? policy : 'the options'
  const bytes =
    typeof policy === 'string'
      ? files.read(policy)
      : Buffer.from(JSON.stringify({ apiVersion: 'audit.k8s.io/v1', kind: 'Policy', ...policy }))
  if (!bytes)
    throw new UserError(
      `loading audit policy file: failed to read file path ${JSON.stringify(file)}: open ${file}: no such file or directory`,
    )
  const { policy: read, unknownFields } = parseAuditPolicy(bytes, file)
  if (unknownFields.length > 0)
    log.warn('the audit policy has fields that nobody knows, which say nothing', { unknownFields })
  return read
}

type Parts = AuditSurroundings & { readonly figures: AuditFigures }

const LOG_BATCHES: BatchOptions = {
  bufferSize: 10_000,
  maximumSize: 1,
  maximumWaitMs: 0,
  // One file takes them in their order, many together.
  inFlight: 1000,
}
const WEBHOOK_BATCHES: BatchOptions = {
  bufferSize: 10_000,
  maximumSize: 400,
  maximumWaitMs: 30_000,
  throttle: { perSecond: 10, burst: 15 },
  inFlight: 16,
}
const MEBIBYTE = 1024 * 1024

async function openLog(options: AuditLogOptions, parts: Parts): Promise<AuditSink> {
  const { format = 'json', mode = 'blocking' } = options
  const delivery = logDelivery(await writerFor(options, parts), format)
  return sinkFor(delivery, { ...options, mode }, { parts, batches: LOG_BATCHES })
}

async function writerFor(options: AuditLogOptions, { clock, log }: Parts): Promise<LineWriter> {
  const { path, maximumAgeDays = 366, maximumBackups = 100, maximumMegabytes = 100 } = options
  if (path === '-') return standardOutput()
  const { compress = false } = options
  const rotation = { maximumAgeDays, maximumBackups, compress }
  return RotatedFile.open(
    path,
    { ...rotation, maximumBytes: maximumMegabytes * MEBIBYTE },
    { clock, trouble: error => log.error('old audit logs could not be tidied up', { error }) },
  )
}

/** Answers say nothing. */
const MAXIMUM_ANSWER_BYTES = 64 * 1024

async function openWebhook(options: AuditWebhookOptions, parts: Parts): Promise<AuditSink> {
  const { configFile, mode = 'batch', initialBackoffMs = 10_000 } = options
  const { files, clock, random } = parts
  const read = (path: string) => {
    const bytes = files.read(path)
    if (!bytes)
      throw new UserError(`initializing audit webhook: stat ${path}: no such file or directory`)
    return bytes.toString()
  }
  const connection = await connectionFromKubeconfig(read(configFile), {
    read: async path => read(path),
    resolve: name => resolve(dirname(configFile), name),
  })
  const poster = createUrlPoster(
    {
      authority: connection.certificateAuthority,
      certificate: connection.clientCertificate,
      key: connection.clientKey,
      serverName: connection.tlsServerName,
      insecure: connection.insecureSkipTlsVerify,
      token: connection.token,
    },
    { answerBytes: MAXIMUM_ANSWER_BYTES },
  )
  const target = { url: connection.server, ...poster }
  const delivery = webhookDelivery(target, { clock, random, initialBackoffMs })
  return sinkFor(delivery, { ...options, mode }, { parts, batches: WEBHOOK_BATCHES })
}

function sinkFor(
  delivery: Delivery,
  options: Pick<AuditLogOptions, 'batch' | 'truncate'> & { readonly mode: AuditMode },
  { parts, batches }: { readonly parts: Parts; readonly batches: BatchOptions },
): AuditSink {
  const { mode, batch, truncate } = options
  const { trouble } = parts.figures
  const last = truncate ? inSmallBatches(delivery, truncate) : delivery
  const sink =
    mode === 'batch'
      ? new BatchSink(last, withGiven(batches, batch), { clock: parts.clock, trouble })
      : blockingSink(last, trouble, mode === 'blocking-strict')
  return truncate ? truncating(sink, truncate, trouble) : sink
}

/** A throttle that is said to be none is none. */
function withGiven(
  { throttle, ...rest }: BatchOptions,
  given: AuditLogOptions['batch'] = {},
): BatchOptions {
  const { throttle: wanted, ...more } = given
  const limit = 'throttle' in given ? wanted : throttle
  return { ...rest, ...more, ...(limit ? { throttle: limit } : {}) }
}

function told(onEvent: (event: object) => void): AuditSink {
  return {
    process(events) {
      for (const event of events) onEvent(JSON.parse(Buffer.concat(eventJson(event)).toString()))
      return true
    },
    close: async () => {},
  }
}
