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

const LIFE_TIMEOUT_MS = 4 * 60_000

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
    timeout: LIFE_TIMEOUT_MS,
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

for (const [writers, rounds] of [
  [64, 20],
  [128, 10],
  [999, 5],
] as const) {
  test(`an fsync is shared by ${writers} writers, and waited for twice at most`, { skip }, t => {
    const { status, stderr, said } = live('held-life.ts', [writers, rounds].map(String))
    assert.equal(status, 0, stderr)
    t.diagnostic(JSON.stringify(said))
    assert.deepEqual(said, { writes: 1 + writers * rounds, syncs: rounds + 1 })
  })
}
