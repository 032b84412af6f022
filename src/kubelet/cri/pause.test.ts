import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { imageTarball } from './oci-image.ts'
import { pauseProgram, pauseTarball } from './pause.ts'
import { tarOf } from './tar.ts'

const directory = mkdtempSync(join(tmpdir(), 'proa-pause-'))
after(() => rmSync(directory, { recursive: true, force: true }))

const native = process.arch === 'arm64' ? 'arm64' : 'amd64'

test('the program sleeps, and ends cleanly when told to', {
  skip: process.platform !== 'linux',
}, async () => {
  const file = join(directory, 'pause')
  writeFileSync(file, pauseProgram(native), { mode: 0o755 })
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    const child = spawn(file)
    await new Promise(resolve => child.once('spawn', resolve))
    // Asleep it has done all that it does before: SIGCHLD (17) is ignored, so that children vanish; SIGTERM and SIGINT are caught.
    let status = ''
    while (!/^State:\s*S/m.test(status) && child.exitCode === null) {
      await new Promise(resolve => setTimeout(resolve, 5))
      status = readFileSync(`/proc/${child.pid}/status`, 'utf8')
    }
    const mask = (name: string) =>
      Number.parseInt(new RegExp(`^${name}:\\s*(\\w+)`, 'm').exec(status)?.[1] ?? '', 16)
    assert.ok(mask('SigIgn') & (1 << 16))
    assert.equal(mask('SigCgt'), (1 << 14) | (1 << 1))
    child.kill(signal)
    const [code] = await new Promise<[number]>(resolve =>
      child.once('exit', code => resolve([code ?? -1])),
    )
    assert.equal(code, 0)
  }
})

test('both architectures: a header that says so, data behind the code', () => {
  for (const [architecture, machine] of [
    ['amd64', 62],
    ['arm64', 183],
  ] as const) {
    const program = pauseProgram(architecture)
    assert.equal(program.toString('latin1', 0, 4), '\x7fELF')
    assert.equal(program.readUInt16LE(18), machine)
    assert.equal(program.readBigUInt64LE(64 + 32), BigInt(program.length))
    const handler = Number(program.readBigUInt64LE(program.length - 32) - 0x400000n)
    assert.ok(handler > 120 && handler < program.length - 64)
    assert.equal(program.readBigUInt64LE(program.length - 64), 1n)
  }
  // mov x8, #134; the handler: mov x8, #94
  const arm = pauseProgram('arm64')
  assert.equal(arm.readUInt32LE(120), 0xd28010c8)
  assert.equal(
    arm.readUInt32LE(Number(arm.readBigUInt64LE(arm.length - 32) - 0x400000n)),
    0xd2800bc8,
  )
})

test('tar understands what we write', () => {
  const out = join(directory, 'out')
  mkdirSync(out)
  const archive = tarOf([
    { path: 'bin', kind: 'directory', mode: 0o755 },
    { path: 'bin/tool', kind: 'file', mode: 0o755, bytes: Buffer.from('x'.repeat(513)) },
    { path: 'bin/alias', kind: 'symlink', mode: 0o777, target: 'tool' },
    { path: 'empty', kind: 'file', mode: 0o600, bytes: Buffer.alloc(0) },
  ])
  assert.equal(archive.length % 512, 0)
  execFileSync('tar', ['-x', '-C', out], { input: archive })
  assert.equal(readFileSync(join(out, 'bin/alias'), 'utf8').length, 513)
  assert.equal(readlinkSync(join(out, 'bin/alias')), 'tool')
  assert.throws(() => tarOf([{ path: 'x'.repeat(101), kind: 'file', mode: 0o644 }]), /too long/)
})

test('an image always has the same digests', () => {
  assert.deepEqual(pauseTarball(), pauseTarball())
  const other = imageTarball({ name: 'a:1', architecture: native, files: [] })
  assert.notDeepEqual(other, pauseTarball())
})
