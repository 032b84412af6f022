import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTestServer } from '../testing.ts'

const IN = '/api/v1/namespaces/default'

/** A server with a range for each list of limits. */
async function serverWith(...ranges: object[][]) {
  const api = await startTestServer()
  await api.ask('POST', `${IN}/serviceaccounts`, { metadata: { name: 'default' } })
  for (const [index, limits] of ranges.entries()) {
    const range = { metadata: { name: `range-${index}` }, spec: { limits } }
    assert.equal((await api.ask('POST', `${IN}/limitranges`, range)).status, 201)
  }
  const send = (spec: object) => api.ask('POST', `${IN}/pods`, { metadata: { name: 'web' }, spec })
  return { ...api, send }
}

const container = (resources: object = {}, more: object = {}) => ({
  name: 'main',
  image: 'x',
  resources,
  ...more,
})

test('containers get what they did not ask for', async () => {
  const { send } = await serverWith([
    {
      type: 'Container',
      default: { cpu: '1', memory: '2Gi' },
      defaultRequest: { cpu: '500m' },
    },
  ])
  const { body } = await send({
    containers: [container(), container({ requests: { memory: '1Gi' } }, { name: 'side' })],
    initContainers: [container({ limits: { cpu: '2', memory: '2Gi' } }, { name: 'first' })],
  })
  const shown = [...body.spec.containers, ...body.spec.initContainers].map(each => each.resources)
  const usual = { cpu: '1', memory: '2Gi' }
  assert.deepEqual(shown, [
    { limits: usual, requests: { cpu: '500m', memory: '2Gi' } },
    { limits: usual, requests: { cpu: '500m', memory: '1Gi' } },
    { limits: { cpu: '2', memory: '2Gi' }, requests: { cpu: '2', memory: '2Gi' } },
  ])
  assert.equal(
    body.metadata.annotations['kubernetes.io/limit-ranger'],
    'LimitRanger plugin set: cpu, memory request for container main; cpu, memory limit for container main; cpu request for container side; cpu, memory limit for container side',
  )
})

test('a pod that says all is left alone, and so is a namespace without ranges', async () => {
  const said = { requests: { cpu: '1' }, limits: { cpu: '1' } }
  for (const ranges of [[], [[{ type: 'Container', default: { cpu: '3' } }]]]) {
    const { send } = await serverWith(...ranges)
    const { body } = await send({ containers: [container(said)] })
    assert.deepEqual(body.spec.containers[0].resources, said)
    assert.equal(body.metadata.annotations, undefined)
  }
})

const cpu = (requests?: string, limits?: string) => ({
  ...(requests ? { requests: { cpu: requests } } : {}),
  ...(limits ? { limits: { cpu: limits } } : {}),
})
const three = { min: { cpu: '1' }, max: { cpu: '2' }, maxLimitRequestRatio: { cpu: '1500m' } }
const refusals: [string, object[], object, string][] = [
  [
    'a limit above the most',
    [{ type: 'Container', max: { cpu: '1' } }],
    { containers: [container(cpu('1', '2'))] },
    'maximum cpu usage per Container is 1, but limit is 2',
  ],
  [
    'a request above the most of pods',
    [{ type: 'Pod', max: { cpu: '1' } }],
    { containers: [container(cpu('2'))] },
    'maximum cpu usage per Pod is 1.  No limit is specified',
  ],
  [
    'less than the least',
    [{ type: 'Container', min: { cpu: '1', memory: '1Mi' } }],
    { containers: [container({ requests: { cpu: '500m', memory: '1Mi' } })] },
    'minimum cpu usage per Container is 1, but request is 500m',
  ],
  [
    'nothing where something must be asked for',
    [{ type: 'Pod', min: { cpu: '1' } }],
    { containers: [container()] },
    'minimum cpu usage per Pod is 1.  No request is specified',
  ],
  [
    'a limit too far beyond its request',
    [{ type: 'Container', maxLimitRequestRatio: { cpu: '1500m' } }],
    { containers: [container(cpu('750m', '2'))] },
    'cpu max limit to request ratio per Container is 1500m, but provided ratio is 2.666667',
  ],
  [
    'a ratio of nothing',
    [{ type: 'Container', maxLimitRequestRatio: { cpu: '2' } }],
    { containers: [container(cpu('1'))] },
    'cpu max limit to request ratio per Container is 2, but no limit is specified or limit is 0',
  ],
  [
    'several at once, each text once',
    [{ type: 'Container', ...three }],
    {
      containers: [container(cpu('500m', '3')), container(cpu('500m', '3'), { name: 'side' })],
      initContainers: [container(cpu('1', '2'), { name: 'first' })],
    },
    '[minimum cpu usage per Container is 1, but request is 500m, maximum cpu usage per Container is 2, but limit is 3, cpu max limit to request ratio per Container is 1500m, but provided ratio is 6.000000, cpu max limit to request ratio per Container is 1500m, but provided ratio is 2.000000]',
  ],
  [
    'containers that are too much together',
    [{ type: 'Pod', max: { cpu: '3' } }],
    { containers: [container(cpu('1', '2')), container(cpu('1', '2'), { name: 'side' })] },
    'maximum cpu usage per Pod is 3, but limit is 4',
  ],
  [
    'a sidecar beside the others',
    [{ type: 'Pod', max: { cpu: '3' } }],
    {
      containers: [container(cpu('1', '2'))],
      initContainers: [
        container(cpu('1', '2'), { name: 'side', restartPolicy: 'Always' }),
        container(cpu('1', '1'), { name: 'first' }),
      ],
    },
    'maximum cpu usage per Pod is 3, but limit is 4',
  ],
  [
    'the pod as a whole',
    [{ type: 'Pod', max: { cpu: '3' } }],
    { containers: [container(cpu('1', '1'))], resources: cpu('1', '4') },
    'maximum cpu usage per Pod is 3, but limit is 4',
  ],
]
for (const [name, limits, spec, expected] of refusals)
  test(`a pod is refused: ${name}`, async () => {
    const { send } = await serverWith(limits)
    const { status, body } = await send(spec)
    assert.equal(status, 403, JSON.stringify(body))
    assert.equal(body.message, `pods "web" is forbidden: ${expected}`)
    assert.equal(body.reason, 'Forbidden')
  })

test('what runs one after the other counts once', async () => {
  const { send } = await serverWith([{ type: 'Pod', max: { cpu: '2' } }])
  const { status } = await send({
    containers: [container(cpu('1', '2'))],
    initContainers: [container(cpu('1', '2'), { name: 'first' })],
  })
  assert.equal(status, 201)
})

test('claims are held to the storage that they may ask for', async () => {
  const { ask } = await serverWith([
    { type: 'PersistentVolumeClaim', min: { storage: '2Gi' }, max: { storage: '4Gi' } },
  ])
  const claim = (storage: string, name = 'data') =>
    ask('POST', `${IN}/persistentvolumeclaims`, {
      metadata: { name },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage } } },
    })
  const text = (why: string) =>
    `persistentvolumeclaims "data" is forbidden: ${why} storage usage per PersistentVolumeClaim is`
  assert.equal((await claim('1Gi')).body.message, `${text('minimum')} 2Gi, but request is 1Gi`)
  assert.equal((await claim('5Gi')).body.message, `${text('maximum')} 4Gi, but request is 5Gi`)
  assert.equal((await claim('3Gi')).status, 201)
})

test('updates of pods are not judged, but resizes are', async () => {
  const { ask, send } = await serverWith()
  const said = cpu('1', '1')
  assert.equal((await send({ containers: [container(said)] })).status, 201)
  const limits = [{ type: 'Container', max: { cpu: '500m' } }]
  await ask('POST', `${IN}/limitranges`, { metadata: { name: 'late' }, spec: { limits } })
  const patch = (path: string, body: object) =>
    ask('PATCH', `${IN}/pods/web${path}`, body, {
      headers: { 'content-type': 'application/strategic-merge-patch+json' },
    })
  assert.equal((await patch('', { metadata: { labels: { a: 'b' } } })).status, 200)
  const resized = (amount: string) =>
    patch('/resize', { spec: { containers: [{ name: 'main', resources: cpu(amount, amount) }] } })
  assert.equal(
    (await resized('2')).body.message,
    'pods "web" is forbidden: maximum cpu usage per Container is 500m, but limit is 2',
  )
  assert.equal((await resized('250m')).status, 200)
})
