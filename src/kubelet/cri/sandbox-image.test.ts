import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLog } from '#base/log.ts'
import type { ContainerRuntime, SandboxConfig } from '../runtime.ts'
import { withSandboxImage } from './sandbox-image.ts'

const GONE =
  'failed to get sandbox image "proa.local/pause:1": failed to pull image "proa.local/pause:1"'
const EMPTY =
  'failed to create containerd container: error unpacking image: blob sha256:8332 not found'

function world(problem: string) {
  const state = { problem, restored: 0, canRestore: true }
  const handlers: (string | undefined)[] = []
  const bare = {
    async runPodSandbox(_config: SandboxConfig, handler?: string) {
      handlers.push(handler)
      if (state.problem) throw new Error(state.problem)
      return 'sandbox'
    },
  } as unknown as ContainerRuntime
  const restore = async () => {
    state.restored++
    await new Promise(resolve => setImmediate(resolve))
    if (!state.canRestore) throw new Error('the disk is full')
    state.problem = ''
  }
  const runtime = withSandboxImage(bare, restore, silentLog)
  const run = (handler?: string) => runtime.runPodSandbox({} as SandboxConfig, handler)
  return { state, handlers, run }
}

for (const problem of [GONE, EMPTY])
  test(`pods start although it was said: ${problem.slice(0, 40)}`, async () => {
    const { state, run } = world(problem)
    assert.deepEqual(await Promise.all([run(), run(), run()]), ['sandbox', 'sandbox', 'sandbox'])
    assert.equal(state.restored, 1, 'once for all that wait')
    state.problem = problem
    assert.equal(await run(), 'sandbox')
    assert.equal(state.restored, 2)
  })

test('a sandbox is made by the handler that is asked for, also after the image came back', async () => {
  const { handlers, run } = world(GONE)
  await run('kata')
  assert.deepEqual(handlers, ['kata', 'kata'])
})

test('what is wrong otherwise is told as it is, and so is what keeps the image from coming back', async () => {
  const { state, run } = world('failed to set up the network')
  await assert.rejects(run(), { message: 'failed to set up the network' })
  assert.equal(state.restored, 0)
  Object.assign(state, { problem: GONE, canRestore: false })
  await assert.rejects(run(), { message: 'the disk is full' })
})
