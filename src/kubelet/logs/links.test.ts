import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { openMachine } from '#host/machine/machine.ts'
import type { KubeletContext } from '../options.ts'
import type { Pod } from '../pod-types.ts'
import { linkLog, logLinkOf, unlinkLog } from './links.ts'

const pod = { metadata: { name: 'web', namespace: 'default', uid: 'u' } } as Pod
const run = { id: 'abc123', name: 'c', logPath: '/var/log/pods/default_web_u/c/0.log' }

test('a link has the name that log collectors read, cut where names may not be longer', () => {
  assert.equal(logLinkOf('/logs', pod, run), '/logs/web_default_c-abc123.log')
  const long = { metadata: { name: 'x'.repeat(253), namespace: 'default' } } as Pod
  const name = logLinkOf('', long, run).slice(1)
  assert.equal(name.length, 255)
  assert.ok(name.endsWith('.log'))
})

test('links come and go with their runs; nobody gets any where none are wanted', async () => {
  const root = mkdtempSync(join(tmpdir(), 'proa-links-'))
  try {
    const hostAccess = await openMachine(root)
    const containerLogsDirectory = join(root, 'containers')
    const context = { options: { containerLogsDirectory, hostAccess } } as unknown as KubeletContext
    await unlinkLog(context, pod, run)
    await linkLog(context, pod, run)
    await linkLog(context, pod, run)
    assert.deepEqual(readdirSync(containerLogsDirectory), ['web_default_c-abc123.log'])
    const [name = ''] = readdirSync(containerLogsDirectory)
    assert.equal(readlinkSync(join(containerLogsDirectory, name)), run.logPath)
    await unlinkLog(context, pod, run)
    assert.deepEqual(readdirSync(containerLogsDirectory), [])
    const without = {
      options: { containerLogsDirectory: '', hostAccess },
    } as unknown as KubeletContext
    await linkLog(without, pod, run)
    assert.deepEqual(readdirSync(root), ['containers'])
  } finally {
    rmSync(root, { recursive: true })
  }
})
