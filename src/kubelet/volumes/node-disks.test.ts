import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FileFacts, HostAccess } from '../host-access.ts'
import type { Pod } from '../pod-types.ts'
import { NodeDisks } from './node-disks.ts'
import type { LocalSource } from './sources.ts'

const REAL: Record<string, string> = { '/dev/disk/by-id/1': '/dev/full', '/link': '/data' }
const TARGET = '/k/pods/u/volumes/x/pv'

/** A machine with a blank disk, one with a file system, and a directory; what is done to it is noted. */
function world() {
  const done: string[] = []
  const mounted = new Set<string>()
  const onDisk: Record<string, string> = { '/dev/blank': '', '/dev/full': 'xfs' }
  const links: Record<string, string> = {}
  let group = 0
  const isBroken = { value: false }
  const kindOf = (path: string): FileFacts['kind'] | undefined => {
    if (path === '/data' || path === '/link') return 'directory'
    if (path === '/file') return 'file'
    return path in onDisk ? 'blockDevice' : undefined
  }
  const facts = async (path: string) => {
    const kind = kindOf(path)
    return kind && { kind, size: 0, mode: 0, group }
  }
  const host = {
    files: {
      facts,
      factsOfTarget: facts,
      makeDirectory: async () => {},
      removeTree: async (path: string) => void delete links[path],
      readLink: async (path: string) => links[path],
      async giveToGroup(path: string, to: number) {
        if (isBroken.value) throw new Error('input/output error')
        group = to
        done.push(`group ${path} ${to}`)
      },
      async symlink(target: string, path: string) {
        links[path] = target
        done.push(`link ${path} ${target}`)
      },
    },
    mounts: { mountedBelow: async (path: string) => (mounted.has(path) ? [path] : []) },
    disks: {
      async mount(what: { source: string; target: string; type: string; options: string[] }) {
        mounted.add(what.target)
        done.push(`mount ${what.type} ${what.source} ${what.options}`)
      },
      async mountNfs(what: { server: string; path: string; target: string; options: string[] }) {
        mounted.add(what.target)
        done.push(`nfs ${what.server}:${what.path} ${what.options}`)
      },
      fileSystemOn: async (device: string) => onDisk[device] ?? '',
      async format(device: string, type: string) {
        onDisk[device] = type
        done.push(`format ${device} ${type}`)
      },
      realPath: async (path: string) => REAL[path] ?? path,
    },
  } as unknown as HostAccess
  const source = (path: string, more: Partial<LocalSource> = {}): LocalSource => ({
    ...{ kind: 'localFiles', specName: 'pv', path, fsType: '', options: [], target: TARGET },
    ...more,
  })
  return { disks: new NodeDisks(host), host, source, done, isBroken }
}

test('a directory is used where it is', async () => {
  const { disks, source, done } = world()
  await disks.mountLocal(source('/data'))
  assert.deepEqual(done, [])
  assert.equal(disks.pathOf(source('/data')), '/data')
})

test('a blank disk gets a file system once, and is mounted once', async () => {
  const { disks, source, done } = world()
  await disks.mountLocal(source('/dev/blank'))
  await disks.mountLocal(source('/dev/blank'))
  assert.deepEqual(done, ['format /dev/blank ext4', 'mount ext4 /dev/blank defaults'])
  assert.equal(disks.pathOf(source('/dev/blank')), TARGET)
  disks.forget('/k/pods/u')
  assert.equal(disks.pathOf(source('/dev/blank')), '/dev/blank')
})

test('two pods that want a blank disk at the same time make one file system', async () => {
  const { disks, source, done } = world()
  await Promise.all(
    ['/k/pods/a/x', '/k/pods/b/x'].map(target =>
      disks.mountLocal(source('/dev/blank', { target })),
    ),
  )
  assert.deepEqual(done, [
    'format /dev/blank ext4',
    ...['mount ext4 /dev/blank defaults', 'mount ext4 /dev/blank defaults'],
  ])
})

test('what is on a disk is never overwritten', async () => {
  const { disks, source, done } = world()
  await disks.mountLocal(source('/dev/full', { options: ['ro'] }))
  assert.deepEqual(done, ['mount xfs /dev/full defaults,ro'])
  const other = source('/dev/full', { fsType: 'ext4', target: '/elsewhere' })
  await assert.rejects(
    disks.mountLocal(other),
    /failed to mount the volume as "ext4", it already contains xfs/,
  )
  await assert.rejects(
    disks.mountLocal(source('/dev/blank', { options: ['ro'], target: '/elsewhere' })),
    /cannot mount unformatted disk \/dev\/blank as it is in read-only mode/,
  )
  assert.equal(done.length, 1)
})

test('what is neither directory nor disk is refused', async () => {
  const { disks, source, host } = world()
  for (const path of ['/file', '/nowhere'])
    await assert.rejects(disks.mountLocal(source(path)), /is not a directory or a block device$/)
  const hollow = new NodeDisks({ files: host.files, mounts: host.mounts })
  await assert.rejects(hollow.mountLocal(source('/dev/full')), /is not a directory$/)
})

test('a device is linked to where it really is', async () => {
  const { disks, source, done } = world()
  const device = source('/dev/disk/by-id/1', { kind: 'localDevice' })
  await disks.linkDevice(device)
  await disks.linkDevice(device)
  assert.deepEqual(done, [`link ${TARGET} /dev/full`])
  assert.equal(disks.pathOf(device), TARGET)
  await assert.rejects(disks.linkDevice(source('/data')), /path "\/data" is not a block device/)
})

test('a share is mounted once', async () => {
  const { disks, done } = world()
  const share = { kind: 'nfs', specName: 'pv', server: 's', path: '/p', options: ['ro'] } as const
  await disks.mountNfs({ ...share, target: TARGET })
  await disks.mountNfs({ ...share, target: TARGET })
  assert.deepEqual(done, ['nfs s:/p ro'])
})

test('files are given to the group of the first pod that has them, and a later one of another is told', async () => {
  const { disks, source, done } = world()
  const podIn = (fsGroup?: number) => ({ spec: { securityContext: { fsGroup } } }) as unknown as Pod
  const mine = source('/data', { target: '/k/pods/a/x' })
  assert.equal(await disks.giveToGroup(mine, podIn()), undefined)
  assert.equal(await disks.giveToGroup(mine, podIn(7)), undefined)
  assert.equal(await disks.giveToGroup(mine, podIn(7)), undefined)
  const theirs = source('/data', { target: '/k/pods/b/x' })
  assert.equal(
    await disks.giveToGroup(theirs, podIn(8)),
    'The requested fsGroup is 8, but the volume pv has GID 7. The volume may not be shareable.',
  )
  assert.deepEqual(done, ['group /data 7'])
  disks.forget('/k/pods/a')
  disks.forget('/k/pods/b')
  assert.equal(await disks.giveToGroup(theirs, podIn(8)), undefined)
  assert.deepEqual(done, ['group /data 7', 'group /data 8'])
  await disks.giveToGroup(source('/link', { target: '/k/pods/c/x' }), podIn(9))
  assert.equal(done.at(-1), 'group /data 9', 'a link is followed to the directory')
})

test('files that could not be given to a group are given to it with the next try', async () => {
  const { disks, source, done, isBroken } = world()
  const pod = { spec: { securityContext: { fsGroup: 7 } } } as unknown as Pod
  isBroken.value = true
  await assert.rejects(disks.giveToGroup(source('/data'), pod), /input\/output error/)
  isBroken.value = false
  await disks.giveToGroup(source('/data'), pod)
  assert.deepEqual(done, ['group /data 7'])
})
