import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { DiskControl } from '../testing/disk/control.ts'
import { buildDisk, environmentOf } from '../testing/disk/library.ts'

const scratch = mkdtempSync(join(tmpdir(), 'proa-fault-'))
after(() => rmSync(scratch, { recursive: true, force: true }))
const disk = buildDisk(scratch)
const skip = 'missing' in disk ? disk.missing : false
const library = 'library' in disk ? disk.library : ''

/** Runs a life on a disk that it controls. */
function live(script: string, words: readonly string[]) {
  const root = mkdtempSync(join(scratch, 'life-'))
  const place = join(root, 'disk')
  mkdirSync(place)
  const control = DiskControl.create(join(root, 'control'))
  const file = fileURLToPath(new URL(`../testing/disk/${script}`, import.meta.url))
  const life = spawnSync(process.execPath, [file, join(place, 'data'), control.file, ...words], {
    encoding: 'utf8',
    env: environmentOf({ library, root: place, control: control.file }),
  })
  control.close()
  return { ...life, said: life.status === 0 ? JSON.parse(life.stdout) : undefined }
}

test('a disk that fails at any call fails only writes, and none of them comes back', {
  skip,
}, t => {
  const { stderr, status, said } = live('error-life.ts', [join(scratch, 'copy')])
  assert.equal(status, 0, stderr)
  for (const [name, { rounds, refused }] of Object.entries<Record<string, number>>(said)) {
    t.diagnostic(`${name}: at each of ${rounds} calls, ${refused} writes refused`)
    // SQLite writes the other half by itself.
    assert.ok((rounds ?? 0) > 2 && ((refused ?? 0) > 2 || name === 'half a write'), name)
  }
})

test('a disk that fails at any read fails what asked for it, and is never called damaged', {
  skip,
}, t => {
  const { stderr, status, said } = live('read-life.ts', [])
  assert.equal(status, 0, stderr)
  for (const [name, { rounds, failed }] of Object.entries<Record<string, number>>(said)) {
    t.diagnostic(`${name}: at each of ${rounds} reads, ${failed} times it failed`)
    assert.ok((rounds ?? 0) > 0 && (failed ?? 0) > 0, name)
  }
})

test('planted: a write that could not read and counts as done is found', { skip }, () => {
  const { status, stderr } = live('read-life.ts', ['forgetful'])
  assert.equal(status, 1)
  assert.match(stderr, /AssertionError/)
})

test('planted: a refused write that counts as done is found', { skip }, () => {
  const { status, stderr } = live('error-life.ts', [join(scratch, 'copy'), 'forgetful'])
  assert.equal(status, 1)
  assert.match(stderr, /AssertionError/)
})

for (const [fsyncMs, writers, rounds] of [
  [50, 64, 20],
  [200, 128, 8],
  [1000, 128, 4],
] as const) {
  test(`an fsync of ${fsyncMs} ms is waited for, shared, and waited for twice at most`, {
    skip,
  }, t => {
    const words = [fsyncMs, writers, rounds].map(String)
    const { status, stderr, said } = live('slow-life.ts', words)
    assert.equal(status, 0, stderr)
    t.diagnostic(JSON.stringify(said))
    assert.ok(said.shown.min >= fsyncMs, 'nothing is shown before it is durable')
    assert.ok(said.answered.min >= fsyncMs)
    const slackMs = Math.max(SLACK_MS, fsyncMs / 2)
    assert.ok(said.answered.max <= 2 * fsyncMs + slackMs, 'two fsyncs at most')
    assert.ok(said.writes / said.syncs >= writers / 3, 'what waits shares an fsync')
  })
}

/** For a machine that does other things meanwhile. */
const SLACK_MS = 250
