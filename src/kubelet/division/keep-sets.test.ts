import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLog } from '#base/log.ts'
import { createManualClock } from '#client/testing/manual-clock.ts'
import { CONTAINER_NAME, POD_UID } from '../labels.ts'
import type { KubeletContext } from '../options.ts'
import type { RuntimeCache } from '../pods/runtime-cache.ts'
import { SetKeeper } from './keep-sets.ts'

const turns = async () => {
  for (let turn = 0; turn < 20; turn++) await null
}

/** One container, a runtime that takes as long as the test wants, and a division that says what the test wants. */
function world() {
  const told: string[] = []
  const state = { set: '0-3', failures: 0, release: [] as (() => void)[], isSlow: false }
  const runtime = {
    async updateContainerResources(_: string, { cpusetCpus }: { cpusetCpus: string }) {
      if (state.failures-- > 0) throw new Error('busy')
      if (state.isSlow) await new Promise<void>(resolve => state.release.push(resolve))
      told.push(cpusetCpus)
    },
  }
  const division = { cpus: {}, setsOf: () => ({ cpusetCpus: state.set }) }
  const labels = { [POD_UID]: 'u', [CONTAINER_NAME]: 'c' }
  const cache = { containers: () => [{ id: '1', state: 'running', labels }] }
  const context = {
    ...{ clock: createManualClock(), log: silentLog },
    options: { division, runtime },
  } as unknown as KubeletContext
  return { keeper: new SetKeeper(context, cache as unknown as RuntimeCache), state, told }
}

test('a container is told where it may be when that changes, and again after a failure', async () => {
  const { keeper, state, told } = world()
  state.failures = 1
  await keeper.apply()
  assert.deepEqual(told, [])
  await keeper.apply()
  await keeper.apply()
  state.set = '0-1'
  await keeper.apply()
  assert.deepEqual(told, ['0-3', '0-1'])
})

test('what holds last is told last, and whoever waits for it waits until it was told', async () => {
  const { keeper, state, told } = world()
  state.isSlow = true
  const first = keeper.apply()
  await turns()
  state.set = '0'
  let isMoved = false
  const second = keeper.apply().then(() => {
    isMoved = true
  })
  const third = keeper.apply()
  await turns()
  assert.equal(state.release.length, 1, 'one at a time')
  state.release.shift()?.()
  await first
  await turns()
  assert.equal(isMoved, false)
  state.release.shift()?.()
  await Promise.all([second, third])
  assert.deepEqual(told, ['0-3', '0'])
})
