import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { PROA_VERSION, version } from './version.ts'

test('the version is the package’s', () => {
  const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  assert.equal(PROA_VERSION, manifest.version)
  assert.match(version.gitVersion, /^v1\.36\.\d+\+proa\.\d+\.\d+\.\d+$/)
})
