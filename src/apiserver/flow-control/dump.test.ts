import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ApiRequest } from '#client/transport.ts'
import { type Authenticator, anonymous } from '../authentication/authenticator.ts'
import type { Endpoint } from '../endpoints/endpoints.ts'
import { respondText } from '../respond.ts'
import { answerOf, startTestServer } from '../testing.ts'
import { tableText } from './dump.ts'

const ROOT = '/apis/flowcontrol.apiserver.k8s.io/v1'
const DEBUG = '/debug/api_priority_and_fairness'

const byHeader: Authenticator = {
  authenticate: async ({ headers }) => {
    const [name = '', ...groups] = (headers?.['x-test'] ?? '').split(' ')
    return name === '' ? anonymous : { name, groups: [...groups, 'system:authenticated'] }
  },
}

test('columns are as wide as upstream makes them: eight at least, a space behind, the last as it is', () => {
  assert.equal(
    tableText([
      ['A', 'LongerThanEight', 'Last'],
      ['é', '1', ''],
    ]),
    'A,      LongerThanEight, Last\né,      1,               \n',
  )
})

test('who waits and who is served is told in tables, to those who may ask', async () => {
  const open: (() => void)[] = []
  const slow: Endpoint = () =>
    new Promise(resolve => void open.push(() => resolve(respondText(200, 'done'))))
  const { server, ask, clock } = await startTestServer({
    authenticators: [byHeader],
    endpoints: { slow },
    requestLimits: { areShared: true, reads: 2, writes: 0 },
  })
  const as = async (user: string, path: string, more: Partial<ApiRequest> = {}) =>
    answerOf(await server.handle({ method: 'GET', path, headers: { 'x-test': user }, ...more }, {}))
  await ask('POST', `${ROOT}/prioritylevelconfigurations`, {
    metadata: { name: 'tiny' },
    spec: {
      type: 'Limited',
      limited: {
        nominalConcurrencyShares: 1,
        borrowingLimitPercent: 0,
        limitResponse: {
          type: 'Queue',
          queuing: { queues: 2, handSize: 1, queueLengthLimit: 2 },
        },
      },
    },
  })
  await ask('POST', `${ROOT}/flowschemas`, {
    metadata: { name: 'tiny-schema' },
    spec: {
      priorityLevelConfiguration: { name: 'tiny' },
      matchingPrecedence: 2,
      distinguisherMethod: { type: 'ByUser' },
      rules: [
        {
          subjects: [{ kind: 'User', user: { name: 'anna' } }],
          nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['/slow'] }],
        },
      ],
    },
  })
  const RBAC = '/apis/rbac.authorization.k8s.io/v1'
  const grant = async (name: string, user: string, nonResourceURLs: string[]) => {
    await ask('POST', `${RBAC}/clusterroles`, {
      metadata: { name },
      rules: [{ verbs: ['get'], nonResourceURLs }],
    })
    await ask('POST', `${RBAC}/clusterrolebindings`, {
      metadata: { name },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: user }],
    })
  }
  await grant('slow', 'anna', ['/slow'])
  await grant('debug', 'bert', ['/debug/*'])
  const waiting = [1, 2, 3].map(() => as('anna', '/slow'))
  for (let i = 0; i < 100 && open.length < 1; i++) await new Promise(setImmediate)
  clock.advance(250)

  const table = async (name: string) => {
    const { status, headers, text } = await as('bert', `${DEBUG}/${name}`)
    assert.equal(status, 200)
    assert.equal(headers['content-type'], 'text/plain; charset=utf-8')
    return text.split('\n').map(line => line.split(',').map(cell => cell.trim()))
  }
  const levels = await table('dump_priority_levels')
  assert.equal(
    levels[0]?.join(' '),
    'PriorityLevelName ActiveQueues IsIdle IsQuiescing WaitingRequests ExecutingRequests DispatchedRequests RejectedRequests TimedoutRequests CancelledRequests',
  )
  assert.deepEqual(
    levels.find(([name]) => name === 'tiny'),
    ['tiny', '1', 'false', 'false', '2', '1', '1', '0', '0', '0'],
  )
  assert.deepEqual(
    levels.slice(1, -1).map(([name]) => name),
    [...levels.slice(1, -1).map(([name]) => name ?? '')].sort(),
  )

  const queues = (await table('dump_queues')).filter(([name]) => name === 'tiny')
  assert.equal(queues.length, 2)
  const [crowded] = queues.filter(cells => cells[2] === '2')
  assert.deepEqual(crowded?.slice(2, 5), ['2', '1', '1'])
  assert.match(crowded?.[5] ?? '', /^\d+\.\d{8}ss$/)
  // Two requests of one seat, each reckoned to take three milliseconds.
  assert.deepEqual(crowded?.slice(6), ['2', '2', '0.00600000ss'])

  const index = crowded?.[1] ?? ''
  const at = '2026-05-01T12:00:00Z'
  const never = '0001-01-01T00:00:00Z'
  const requests = (await table('dump_requests')).filter(([name]) => name === 'tiny')
  assert.deepEqual(requests, [
    ['tiny', 'tiny-schema', index, '0', 'anna', at, '1', '0', '0s', never],
    ['tiny', 'tiny-schema', index, '1', 'anna', at, '1', '0', '0s', never],
    ['tiny', 'tiny-schema', index, '-1', 'anna', at, '1', '0', '0s', at],
  ])
  const detailed = await table('dump_requests?includeRequestDetails=1')
  assert.deepEqual(detailed[0]?.slice(10), [
    'UserName',
    'Verb',
    'APIPath',
    'Namespace',
    'Name',
    'APIVersion',
    'Resource',
    'SubResource',
  ])
  const own = detailed.find(([, schema]) => schema === 'global-default')
  assert.deepEqual(own?.slice(10), ['bert', 'get', `${DEBUG}/dump_requests`, '', '', '', '', ''])

  assert.equal((await as('anna', `${DEBUG}/dump_queues`)).status, 403)
  assert.equal((await as('bert', `${DEBUG}/dump_all`)).status, 404)
  assert.equal((await as('bert', '/debug/pprof')).status, 404)
  assert.ok(!(await ask('GET', '/')).body.paths.includes('/debug'))
  for (let i = 0; i < 3; i++) {
    for (let turns = 0; turns < 100 && open.length === 0; turns++) await new Promise(setImmediate)
    open.shift()?.()
  }
  await Promise.all(waiting)
  const after = (await table('dump_priority_levels')).find(([name]) => name === 'tiny')
  assert.deepEqual(after, ['tiny', '0', 'true', 'false', '0', '0', '3', '0', '0', '0'])
  await server.stop()
})
