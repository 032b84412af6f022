import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ApiRequest } from '#client/transport.ts'
import { type Authenticator, anonymous } from '../authentication/authenticator.ts'
import type { Endpoint } from '../endpoints/endpoints.ts'
import { respondText } from '../respond.ts'
import { answerOf, startTestServer } from '../testing.ts'

const ROOT = '/apis/flowcontrol.apiserver.k8s.io/v1'
const FLOW_UID = 'x-kubernetes-pf-flowschema-uid'
const LEVEL_UID = 'x-kubernetes-pf-prioritylevel-uid'

/** Who asks stands in a header: a name, and groups behind it. */
const byHeader: Authenticator = {
  authenticate: async ({ headers }) => {
    const [name = '', ...groups] = (headers?.['x-test'] ?? '').split(' ')
    return name === '' ? anonymous : { name, groups: [...groups, 'system:authenticated'] }
  },
}

/** A server with a path that answers only when it is let go. */
async function start(limits: { reads: number; writes: number; areShared?: boolean }) {
  const open: (() => void)[] = []
  const slow: Endpoint = () =>
    new Promise(resolve => void open.push(() => resolve(respondText(200, 'done'))))
  const started = await startTestServer({
    authenticators: [byHeader],
    authorizationMode: 'AlwaysAllow',
    endpoints: { slow },
    requestLimits: { areShared: true, ...limits },
  })
  const { server, ask, clock } = started
  const as = async (user: string, path: string, more: Partial<ApiRequest> = {}) =>
    answerOf(await server.handle({ method: 'GET', path, headers: { 'x-test': user }, ...more }, {}))
  const uidOf = async (path: string) => (await ask('GET', `${ROOT}/${path}`)).body.metadata.uid
  const until = async (count: number) => {
    for (let i = 0; i < 100 && open.length < count; i++) await new Promise(setImmediate)
    assert.equal(open.length, count)
  }
  return { ...started, clock, as, uidOf, open, until }
}

const LEVEL = (queueLength: number, shares = 1) => ({
  metadata: { name: 'tiny' },
  spec: {
    type: 'Limited',
    limited: {
      nominalConcurrencyShares: shares,
      borrowingLimitPercent: 0,
      limitResponse: {
        type: 'Queue',
        queuing: { queues: 1, handSize: 1, queueLengthLimit: queueLength },
      },
    },
  },
})
const SCHEMA = {
  metadata: { name: 'tiny' },
  spec: {
    priorityLevelConfiguration: { name: 'tiny' },
    matchingPrecedence: 50,
    distinguisherMethod: { type: 'ByUser' },
    rules: [
      {
        subjects: [{ kind: 'User', user: { name: 'tim' } }],
        nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['/slow'] }],
      },
    ],
  },
}

test('answers tell where the request was put, refused ones, too', async () => {
  const { as, uidOf } = await start({ reads: 400, writes: 200 })
  for (const [user, path, schema, level] of [
    ['', '/api/v1/pods', 'global-default', 'global-default'],
    ['', '/readyz', 'probes', 'exempt'],
    ['root system:masters', '/api/v1/pods', 'exempt', 'exempt'],
    ['ann', '/api/v1/namespaces/default/pods', 'global-default', 'global-default'],
    ['system:node:a system:nodes', '/api/v1/nodes/a/status', 'system-node-high', 'node-high'],
    ['system:node:a system:nodes', '/api/v1/pods', 'system-nodes', 'system'],
    [
      'system:serviceaccount:kube-system:x system:serviceaccounts',
      '/api/v1/pods',
      'kube-system-service-accounts',
      'workload-high',
    ],
    [
      'system:serviceaccount:shop:x system:serviceaccounts',
      '/api/v1/pods',
      'service-accounts',
      'workload-low',
    ],
    ['system:kube-scheduler', '/api/v1/pods', 'kube-scheduler', 'workload-high'],
    ['ann', '/api/v1/namespaces/default/pods/none', 'global-default', 'global-default'],
  ] as const) {
    const { headers } = await as(user, path)
    assert.equal(headers[FLOW_UID], await uidOf(`flowschemas/${schema}`), `${user} ${path}`)
    assert.equal(headers[LEVEL_UID], await uidOf(`prioritylevelconfigurations/${level}`))
  }
})

test('who finds no seat waits for one; who finds no place is told when to come again', async () => {
  const { ask, as, open, until, clock, server } = await start({ reads: 60, writes: 39 })
  assert.equal((await ask('POST', `${ROOT}/prioritylevelconfigurations`, LEVEL(2))).status, 201)
  assert.equal((await ask('POST', `${ROOT}/flowschemas`, SCHEMA)).status, 201)
  const slow = (more: Partial<ApiRequest> = {}) => as('tim', '/slow', more)
  const first = slow()
  await until(1)
  const second = slow()
  const leaver = new AbortController()
  const third = slow({ signal: leaver.signal })
  const refused = await slow()
  assert.equal(refused.status, 429)
  assert.equal(refused.headers['retry-after'], '1')
  assert.equal(refused.body.reason, 'TooManyRequests')
  assert.equal(refused.body.message, 'Too many requests, please try again later.')
  assert.equal(open.length, 1, 'the others wait')
  const other = as('ann', '/slow')
  await until(2)
  open.shift()?.()
  assert.equal((await first).status, 200)
  await until(2)
  leaver.abort()
  assert.equal((await third).status, 429)
  const late = slow()
  await new Promise(setImmediate)
  clock.advance(15_000)
  assert.equal((await late).status, 429, 'nobody waits for longer')
  for (const go of open.splice(0)) go()
  assert.equal((await second).status, 200)
  assert.equal((await other).status, 200)
  const text = answerOf(await server.handle({ method: 'GET', path: '/metrics' }, {})).text
  const flow = 'priority_level="tiny",flow_schema="tiny"'
  for (const line of [
    `apiserver_flowcontrol_dispatched_requests_total{${flow}} 2`,
    `apiserver_flowcontrol_rejected_requests_total{${flow},reason="queue-full"} 1`,
    `apiserver_flowcontrol_rejected_requests_total{${flow},reason="cancelled"} 1`,
    `apiserver_flowcontrol_rejected_requests_total{${flow},reason="time-out"} 1`,
    `apiserver_flowcontrol_current_inqueue_requests{${flow}} 0`,
    `apiserver_flowcontrol_current_executing_seats{${flow}} 0`,
    `apiserver_flowcontrol_request_wait_duration_seconds_count{${flow},execute="true"} 2`,
    `apiserver_flowcontrol_request_wait_duration_seconds_count{${flow},execute="false"} 2`,
    'apiserver_flowcontrol_nominal_limit_seats{priority_level="tiny"} 1',
  ])
    assert.ok(text.includes(line), `${line} in\n${text.match(/.*tiny.*/g)?.join('\n')}`)
})

test('a level whose object is gone serves those who are there, and its schemas lead nowhere', async () => {
  const { ask, as, open, until, clock, uidOf } = await start({ reads: 60, writes: 39 })
  await ask('POST', `${ROOT}/prioritylevelconfigurations`, LEVEL(5))
  await ask('POST', `${ROOT}/flowschemas`, SCHEMA)
  const dangling = async () => {
    clock.advance(1_000)
    for (let i = 0; i < 50; i++) await new Promise(setImmediate)
    const { status } = (await ask('GET', `${ROOT}/flowschemas/tiny`)).body
    return status.conditions?.map(
      ({ type, status, reason, message }: Record<string, string>) =>
        `${type} ${status} ${reason}: ${message}`,
    )
  }
  const reference = 'This FlowSchema references the PriorityLevelConfiguration object named "tiny"'
  assert.deepEqual(await dangling(), [`Dangling False Found: ${reference} and it exists`])
  const first = as('tim', '/slow')
  const second = as('tim', '/slow')
  await until(1)
  await ask('DELETE', `${ROOT}/prioritylevelconfigurations/tiny`)
  assert.deepEqual(await dangling(), [
    `Dangling True NotFound: ${reference} but there is no such object`,
  ])
  const elsewhere = as('tim', '/slow')
  await until(2)
  open.shift()?.()
  await until(2)
  for (const go of open.splice(0)) go()
  assert.equal((await first).status, 200)
  assert.equal((await second).status, 200)
  const { headers } = await elsewhere
  assert.equal(headers[FLOW_UID], await uidOf('flowschemas/global-default'))
})

test('what is missing comes back, what is suggested is set right, what was taken over stays', async () => {
  const { ask, clock, as, uidOf } = await start({ reads: 400, writes: 200 })
  const mandatory = await uidOf('flowschemas/catch-all')
  assert.equal((await ask('DELETE', `${ROOT}/flowschemas/probes`)).status, 200)
  await ask('DELETE', `${ROOT}/flowschemas/catch-all`)
  const merge = { headers: { 'content-type': 'application/merge-patch+json' } }
  const own = { metadata: { annotations: { 'apf.kubernetes.io/autoupdate-spec': 'false' } } }
  const spec = { matchingPrecedence: 77 }
  await ask('PATCH', `${ROOT}/flowschemas/system-nodes`, { spec }, merge)
  await ask('PATCH', `${ROOT}/flowschemas/service-accounts`, { ...own, spec }, merge)
  assert.equal((await as('ann', '/api')).status, 200)
  clock.advance(1_000)
  for (let i = 0; i < 100; i++) await new Promise(setImmediate)
  assert.ok(await uidOf('flowschemas/probes'))
  assert.notEqual(await uidOf('flowschemas/catch-all'), mandatory)
  const precedence = async (name: string) =>
    (await ask('GET', `${ROOT}/flowschemas/${name}`)).body.spec.matchingPrecedence
  assert.equal(await precedence('system-nodes'), 500)
  assert.equal(await precedence('service-accounts'), 77)
})

test('seats that nobody uses are lent to those who want them, and come back', async () => {
  const { ask, as, open, until, clock, server } = await start({ reads: 60, writes: 40 })
  const level = LEVEL(200, 2)
  const { limited } = level.spec
  const lending = { ...limited, borrowingLimitPercent: undefined, lendablePercent: 0 }
  await ask('POST', `${ROOT}/prioritylevelconfigurations`, {
    ...level,
    spec: { ...level.spec, limited: lending },
  })
  await ask('POST', `${ROOT}/flowschemas`, SCHEMA)
  const current = async () => {
    const answer = await server.handle({ method: 'GET', path: '/metrics' }, {})
    const line = /apiserver_flowcontrol_current_limit_seats\{priority_level="tiny"\} (\d+)/
    return Number(line.exec(answerOf(answer).text)?.[1])
  }
  const all = Array.from({ length: 90 }, () => as('tim', '/slow'))
  await until(1)
  assert.equal(await current(), 1)
  clock.advance(10_000)
  const lent = await current()
  assert.ok(lent > 10, `${lent}`)
  await until(lent)
  while (open.length > 0) {
    for (const go of open.splice(0)) go()
    for (let i = 0; i < 20; i++) await new Promise(setImmediate)
  }
  for (const answer of await Promise.all(all)) assert.equal(answer.status, 200)
  // Demand is forgotten slowly; half of it takes five minutes.
  for (let look = 0; look < 120; look++) {
    await as('ann', '/api')
    clock.advance(10_000)
  }
  assert.ok((await current()) < lent)
})

test('without sharing, reads and writes have a number each', async () => {
  const { as, open, until, ask } = await start({ reads: 1, writes: 0, areShared: false })
  const first = as('ann', '/slow')
  await until(1)
  const refused = await as('tim', '/slow')
  assert.equal(refused.status, 429)
  assert.equal(refused.headers[FLOW_UID], undefined)
  assert.equal((await as('root system:masters', '/api')).status, 200)
  const made = await ask('POST', '/api/v1/namespaces', { metadata: { name: 'x' } })
  assert.equal(made.status, 201)
  open.shift()?.()
  assert.equal((await first).status, 200)
  assert.equal((await as('tim', '/api')).status, 200)
})
