/** When taints of devices came, through the whole server. */
import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { kinds } from '#api/kinds.ts'
import { rfc3339 } from '#base/clock.ts'
import { type Answer, startTestServer, type TestServer } from '../testing.ts'

const ROOT = '/apis/resource.k8s.io'
const RULES = `${ROOT}/v1beta2/devicetaintrules`
const EARLIER = '2025-01-01T00:00:00Z'
const MERGE = { headers: { 'content-type': 'application/merge-patch+json' } }

let started: TestServer
before(async () => {
  started = await startTestServer({ kinds })
})

async function accepted(asked: ReturnType<TestServer['ask']>): Promise<Answer['body']> {
  const { status, text, body } = await asked
  assert.ok(status < 300, text)
  return body
}

const now = () => rfc3339(started.clock.now())
const ownedBy = ({ metadata }: Answer['body']) => JSON.stringify(metadata.managedFields)

test('taints of published devices get the time of the write, which the writer owns', async () => {
  const taints = [
    { key: 'new', effect: 'NoExecute' },
    { key: 'old', effect: 'NoExecute', timeAdded: EARLIER },
  ]
  const spec = {
    driver: 'd.example.com',
    nodeName: 'n',
    pool: { name: 'p', generation: 1, resourceSliceCount: 1 },
    devices: [{ name: 'gpu', taints }],
  }
  const slice = await accepted(
    started.ask('POST', `${ROOT}/v1/resourceslices`, { metadata: { name: 's' }, spec }),
  )
  assert.deepEqual(
    slice.spec.devices[0].taints.map(({ timeAdded }: { timeAdded: string }) => timeAdded),
    [now(), EARLIER],
  )
})

test('another effect of a rule begins anew, unless its time is given', async () => {
  const taint = { key: 'k', effect: 'None' }
  const made = await accepted(
    started.ask('POST', RULES, { metadata: { name: 'r' }, spec: { taint } }),
  )
  assert.equal(made.spec.taint.timeAdded, now())
  assert.match(ownedBy(made), /f:timeAdded/)
  const changed = async (change: object) => {
    const answer = started.ask('PATCH', `${RULES}/r`, { spec: { taint: change } }, MERGE)
    return (await accepted(answer)).spec.taint.timeAdded
  }
  assert.equal(await changed({ timeAdded: EARLIER }), EARLIER)
  assert.equal(await changed({ value: 'v' }), EARLIER)
  assert.equal(await changed({ effect: 'NoExecute' }), now())
  assert.equal(await changed({ effect: 'None', timeAdded: EARLIER }), EARLIER)
})
