/** No request without an end in the log, whatever is asked at once and whoever goes away in the middle of it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import type { ApiRequest, ApiResponse } from '#client/transport.ts'
import { admin, TestClock, testRandom } from '../testing.ts'
import { BatchSink } from './sinks.ts'
import { EVERYTHING, heldDelivery, startAuditedServer, type Told } from './testing.ts'

/** What is wrong with a log as a whole, one line each. */
function faultsIn(events: readonly Told[]): string[] {
  const byId = Map.groupBy(events, ({ auditID }) => auditID)
  return [...byId].flatMap(([id, all]) => {
    const stages = all.map(({ stage }) => stage)
    const ends = stages.filter(stage => stage === 'ResponseComplete' || stage === 'Panic')
    const [first] = stages
    // Who was not let in is told of once.
    if (first === 'ResponseStarted' && stages.length === 1) return []
    if (first !== 'RequestReceived') return [`${id} begins with ${first}`]
    if (ends.length !== 1) return [`${id} has ${ends.length} ends`]
    return stages.at(-1) === ends[0] ? [] : [`${id} goes on behind its end`]
  })
}

const MAPS = '/api/v1/namespaces/default/configmaps'
const BODY = { 'content-type': 'application/json' }
const MERGE = { 'content-type': 'application/merge-patch+json' }

function requestsOf(random: ReturnType<typeof testRandom>, at: number): ApiRequest {
  const path = `${MAPS}/m${random.integer(4)}`
  const body = (value: object) => new TextEncoder().encode(JSON.stringify(value))
  const id = `r${at}`
  const all: readonly ApiRequest[] = [
    { method: 'GET', path },
    { method: 'GET', path: MAPS },
    { method: 'GET', path: `${MAPS}?watch=1` },
    { method: 'GET', path: `${MAPS}?watch=1&resourceVersion=999999` },
    { method: 'POST', path: MAPS, headers: BODY, body: body({ metadata: { name: `m${at % 4}` } }) },
    { method: 'POST', path: MAPS, headers: BODY, body: new TextEncoder().encode('{"half":') },
    { method: 'PATCH', path, headers: MERGE, body: body({ data: { n: String(at) } }) },
    { method: 'DELETE', path },
    { method: 'GET', path: '/api/v1/..%2F' },
    { method: 'GET', path: '/nobody/here' },
    { method: 'GET', path: `${path}?timeout=nonsense` },
    { method: 'GET', path: '/api/v1/namespaces/default/pods/none/log' },
  ]
  const chosen = all[random.integer(all.length)] as ApiRequest
  return { ...chosen, headers: { ...chosen.headers, 'audit-id': id } }
}

/** Readers stay for a while, leave at once, or never come. */
function read({ body }: ApiResponse, random: ReturnType<typeof testRandom>, open: (() => void)[]) {
  const source =
    body.kind === 'stream' ? body.stream : body.kind === 'events' ? body.events : undefined
  const cancel = source?.subscribe({ next() {}, end() {} })
  if (!cancel) return
  if (random.integer(2) === 0) cancel()
  else open.push(cancel)
}

async function run(seed: number): Promise<readonly Told[]> {
  const random = testRandom()
  for (let i = 0; i < seed; i++) random.integer(7)
  const { server, events } = await startAuditedServer(EVERYTHING)
  const open: (() => void)[] = []
  const running: Promise<void>[] = []
  for (let at = 0; at < 200; at++) {
    const gone = new AbortController()
    const request = { ...requestsOf(random, at), signal: gone.signal }
    const peer = random.integer(5) === 0 ? {} : { user: admin }
    running.push(server.handle(request, peer).then(response => read(response, random, open)))
    if (random.integer(6) === 0) gone.abort(new Error('the client went away'))
    if (random.integer(3) === 0) await turn()
    if (random.integer(4) === 0) open.shift()?.()
  }
  await Promise.all(running)
  await server.stop()
  return events.filter(({ auditID }) => /^r\d+$/.test(auditID))
}

for (const seed of [1, 2, 3])
  test(`every request has one end, seed ${seed}`, async () => {
    const events = await run(seed)
    assert.equal(new Set(events.map(({ auditID }) => auditID)).size, 200, 'all are told of')
    assert.deepEqual(faultsIn(events), [])
  })

test('the check finds a request whose end is missing, told twice, or not the end', async () => {
  const events = await run(4)
  const isEnd = ({ stage }: Told) => stage === 'ResponseComplete'
  const end = events.find(isEnd)
  const { auditID: id } = end
  assert.deepEqual(faultsIn(events.filter(event => event !== end)), [`${id} has 0 ends`])
  assert.deepEqual(faultsIn([...events, end]), [`${id} has 2 ends`])
  const late = { ...end, stage: 'ResponseStarted' }
  assert.deepEqual(faultsIn([...events, late]), [`${id} goes on behind its end`])
})

test('requests go on while nobody takes their events, and memory has an end', async () => {
  const { delivery, state, batches } = heldDelivery()
  state.isHeld = true
  let lost = 0
  const sink = new BatchSink(
    delivery,
    { bufferSize: 20, maximumSize: 5, maximumWaitMs: 0, inFlight: 2 },
    {
      clock: new TestClock(),
      trouble: (_, __, events) => {
        lost += events
      },
    },
  )
  const { ask, events } = await startAuditedServer(EVERYTHING, { sinks: [sink] })
  for (let at = 0; at < 100; at++) assert.equal((await ask('GET', '/version')).status, 200)
  const taken = batches.flat().length
  assert.equal(taken + 20 + lost, events.length, 'each is delivered, waits, or is counted')
  assert.ok(taken <= 10)
})
