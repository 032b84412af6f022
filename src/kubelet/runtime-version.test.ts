import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mountsImages } from './runtime-version.ts'

test('containerd shows images and parts of them to containers from 2.2 on', () => {
  for (const [runtimeVersion, does] of [
    ...([
      ['1.6.20~ds1', false],
      ['v2.1.4', false],
      ['2.2.0-rc.0', true],
    ] as const),
    ...([
      ['v2.4.2', true],
      ['3.0.0', true],
      ['unknown', false],
      ['', false],
    ] as const),
  ] as const)
    assert.equal(mountsImages({ runtimeName: 'containerd', runtimeVersion }), does, runtimeVersion)
  assert.equal(mountsImages({ runtimeName: 'hollow', runtimeVersion: '9.0.0' }), false)
})
