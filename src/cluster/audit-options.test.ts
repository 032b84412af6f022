import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UserError } from '#base/errors.ts'
import { parseCommandLine } from '#cli'
import { auditOptionsOf } from './audit-options.ts'

const optionsOf = (...words: string[]) => {
  const invocation = parseCommandLine(['apiserver', ...words])
  assert.ok(invocation?.name === 'apiserver')
  return auditOptionsOf(invocation.values)
}
const refusal = (...words: string[]) => {
  try {
    optionsOf(...words)
    return ''
  } catch (error) {
    assert.ok(error instanceof UserError)
    return error.message
  }
}

test('without a policy nothing is told to anybody', () => {
  assert.deepEqual(optionsOf(), {})
  assert.deepEqual(optionsOf('--audit-log-path=-', '--audit-webhook-config-file=w'), {})
})

test('nothing said is what upstream would do', () => {
  const { audit } = optionsOf(
    '--audit-policy-file=p',
    '--audit-log-path=a.log',
    '--audit-webhook-config-file=w',
  )
  assert.equal(audit?.policy, 'p')
  assert.deepEqual(audit?.log, {
    path: 'a.log',
    format: 'json',
    maximumAgeDays: 366,
    maximumBackups: 100,
    maximumMegabytes: 100,
    compress: false,
    mode: 'blocking',
    batch: { bufferSize: 10_000, maximumSize: 1, maximumWaitMs: 0, throttle: undefined },
  })
  assert.deepEqual(audit?.webhook, {
    configFile: 'w',
    initialBackoffMs: 10_000,
    mode: 'batch',
    batch: {
      bufferSize: 10_000,
      maximumSize: 400,
      maximumWaitMs: 30_000,
      throttle: { perSecond: 10, burst: 15 },
    },
  })
})

test('what is said counts', () => {
  const { audit } = optionsOf(
    '--audit-policy-file=p',
    '--audit-log-path=-',
    '--audit-log-mode=batch',
    '--audit-log-batch-throttle-enable',
    '--audit-log-batch-throttle-qps=0.5',
    '--audit-log-batch-throttle-burst=2',
    '--audit-log-batch-max-wait=2s',
    '--audit-log-truncate-enabled',
  )
  assert.equal(audit?.log?.mode, 'batch')
  assert.deepEqual(audit?.log?.batch?.throttle, { perSecond: 0.5, burst: 2 })
  assert.equal(audit?.log?.batch?.maximumWaitMs, 2000)
  assert.deepEqual(audit?.log?.truncate, { maximumBatchBytes: 10485760, maximumEventBytes: 102400 })
})

test('all that is wrong is told at once, in the words of kube-apiserver 1.36', () => {
  assert.equal(
    refusal(
      '--audit-log-path=-',
      '--audit-log-mode=x',
      '--audit-webhook-mode=y',
      '--audit-log-format=z',
      '--audit-log-maxage=-1',
      '--audit-log-maxbackup=-1',
      '--audit-log-maxsize=-1',
      '--audit-log-version=q',
      '--audit-webhook-config-file=nofile',
      '--audit-log-truncate-max-event-size=0',
      '--audit-log-truncate-enabled',
    ),
    '[invalid audit log mode x, allowed modes are "batch,blocking,blocking-strict", invalid audit truncate log max event size 0, must be a positive number, invalid group version, allowed versions are ["audit.k8s.io/v1"], invalid audit log format z, allowed formats are "legacy,json", --audit-log-maxage -1 can\'t be a negative number, --audit-log-maxbackup -1 can\'t be a negative number, --audit-log-maxsize -1 can\'t be a negative number, invalid audit webhook mode y, allowed modes are "batch,blocking,blocking-strict"]',
  )
  assert.equal(
    refusal(
      '--audit-log-path=-',
      '--audit-log-mode=batch',
      '--audit-log-batch-buffer-size=0',
      '--audit-log-batch-max-size=0',
      '--audit-webhook-batch-throttle-qps=0',
      '--audit-webhook-config-file=nofile',
    ),
    '[invalid audit batch log buffer size 0, must be a positive number, invalid audit batch webhook throttle QPS 0, must be a positive number]',
  )
  assert.equal(
    refusal(
      '--audit-webhook-config-file=nofile',
      '--audit-webhook-truncate-enabled',
      '--audit-webhook-truncate-max-event-size=5',
      '--audit-webhook-truncate-max-batch-size=3',
    ),
    'invalid audit truncate webhook max batch size 3, must be greater than max event size (5)',
  )
  assert.equal(
    refusal('--audit-log-maxage=many'),
    '--audit-log-maxage wants a whole number, not "many"',
  )
})
