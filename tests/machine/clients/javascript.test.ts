/** The official JavaScript client, installed beside this run as its own lock file says. */
import assert from 'node:assert/strict'
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { type ClientCluster, missing, run, startClientCluster } from './programs.ts'

describe('JavaScript', { skip: missing('npm') }, () => {
  let target: ClientCluster

  before(async () => {
    target = await startClientCluster()
  })
  after(() => target?.stop())

  test('@kubernetes/client-node', async () => {
    const folder = join(target.directory, 'javascript')
    cpSync(join(import.meta.dirname, 'javascript'), folder, { recursive: true })
    await run('npm', ['ci', '--no-audit', '--no-fund', '--ignore-scripts'], { cwd: folder })
    const words = [join(folder, 'main.js'), target.kubeconfig]
    assert.match(await run(process.execPath, words), /^all steps done$/m)
  })
})
