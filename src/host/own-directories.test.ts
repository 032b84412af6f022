import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { userCacheDirectory, userDataDirectory } from './own-directories.ts'

const directory = join('/', 'home', 'ann')
const both = (platform: string, environment: Record<string, string> = {}) =>
  [userDataDirectory, userCacheDirectory].map(of => of({ platform, directory, environment }))

test('data and caches lie where each system has those of a user', () => {
  for (const platform of ['linux', 'darwin'])
    assert.deepEqual(both(platform), [
      join(directory, '.local', 'share', 'proa'),
      join(directory, '.cache', 'proa'),
    ])
  const local = join(directory, 'AppData', 'Local')
  const expected = [join(local, 'proa'), join(local, 'proa', 'cache')]
  assert.deepEqual(both('win32'), expected)
  assert.deepEqual(both('win32', { LOCALAPPDATA: local }), expected)
})

test('the variables of XDG come first, but for empty ones', () => {
  const named = { XDG_DATA_HOME: '/data', XDG_CACHE_HOME: '/cache' }
  const expected = [join('/data', 'proa'), join('/cache', 'proa')]
  assert.deepEqual(both('linux', named), expected)
  assert.deepEqual(both('win32', named), expected)
  assert.deepEqual(both('linux', { XDG_DATA_HOME: '', XDG_CACHE_HOME: '' }), both('linux'))
})
