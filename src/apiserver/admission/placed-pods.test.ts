import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTestServer } from '../testing.ts'

const PODS = '/api/v1/namespaces/default/pods'
const ZONE = 'topology.kubernetes.io/zone'
const REGION = 'topology.kubernetes.io/region'

/** A server with a node and a pod. */
async function serverWith(labels: Record<string, string>, pod: object = {}) {
  const { ask } = await startTestServer()
  await ask('POST', '/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'default' } })
  await ask('POST', '/api/v1/nodes', { metadata: { name: 'n', labels } })
  const status = { allocatable: { cpu: '2', memory: '1Gi' } }
  await ask(
    'PATCH',
    '/api/v1/nodes/n/status',
    { status },
    {
      headers: { 'content-type': 'application/merge-patch+json' },
    },
  )
  const create = (name: string, spec: object = {}) =>
    ask('POST', PODS, {
      metadata: { name, labels: { [ZONE]: 'mine', app: 'web' } },
      spec: { containers: [{ name: 'main', image: 'x', ...pod }], ...spec },
    })
  const bind = (name: string, metadata: object = {}) =>
    ask('POST', `${PODS}/${name}/binding`, {
      metadata: { name, ...metadata },
      target: { kind: 'Node', name: 'n' },
    })
  const labelsOf = async (name: string) =>
    (await ask('GET', `${PODS}/${name}`)).body.metadata.labels
  return { ask, create, bind, labelsOf }
}

test('a pod gets the place of the node that it is bound to', async () => {
  const { create, bind, labelsOf } = await serverWith({ [ZONE]: 'z', [REGION]: 'r', other: 'o' })
  await create('web')
  assert.deepEqual(await labelsOf('web'), { [ZONE]: 'mine', app: 'web' })
  assert.equal((await bind('web', { labels: { from: 'binding' } })).status, 201)
  assert.deepEqual(await labelsOf('web'), {
    [ZONE]: 'z',
    [REGION]: 'r',
    app: 'web',
    from: 'binding',
  })
})

test('so does a pod that is made for a node, where the node says it', async () => {
  const { create } = await serverWith({ [REGION]: 'r' })
  const { body } = await create('web', { nodeName: 'n' })
  assert.deepEqual(body.metadata.labels, { [ZONE]: 'mine', [REGION]: 'r', app: 'web' })
  const elsewhere = await create('other', { nodeName: 'nowhere' })
  assert.deepEqual(elsewhere.body.metadata.labels, { [ZONE]: 'mine', app: 'web' })
})

const resources = (cpu: string, memory = '1Mi') => ({ requests: { cpu, memory } })

async function resized(
  labels: Record<string, string>,
  to: ReturnType<typeof resources>,
  isBound = true,
) {
  const { ask, create, bind } = await serverWith(labels, { resources: resources('1') })
  assert.equal((await create('web')).status, 201)
  if (isBound) assert.equal((await bind('web')).status, 201)
  return ask(
    'PATCH',
    `${PODS}/web/resize`,
    { spec: { containers: [{ name: 'main', resources: to }] } },
    {
      headers: { 'content-type': 'application/strategic-merge-patch+json' },
    },
  )
}
const LINUX = { 'kubernetes.io/os': 'linux' }

test('a pod grows only to what its node has', async () => {
  assert.equal((await resized(LINUX, resources('2'))).status, 200)
  const { status, body } = await resized(LINUX, resources('2100m', '2Gi'))
  assert.equal(status, 403)
  assert.equal(
    body.message,
    'pods "web" is forbidden: node didn\'t have enough allocatable resources: cpu, requested: 2100, allocatable: 2000; memory, requested: 2147483648, allocatable: 1073741824',
  )
  assert.deepEqual(body.details.causes, [{ reason: 'NodeCapacity' }])
  assert.equal((await resized(LINUX, resources('9'), false)).status, 200)
})

test('only Linux can resize', async () => {
  const { body } = await resized({ 'kubernetes.io/os': 'windows' }, resources('2'))
  assert.match(body.message, /only supported on linux nodes, node "n" is "windows"$/)
  assert.deepEqual(body.details.causes, [{ reason: 'UnsupportedPlatform' }])
})

test('a node that cannot resize pods as a whole, or what ends before the others begin, is not asked to', async () => {
  const { ask, create, bind } = await serverWith(LINUX)
  const part = { name: 'i', image: 'x', resources: resources('1') }
  await create('web', { initContainers: [part], resources: resources('1') })
  assert.equal((await bind('web')).status, 201)
  const resize = (spec: object) =>
    ask(
      ...(['PATCH', `${PODS}/web/resize`, { spec }] as const),
      ...[{ headers: { 'content-type': 'application/strategic-merge-patch+json' } }],
    )
  const lacking = (names: string) =>
    `pods "web" is forbidden: pod update requires features ${names} which are not available on node "n"`
  const whole = { resources: resources('2') }
  const first = { initContainers: [{ ...part, resources: resources('500m') }] }
  const [OF_PODS, OF_FIRST] = [
    'InPlacePodLevelResourcesVerticalScaling',
    'InPlacePodVerticalScalingInitContainers',
  ]
  assert.equal((await resize(whole)).body.message, lacking(OF_PODS))
  assert.equal((await resize(first)).body.message, lacking(OF_FIRST))
  assert.equal(
    (await resize({ ...whole, ...first })).body.message,
    lacking(`${OF_PODS}, ${OF_FIRST}`),
  )
  const spelled = { resources: { requests: { cpu: '1', memory: '1048576' } } }
  assert.equal((await resize(spelled)).status, 200, 'which is no change')
  await ask(
    ...(['PATCH', '/api/v1/nodes/n/status', { status: { declaredFeatures: [OF_PODS] } }] as const),
    ...[{ headers: { 'content-type': 'application/merge-patch+json' } }],
  )
  assert.equal((await resize(whole)).status, 200)
  assert.equal((await resize(first)).body.message, lacking(OF_FIRST))
})
