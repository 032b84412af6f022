/** Devices of this machine: what is on them, file systems, and local volumes on them. A file behind a loop device is the disk. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { machineDisks } from '#host/machine/disks.ts'
import { machineFiles } from '#host/machine/files.ts'
import { machineMounts } from '#host/machine/mounts.ts'
import { NodeDisks } from '../../src/kubelet/volumes/node-disks.ts'

const run = (program: string, ...words: string[]) =>
  execFileSync(program, words, { encoding: 'utf8' }).trim()

function whyNot(): string | undefined {
  if (process.getuid?.() !== 0) return 'only root may mount'
  try {
    run('losetup', '-f')
    return undefined
  } catch {
    return 'this machine has no loop devices'
  }
}

const reason = whyNot()
if (reason) console.log(`# skipped: ${reason}`)

describe('devices', { skip: reason !== undefined }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'proa-disks-'))
  const disks = new NodeDisks({ disks: machineDisks, files: machineFiles, mounts: machineMounts })
  const image = join(directory, 'disk.img')
  let device: string

  before(() => {
    const file = openSync(image, 'w')
    ftruncateSync(file, 32 * 1024 * 1024)
    closeSync(file)
    device = run('losetup', '-f', '--show', image)
  })
  after(async () => {
    for (const path of await machineMounts.mountedBelow(directory))
      await machineMounts.unmount(path)
    run('losetup', '-d', device)
    rmSync(directory, { recursive: true })
  })

  const source = (target: string, more: object = {}) => ({
    ...({ kind: 'localFiles', specName: 'pv', path: device, fsType: '', options: [] } as const),
    target: join(directory, target),
    ...more,
  })

  test('a disk with nothing on it is formatted and mounted, for each pod the same files', async () => {
    assert.equal(await machineDisks.fileSystemOn(device), '')
    await disks.mountLocal(source('one'))
    assert.equal(await machineDisks.fileSystemOn(device), 'ext4')
    writeFileSync(join(directory, 'one', 'x'), 'kept')
    await disks.mountLocal(source('two'))
    assert.equal(readFileSync(join(directory, 'two', 'x'), 'utf8'), 'kept')
    await machineMounts.unmount(join(directory, 'one'))
    await machineMounts.unmount(join(directory, 'two'))
    await disks.mountLocal(source('three', { options: ['ro'] }))
    assert.throws(() => writeFileSync(join(directory, 'three', 'y'), ''), /EROFS/)
  })

  test('as a device it is linked, whatever its name', async () => {
    mkdirSync(join(directory, 'by-id'))
    run('ln', '-s', device, join(directory, 'by-id', 'a'))
    const path = join(directory, 'by-id', 'a')
    await disks.linkDevice(source('dev/pv', { kind: 'localDevice', path }))
    assert.equal(readlinkSync(join(directory, 'dev', 'pv')), device)
  })

  test('what mount says is told', async () => {
    await assert.rejects(
      machineDisks.mount({ source: device, target: '/nowhere', type: 'ext4', options: [] }),
      /^Error: mount failed: [\s\S]*\nMounting command: mount\nMounting arguments: -t ext4 /,
    )
  })

  test('a share of a server that does not answer is refused, with what was tried', async () => {
    const target = join(directory, 'share')
    mkdirSync(target)
    await assert.rejects(
      machineDisks.mountNfs({ server: '127.0.0.1', path: '/x', target, options: ['soft'] }),
      /Mounting arguments: (-i )?-t nfs -o soft\S* 127\.0\.0\.1:\/x /,
    )
  })
})
