/** The audit log's flags; upstream's names and defaults. What they say together is judged where the server starts. */
import { UserError } from '#base/errors.ts'
import { durationFlag, flag, switchFlag, textFlag, under } from './flags.ts'

const numberFlag = (name: string, doc: string, fallback: number, isWhole = true) =>
  flag(
    name,
    'N',
    doc,
    text => {
      if (!(isWhole ? /^[+-]?\d{1,15}$/ : /^[+-]?\d{1,15}(\.\d+)?$/).test(text))
        throw new UserError(`--${name} wants a ${isWhole ? 'whole ' : ''}number, not "${text}"`)
      return Number(text)
    },
    fallback,
  )

const MEBIBYTE = 1024 * 1024

export const auditing = under('Auditing', {
  auditPolicyFile: textFlag(
    'audit-policy-file',
    'FILE',
    'a Policy (audit.k8s.io/v1): what is told of which requests; without it nothing is',
    undefined,
  ),
  auditLogPath: textFlag(
    'audit-log-path',
    'FILE',
    'where events are logged; - is standard output',
    undefined,
  ),
  auditLogFormat: textFlag('audit-log-format', 'KIND', 'json, or legacy for lines of text', 'json'),
  auditLogMaxAgeDays: numberFlag(
    'audit-log-maxage',
    'days after which an old log file goes; 0 keeps them',
    366,
  ),
  auditLogMaxBackups: numberFlag(
    'audit-log-maxbackup',
    'how many old log files are kept; 0 keeps them all',
    100,
  ),
  auditLogMaxMegabytes: numberFlag(
    'audit-log-maxsize',
    'megabytes after which a log file gives way to a new one; 0 never',
    100,
  ),
  auditLogCompress: switchFlag('audit-log-compress', 'compress old log files with gzip'),
  auditLogMode: textFlag(
    'audit-log-mode',
    'MODE',
    'blocking lets requests wait for their events, blocking-strict refuses those whose events fail, batch does neither',
    'blocking',
  ),
  auditLogBatchBufferSize: numberFlag(
    'audit-log-batch-buffer-size',
    'how many events wait at most, in batch mode',
    10_000,
  ),
  auditLogBatchMaxSize: numberFlag('audit-log-batch-max-size', 'events of a batch at most', 1),
  auditLogBatchMaxWaitMs: durationFlag(
    'audit-log-batch-max-wait',
    'how long a batch that is not full waits for more',
    0,
  ),
  auditLogBatchThrottle: switchFlag('audit-log-batch-throttle-enable', 'limit batches a second'),
  auditLogBatchThrottleQps: numberFlag(
    'audit-log-batch-throttle-qps',
    'batches a second on average',
    0,
    false,
  ),
  auditLogBatchThrottleBurst: numberFlag(
    'audit-log-batch-throttle-burst',
    'batches at the same moment',
    0,
  ),
  auditLogTruncate: switchFlag(
    'audit-log-truncate-enabled',
    'leave out bodies of large events, and what is too large even so',
  ),
  auditLogTruncateMaxBatchBytes: numberFlag(
    'audit-log-truncate-max-batch-size',
    'bytes of a batch',
    10 * MEBIBYTE,
  ),
  auditLogTruncateMaxEventBytes: numberFlag(
    'audit-log-truncate-max-event-size',
    'bytes of an event',
    100 * 1024,
  ),
  auditLogVersion: textFlag(
    'audit-log-version',
    'VERSION',
    'of the events; there is one',
    'audit.k8s.io/v1',
  ),
  auditWebhookConfigFile: textFlag(
    'audit-webhook-config-file',
    'FILE',
    'a kubeconfig that says where events are posted to',
    undefined,
  ),
  auditWebhookMode: textFlag('audit-webhook-mode', 'MODE', 'as --audit-log-mode', 'batch'),
  auditWebhookInitialBackoffMs: durationFlag(
    'audit-webhook-initial-backoff',
    'how long until the second try',
    10_000,
  ),
  auditWebhookBatchBufferSize: numberFlag(
    'audit-webhook-batch-buffer-size',
    'how many events wait at most, in batch mode',
    10_000,
  ),
  auditWebhookBatchMaxSize: numberFlag(
    'audit-webhook-batch-max-size',
    'events of a batch at most',
    400,
  ),
  auditWebhookBatchMaxWaitMs: durationFlag(
    'audit-webhook-batch-max-wait',
    'how long a batch that is not full waits for more',
    30_000,
  ),
  auditWebhookBatchThrottle: switchFlag(
    'audit-webhook-batch-throttle-enable',
    'limit batches a second',
    true,
  ),
  auditWebhookBatchThrottleQps: numberFlag(
    'audit-webhook-batch-throttle-qps',
    'batches a second on average',
    10,
    false,
  ),
  auditWebhookBatchThrottleBurst: numberFlag(
    'audit-webhook-batch-throttle-burst',
    'batches at the same moment',
    15,
  ),
  auditWebhookTruncate: switchFlag(
    'audit-webhook-truncate-enabled',
    'leave out bodies of large events, and what is too large even so',
  ),
  auditWebhookTruncateMaxBatchBytes: numberFlag(
    'audit-webhook-truncate-max-batch-size',
    'bytes of a batch',
    10 * MEBIBYTE,
  ),
  auditWebhookTruncateMaxEventBytes: numberFlag(
    'audit-webhook-truncate-max-event-size',
    'bytes of an event',
    100 * 1024,
  ),
  auditWebhookVersion: textFlag(
    'audit-webhook-version',
    'VERSION',
    'of the events; there is one',
    'audit.k8s.io/v1',
  ),
})
