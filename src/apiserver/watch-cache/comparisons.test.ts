/** What came of comparing a shared store with the cache is counted by resource, and shown by /metrics. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { kinds } from '#api/kinds.ts'
import { createApiServer } from '#apiserver'
import { silentLog } from '#base/log.ts'
import { systemClock } from '#host/clock.ts'
import { systemRandom } from '#host/random.ts'
import type { Comparison, SharedStore } from '#store'
import { createMemoryStore } from '#store/memory/memory-store.ts'

test('a key that differs makes its resource fail, and no other', async () => {
  let compared: (comparison: Comparison) => void = () => {}
  const memory = createMemoryStore()
  const shared: SharedStore = {
    readIndex: async () => memory.revision,
    check: async () => {},
    onCompared: listener => {
      compared = listener
    },
  }
  const store = Object.assign(memory, { shared })
  const server = createApiServer({
    ...{ store, kinds, clock: systemClock, random: systemRandom, log: silentLog },
  })
  await server.ready()
  compared({ status: 'success', differing: [] })
  compared({ status: 'failure', differing: ['/registry/secrets/default/lost'] })
  compared({ status: 'error', differing: [] })
  const user = { name: 'admin', groups: ['system:masters'] }
  const request = { method: 'GET' as const, path: '/metrics', headers: {} }
  const { body } = await server.handle(request, { user })
  const text = Buffer.from(body.kind === 'bytes' ? body.bytes : []).toString()
  const counts = (resource: string) =>
    ['success', 'failure', 'error'].map(status => {
      const labels = `group="",resource="${resource}",status="${status}"`
      const name = 'apiserver_storage_consistency_checks_total'
      return Number(text.split(`${name}{${labels}} `)[1]?.split('\n')[0])
    })
  assert.deepEqual(counts('secrets'), [1, 1, 1])
  assert.deepEqual(counts('configmaps'), [2, 0, 1])
  await server.stop()
  await memory.close()
})
