/** kube-rs: typed and dynamic clients, patches, watches, the runtime's reflector by list and by streaming list. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { buildFolder, type ClientCluster, missing, run, startClientCluster } from './programs.ts'

describe('Rust', { skip: missing('cargo') }, () => {
  const target = buildFolder('rust')
  let cluster: ClientCluster

  before(async () => {
    cluster = await startClientCluster()
    await run('cargo', ['build', '--locked', '--quiet'], {
      cwd: join(import.meta.dirname, 'rust'),
      env: { CARGO_TARGET_DIR: target, CARGO_BUILD_JOBS: '2' },
    })
  })
  after(() => cluster?.stop())

  test('kube-rs', async () => {
    const program = join(target, 'debug/proa-client')
    assert.equal(await run(program, [cluster.kubeconfig]), 'all steps done\n')
  })
})
