import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Clock } from '#base/clock.ts'
import { UserError } from '#base/errors.ts'
import { letPass, stopProcess } from './containerd.ts'
import { cniBinDirectoryOf, imageSettingsIn } from './system-containerd.ts'

/** A second passes with every look at it. */
function hastyClock(): Clock {
  let nowMs = 0
  return {
    now: () => nowMs,
    monotonicMs: () => (nowMs += 1_000),
    after(_, callback) {
      const timer = setImmediate(callback)
      return () => clearImmediate(timer)
    },
  }
}

test('what not even SIGKILL ends, since it waits for a disk, is told instead of waited for without end', async () => {
  const child = spawn('sleep', ['1000'], { stdio: 'ignore' })
  await once(child, 'spawn')
  const { pid = 0 } = child
  const signals: string[] = []
  const lost = (_: number, signal: string) => signals.push(signal) > 0
  await assert.rejects(stopProcess(pid, hastyClock(), lost), error => {
    return error instanceof UserError && error.message.startsWith(`sleep (pid ${pid}) can not be`)
  })
  assert.deepEqual(signals, ['SIGTERM', 'SIGKILL'])
  await stopProcess(pid, hastyClock())
  assert.equal(child.signalCode ?? (await once(child, 'exit'))[1], 'SIGTERM')
})

test('users of pods are let through the data directory, and nobody sees what is in it', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'proa-let-pass-'))
  try {
    await letPass(directory)
    assert.equal(statSync(directory).mode & 0o7777, 0o711)
    chmodSync(directory, 0o1755)
    await letPass(directory)
    assert.equal(statSync(directory).mode & 0o7777, 0o1755)
  } finally {
    rmSync(directory, { recursive: true })
  }
})

test('containerd 2 tells of several directories of network programs, an older one of one', () => {
  assert.equal(cniBinDirectoryOf({ cni: { binDir: '', binDirs: ['/a', '/b'] } }), '/a')
  assert.equal(cniBinDirectoryOf({ cni: { binDir: '/c' } }), '/c')
  assert.equal(cniBinDirectoryOf({ cni: { binDir: '/c', binDirs: null } }), '/c')
  assert.equal(cniBinDirectoryOf({}), '/opt/cni/bin')
})

test('what containerd 2 has for images is in its dump, whatever else has such names', () => {
  const dump = `version = 4
[plugins]
  [plugins.'io.containerd.cri.v1.images']
    snapshotter = 'native'
    disable_snapshot_annotations = true

    [plugins.'io.containerd.cri.v1.images'.pinned_images]
      sandbox = 'registry.example/pause:9'

    [plugins.'io.containerd.cri.v1.images'.registry]
      config_path = ''

  [plugins.'io.containerd.cri.v1.runtime']
    [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
      snapshotter = 'other'
      sandboxer = 'podsandbox'
`
  assert.deepEqual(imageSettingsIn(dump), {
    ...{ sandboxImage: 'registry.example/pause:9', snapshotter: 'native' },
  })
  assert.deepEqual(imageSettingsIn(''), {})
  assert.deepEqual(imageSettingsIn(dump.replaceAll('cri.v1.images', 'cri.v9.images')), {})
})
