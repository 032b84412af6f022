import assert from 'node:assert/strict'
import { link, mkdir, mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { command } from '../command.ts'
import { spaceOf, usageOf } from './usage.ts'

const root = await mkdtemp(join(tmpdir(), 'proa-usage-'))
after(() => rm(root, { recursive: true, force: true }))

test('what is allocated counts, once, and nothing that links lead to', async () => {
  const outside = join(root, 'outside')
  await writeFile(outside, Buffer.alloc(1_000_000))
  const tree = join(root, 'tree')
  await mkdir(join(tree, 'deep', 'er'), { recursive: true })
  for (let i = 0; i < 100; i++) await writeFile(join(tree, 'deep', `${i}`), Buffer.alloc(5000))
  await writeFile(join(tree, 'deep', 'er', 'big'), Buffer.alloc(300_000))
  await link(join(tree, 'deep', 'er', 'big'), join(tree, 'again'))
  await symlink(outside, join(tree, 'link'))
  await symlink(root, join(tree, 'up'))
  await writeFile(join(tree, 'sparse'), '')
  await truncate(join(tree, 'sparse'), 10_000_000)
  const { bytes, inodes } = await usageOf(tree)
  const [du = ''] = (await command('du', ['-s', '-x', '-B1', tree])).split('\t')
  assert.equal(bytes, Number(du))
  assert.ok(bytes > 800_000 && bytes < 1_800_000, `${bytes}`)
  assert.equal(inodes, 3 + 100 + 1 + 3)
  assert.ok((await usageOf(outside)).bytes >= 1_000_000)
  assert.deepEqual(await usageOf(join(root, 'none')), { bytes: 0, inodes: 0 })
})

test('another file system below does not count', async () => {
  const { inodes } = await usageOf('/proc/self/fdinfo')
  assert.ok(inodes > 0)
  assert.ok((await usageOf('/dev')).bytes < 2 ** 20)
})

test('a file system says how much is left', async () => {
  const space = await spaceOf(root)
  assert.ok(space && space.availableBytes > 0 && space.availableBytes <= space.capacityBytes)
  assert.equal(await spaceOf(join(root, 'none')), undefined)
})
