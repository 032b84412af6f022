import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTestServer, type TestServer } from './testing.ts'

const IN = '/api/v1/namespaces/default'
const BUDGETS = '/apis/policy/v1/namespaces/default/poddisruptionbudgets'

const ready = [{ type: 'Ready', status: 'True' }]

async function makePod({ ask }: TestServer, name: string, status: object): Promise<void> {
  const spec = { nodeName: 'n', containers: [{ name: 'c', image: 'i' }] }
  const made = await ask('POST', `${IN}/pods`, { metadata: { name, labels: { app: 'web' } }, spec })
  assert.equal(made.status, 201, made.text)
  const { metadata, ...rest } = made.body
  const set = await ask('PUT', `${IN}/pods/${name}/status`, { metadata, ...rest, status })
  assert.equal(set.status, 200, set.text)
}

async function makeBudget({ ask }: TestServer, name: string, status: object, spec: object = {}) {
  const selector = { matchLabels: { app: 'web' } }
  const made = await ask('POST', BUDGETS, { metadata: { name }, spec: { selector, ...spec } })
  assert.equal(made.status, 201, made.text)
  const counts = { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 }
  const whole = { ...made.body, status: { observedGeneration: 1, ...counts, ...status } }
  assert.equal((await ask('PUT', `${BUDGETS}/${name}/status`, whole)).status, 200)
}

const evict = ({ ask }: TestServer, name: string, query = '') =>
  ask('POST', `${IN}/pods/${name}/eviction${query}`, {
    apiVersion: 'policy/v1',
    kind: 'Eviction',
    metadata: { name, namespace: 'default' },
  })

const isEnding = async ({ ask }: TestServer, name: string) =>
  (await ask('GET', `${IN}/pods/${name}`)).body.metadata.deletionTimestamp !== undefined

test('what a budget allows is entered into it, and then nothing more may go', async () => {
  const server = await startTestServer({ admission: [] })
  for (const name of ['a', 'b'])
    await makePod(server, name, { phase: 'Running', conditions: ready })
  await makeBudget(server, 'pdb', { disruptionsAllowed: 1, currentHealthy: 2, desiredHealthy: 1 })
  const budget = async () => (await server.ask('GET', `${BUDGETS}/pdb`)).body.status
  assert.equal((await evict(server, 'a', '?dryRun=All')).status, 201)
  assert.equal((await budget()).disruptionsAllowed, 1)
  assert.equal((await evict(server, 'a')).status, 201)
  const { disruptionsAllowed, disruptedPods, conditions } = await budget()
  assert.equal(disruptionsAllowed, 0)
  assert.deepEqual(Object.keys(disruptedPods), ['a'])
  assert.deepEqual(
    conditions.map(({ type, status, reason }: Record<string, string>) => [type, status, reason]),
    [['DisruptionAllowed', 'False', 'InsufficientPods']],
  )
  const { status } = (await server.ask('GET', `${IN}/pods/a`)).body
  const target = status.conditions.find(({ type }: { type: string }) => type === 'DisruptionTarget')
  assert.deepEqual(
    [target.reason, target.message],
    ['EvictionByEvictionAPI', 'Eviction API: evicting'],
  )

  const refused = await evict(server, 'b')
  assert.equal(refused.status, 429)
  assert.equal(refused.body.reason, 'TooManyRequests')
  assert.equal(
    refused.body.message,
    "Cannot evict pod as it would violate the pod's disruption budget.",
  )
  assert.deepEqual(refused.body.details.causes, [
    {
      reason: 'DisruptionBudget',
      message: 'The disruption budget pdb does not allow evicting pods currently',
    },
  ])
  assert.equal(await isEnding(server, 'b'), false)
})

const causes: [title: string, status: object, message: string, seconds?: number][] = [
  [
    'too few are healthy',
    { currentHealthy: 2, desiredHealthy: 3 },
    'The disruption budget pdb needs 3 healthy pods and has 2 currently',
  ],
  [
    'the budget could not be counted',
    {
      conditions: [
        {
          type: 'DisruptionAllowed',
          status: 'False',
          reason: 'SyncFailed',
          message: 'no scale',
          lastTransitionTime: '2026-01-01T00:00:00Z',
        },
      ],
    },
    'The disruption budget pdb does not allow evicting pods currently because it failed sync: no scale',
  ],
  [
    'the budget is new',
    { observedGeneration: 0, disruptionsAllowed: 1 },
    'The disruption budget pdb is still being processed by the server.',
    10,
  ],
]
for (const [title, status, message, seconds] of causes)
  test(`why not: ${title}`, async () => {
    const server = await startTestServer({ admission: [] })
    await makePod(server, 'a', { phase: 'Running', conditions: ready })
    await makeBudget(server, 'pdb', status)
    const { status: code, body } = await evict(server, 'a')
    assert.equal(code, 429)
    assert.deepEqual(body.details.causes, [{ reason: 'DisruptionBudget', message }])
    assert.equal(body.details.retryAfterSeconds, seconds)
  })

test('pods that do no work may go: pending, finished, and unhealthy ones while enough others are healthy', async () => {
  const server = await startTestServer({ admission: [] })
  await makePod(server, 'pending', { phase: 'Pending' })
  await makePod(server, 'done', { phase: 'Succeeded' })
  await makePod(server, 'sick', { phase: 'Running' })
  await makeBudget(server, 'pdb', { currentHealthy: 3, desiredHealthy: 3 })
  for (const name of ['pending', 'done', 'sick'])
    assert.equal((await evict(server, name)).status, 201, name)
})

test('an unhealthy pod of a budget in need stays, unless the budget always lets it go', async () => {
  const server = await startTestServer({ admission: [] })
  await makePod(server, 'sick', { phase: 'Running' })
  await makeBudget(server, 'pdb', { currentHealthy: 2, desiredHealthy: 3 })
  assert.equal((await evict(server, 'sick')).status, 429)
  await server.ask('DELETE', `${BUDGETS}/pdb`)
  const always = { unhealthyPodEvictionPolicy: 'AlwaysAllow' }
  await makeBudget(server, 'lax', { currentHealthy: 2, desiredHealthy: 3 }, always)
  assert.equal((await evict(server, 'sick')).status, 201)
})

test('two budgets over one pod cannot be asked', async () => {
  const server = await startTestServer({ admission: [] })
  await makePod(server, 'a', { phase: 'Running', conditions: ready })
  for (const name of ['one', 'two']) await makeBudget(server, name, { disruptionsAllowed: 1 })
  const { status, body } = await evict(server, 'a')
  assert.equal(status, 500)
  assert.match(body.message, /^This pod has more than one PodDisruptionBudget/)
})

test('many evictions at a time get no more than the budget allows', async () => {
  const server = await startTestServer({ admission: [] })
  const names = Array.from({ length: 20 }, (_, index) => `p${index}`)
  for (const name of names) await makePod(server, name, { phase: 'Running', conditions: ready })
  await makeBudget(server, 'pdb', { disruptionsAllowed: 7, currentHealthy: 20, desiredHealthy: 13 })
  const answers = await Promise.all(names.map(name => evict(server, name)))
  assert.equal(answers.filter(({ status }) => status === 201).length, 7)
  assert.equal(answers.filter(({ status }) => status === 429).length, 13)
})
