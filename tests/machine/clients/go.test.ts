/** client-go and controller-runtime: typed, dynamic and metadata clients, informers, apply, leader election, an operator. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { buildFolder, type ClientCluster, missing, run, startClientCluster } from './programs.ts'

describe('Go', { skip: missing('go') }, () => {
  const program = join(buildFolder('go'), 'client')
  let target: ClientCluster

  before(async () => {
    target = await startClientCluster()
    await run('go', ['build', '-o', program, '.'], { cwd: join(import.meta.dirname, 'go') })
  })
  after(() => target?.stop())

  for (const type of [
    'application/json',
    'application/vnd.kubernetes.protobuf',
    'application/cbor',
  ])
    test(`client-go and controller-runtime in ${type}`, async () => {
      assert.equal(await run(program, [target.kubeconfig, type]), 'all steps done\n')
    })
})
