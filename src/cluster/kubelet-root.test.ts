import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { notedLayout, removeKubeletRoot, withKubeletRoot } from './kubelet-root.ts'
import { layoutOf } from './layout.ts'

const scratch = mkdtempSync(join(tmpdir(), 'proa-kubelet-root-'))
after(() => rmSync(scratch, { recursive: true, force: true }))
const root = join(scratch, 'kubelet')

test('the kubelet’s directory is below the data directory, unless somebody says where', () => {
  const layout = layoutOf(join(scratch, 'usual'))
  assert.equal(withKubeletRoot(layout, undefined), layout)
  assert.equal(withKubeletRoot(layout, layout.kubelet), layout)
  assert.equal(notedLayout(layout), layout)
  assert.equal(existsSync(layout.directory), false)
})

test('a node stays with the directory in which its pods are', () => {
  const layout = layoutOf(join(scratch, 'moved'))
  assert.equal(withKubeletRoot(layout, root).kubelet, root)
  assert.equal(withKubeletRoot(layout, root).kubelet, root)
  assert.equal(notedLayout(layout).kubelet, root)
  for (const other of [undefined, join(scratch, 'other')])
    assert.throws(() => withKubeletRoot(layout, other), {
      name: 'UserError',
      message: `the node of ${layout.directory} keeps its pods in ${root}: give --root-dir ${root}, or begin anew after proa reset`,
    })
  const old = layoutOf(join(scratch, 'old'))
  mkdirSync(join(old.kubelet, 'pods', 'uid'), { recursive: true })
  assert.throws(() => withKubeletRoot(old, root), /leave --root-dir away/)
})

test('a reset removes what is ours there, and no more', () => {
  const layout = layoutOf(join(scratch, 'moved'))
  for (const name of ['pods', 'device-plugins', 'plugins/driver', 'plugins/kubernetes.io/csi'])
    mkdirSync(join(root, name), { recursive: true })
  // Another start with another policy would be refused for the second.
  for (const name of ['dra_manager_state', 'cpu_manager_state', 'memory_manager_state'])
    writeFileSync(join(root, name), '')
  removeKubeletRoot(notedLayout(layout))
  assert.deepEqual(readdirSync(root), ['plugins'])
  assert.deepEqual(readdirSync(join(root, 'plugins')), ['driver'])
  assert.equal(notedLayout(layout), layout)
  rmSync(join(root, 'plugins', 'driver'), { recursive: true })
  withKubeletRoot(layout, root)
  removeKubeletRoot(notedLayout(layout))
  assert.equal(existsSync(root), false)
})
