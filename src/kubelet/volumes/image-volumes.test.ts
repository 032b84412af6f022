import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeletContext } from '../options.ts'
import { ImageVolumes } from './image-volumes.ts'

function volumesOn(runtimeVersion: string, mounted: readonly string[] = []) {
  const shown: string[] = []
  const context = {
    options: {
      hostAccess: {
        mounts: { mountedBelow: async () => mounted },
        files: { makeDirectory: async () => {} },
      },
      runtime: {
        version: async () => ({ runtimeName: 'containerd', runtimeVersion }),
        mountImage: async (id: string, path: string) => void shown.push(`${id} ${path}`),
      },
    },
  } as unknown as KubeletContext
  return { volumes: new ImageVolumes(context), shown }
}

test('an old runtime has images mounted for it, a new one is told of them', async () => {
  const old = volumesOn('1.6.20')
  await old.volumes.show('/pods/a/volumes/i', 'sha256:1')
  assert.deepEqual(old.shown, ['sha256:1 /pods/a/volumes/i'])
  assert.equal(old.volumes.ofRuntime('/pods/a/volumes/i'), undefined)
  const { volumes, shown } = volumesOn('v2.4.2')
  await volumes.show('/pods/a/volumes/i', 'sha256:1')
  assert.deepEqual(shown, [])
  assert.equal(volumes.ofRuntime('/pods/a/volumes/i'), 'sha256:1')
  volumes.forget('/pods/other')
  assert.equal(volumes.ofRuntime('/pods/a/volumes/i'), 'sha256:1')
  volumes.forget('/pods/a')
  assert.equal(volumes.ofRuntime('/pods/a/volumes/i'), undefined)
})

test('what was mounted before containerd became a newer one stays where it is', async () => {
  const { volumes, shown } = volumesOn('v2.4.2', ['/pods/a/volumes/i'])
  await volumes.show('/pods/a/volumes/i', 'sha256:1')
  assert.deepEqual(shown, [])
  assert.equal(volumes.ofRuntime('/pods/a/volumes/i'), undefined)
})
