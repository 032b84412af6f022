/** Who waits for another server is told when it takes too long, and that one need not go on. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '#host/clock.ts'
import { admin, startTestServer } from '../testing.ts'
import {
  aggregationTo,
  becomes,
  createService,
  createSlice,
  eventually,
  type Front,
  GROUP,
  json,
  ROOT,
  register,
  resourceList,
  startExtension,
} from './testing.ts'

test('a request that took too long is broken off at the other server, also when that one begins to answer later', async () => {
  let [open, late] = [0, 0]
  await using extension = await startExtension((request, response) => {
    if (request.url === ROOT) return json(response, 200, resourceList(GROUP, 'v1'))
    if (!request.url?.includes('/flunders/')) return json(response, 404, {})
    open++
    response.once('close', () => open--)
    if (!request.url.endsWith('/late')) return
    // Long after a busy machine has broken it off.
    const answering = setTimeout(() => {
      late++
      response.writeHead(200, { 'content-type': 'application/json' }).write('{')
    }, 10_000)
    response.once('close', () => clearTimeout(answering))
  })
  const front = (await startTestServer({
    clock: systemClock,
    aggregation: aggregationTo(() => extension.port, systemClock),
    answering: { requestTimeoutMs: 200 },
    authenticators: [{ authenticate: async () => admin }],
  })) as unknown as Front
  try {
    await createService(front)
    await createSlice(front)
    await register(front)
    await becomes(front, 'Passed')
    for (const name of ['never', 'late']) {
      const path = `${ROOT}/namespaces/default/flunders/${name}`
      const { status } = await front.server.handle({ method: 'GET', path }, {})
      assert.equal(status, 504)
    }
    await eventually(() => open === 0)
    assert.equal(late, 0)
  } finally {
    await front.server.stop()
  }
})
