import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { silentLog } from '#base/log.ts'
import { systemClock } from '#host/clock.ts'
import { openMachine } from '#host/machine/machine.ts'
import type { KubeletContext } from '../options.ts'
import type { RuntimeCache } from '../pods/runtime-cache.ts'
import { LogRotation } from './rotation.ts'

const MAXIMUM_LOG_BYTES = 1_000_000

const base = mkdtempSync(join(tmpdir(), 'proa-rotation-'))
after(() => rmSync(base, { recursive: true }))

/** A container that writes into a log of its own, and whose runtime opens that anew where it is told to. */
async function container(name: string, reopen = (path: string) => writeFileSync(path, '')) {
  const logPath = join(base, name, 'c', '0.log')
  const hostAccess = openMachine(base)
  await hostAccess.files.makeDirectory(join(logPath, '..'))
  writeFileSync(logPath, 'said')
  const reopened: string[] = []
  const warnings: string[] = []
  const runtime = {
    reopenContainerLog: async (id: string) => {
      reopened.push(id)
      reopen(logPath)
    },
  }
  const context = {
    clock: systemClock,
    log: { ...silentLog, warn: (message: string) => warnings.push(message) },
    options: {
      ...{ hostAccess, runtime, containerLogMonitorMs: 10_000 },
      ...{ containerLogMaxBytes: MAXIMUM_LOG_BYTES, containerLogMaxFiles: 5 },
    },
  } as unknown as KubeletContext
  const cache = { containers: () => [{ id: name, state: 'running', logPath }] }
  return {
    logPath,
    reopened,
    warnings,
    files: () => readdirSync(join(logPath, '..')),
    rotation: new LogRotation(context, cache as unknown as RuntimeCache),
  }
}

test('a long log is renamed and opened anew, a short one is left alone', async () => {
  const { rotation, logPath, reopened, files } = await container('long')
  await rotation.check()
  assert.deepEqual([reopened, files()], [[], ['0.log']])
  truncateSync(logPath, MAXIMUM_LOG_BYTES + 1)
  await rotation.check()
  assert.deepEqual(reopened, ['long'])
  assert.match(files().join(' '), /^0\.log 0\.log\.\d{8}-\d{6}$/)
})

test('a log that somebody removed is opened anew, also where its directory is gone', async () => {
  const { rotation, logPath, reopened } = await container('removed')
  for (const gone of [logPath, join(base, 'removed')]) {
    rmSync(gone, { recursive: true })
    await rotation.check()
    assert.ok(existsSync(logPath), gone)
  }
  await rotation.check()
  assert.deepEqual(reopened, ['removed', 'removed'])
})

test('a runtime that can not open it is told, and asked again', async () => {
  const { rotation, logPath, reopened, warnings } = await container('stubborn', () => {
    throw new Error('busy')
  })
  rmSync(logPath)
  await rotation.check()
  rmSync(join(logPath, '..'), { recursive: true })
  await rotation.check()
  assert.deepEqual([reopened.length, warnings.length], [2, 2])
  assert.ok(!existsSync(join(logPath, '..')), 'a directory is left')
})
