import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTestServer } from './testing.ts'

const DEFAULT = '/api/v1/namespaces/default'
const NOW = '2026-05-01T12:00:00Z'

async function startWithPod(requests: object = { cpu: '1' }) {
  const server = await startTestServer()
  await server.ask('POST', `${DEFAULT}/serviceaccounts`, { metadata: { name: 'default' } })
  const containers = [{ name: 'c', image: 'i', resources: { requests } }]
  const { body } = await server.ask('POST', `${DEFAULT}/pods`, {
    metadata: { name: 'p' },
    spec: { containers },
  })
  return { ...server, pod: body }
}

test('a pod is resized through the door for it, which counts as a generation', async () => {
  const { ask, pod } = await startWithPod()
  const resources = { requests: { cpu: '2' } }
  const containers = [{ ...pod.spec.containers[0], resources }]
  const next = { ...pod, spec: { ...pod.spec, containers, nodeName: 'n' } }
  assert.equal((await ask('PUT', `${DEFAULT}/pods/p`, next)).status, 422)
  const resized = await ask('PUT', `${DEFAULT}/pods/p/resize`, next)
  assert.equal(resized.status, 200, resized.text)
  assert.deepEqual(resized.body.spec.containers[0].resources, resources)
  assert.equal(resized.body.spec.nodeName, undefined)
  assert.equal(resized.body.metadata.generation, pod.metadata.generation + 1)
  const patch = { spec: { containers: [{ name: 'c', resources: { requests: { cpu: '3' } } }] } }
  const headers = { 'content-type': 'application/strategic-merge-patch+json' }
  const patched = await ask('PATCH', `${DEFAULT}/pods/p/resize`, patch, { headers })
  assert.equal(patched.body.spec.containers[0].resources.requests.cpu, '3')
  assert.equal((await ask('GET', `${DEFAULT}/pods/p/resize`)).body.kind, 'Pod')
})

test('an amount that is only spelled otherwise is stored so, and is no change', async () => {
  const { ask, pod } = await startWithPod({ memory: '64Mi' })
  const spelled = (memory: string) => ({
    ...pod,
    metadata: { name: 'p' },
    spec: {
      ...pod.spec,
      containers: [{ ...pod.spec.containers[0], resources: { requests: { memory } } }],
    },
  })
  for (const path of [`${DEFAULT}/pods/p`, `${DEFAULT}/pods/p/resize`]) {
    const { status, body } = await ask('PUT', path, spelled('67108864'))
    assert.equal(status, 200, body.message)
    assert.equal(body.spec.containers[0].resources.requests.memory, '67108864')
    assert.equal(body.metadata.generation, pod.metadata.generation)
    await ask('PUT', path, spelled('64Mi'))
  }
  assert.equal((await ask('PUT', `${DEFAULT}/pods/p`, spelled('65Mi'))).status, 422)
})

test('a resize that changes the class of service is refused', async () => {
  const { ask, pod } = await startWithPod()
  const containers = [{ ...pod.spec.containers[0], resources: { requests: { cpu: '0' } } }]
  const next = { ...pod, spec: { ...pod.spec, containers } }
  const { status, body } = await ask('PUT', `${DEFAULT}/pods/p/resize`, next)
  assert.equal(status, 422)
  assert.match(body.message, /Pod QOS Class may not change as a result of resizing/)
})

test('an ephemeral container that is there does not change any more', async () => {
  const { ask, pod } = await startWithPod()
  const withImage = (image: string) => ({
    ...pod,
    metadata: { ...pod.metadata, resourceVersion: undefined },
    spec: { ...pod.spec, ephemeralContainers: [{ name: 'debug', image }] },
  })
  const at = `${DEFAULT}/pods/p/ephemeralcontainers`
  assert.equal((await ask('PUT', at, withImage('a'))).status, 200)
  const { status, body } = await ask('PUT', at, withImage('b'))
  assert.equal(status, 422)
  assert.match(body.message, /existing ephemeral containers "debug" may not be changed/)
})

test('who resizes a pod has what was sent, and changes nothing else of it', async () => {
  const { ask, pod } = await startWithPod()
  const containers = [{ ...pod.spec.containers[0], resources: { requests: { cpu: '2' } } }]
  const next = {
    ...pod,
    metadata: { ...pod.metadata, labels: { a: 'b' }, generateName: 'p-' },
    spec: { ...pod.spec, containers, activeDeadlineSeconds: 5 },
  }
  const { body } = await ask('PUT', `${DEFAULT}/pods/p/resize?fieldManager=me`, next)
  assert.equal(body.metadata.labels, undefined)
  assert.equal(body.metadata.generateName, 'p-')
  assert.equal(body.spec.activeDeadlineSeconds, undefined)
  const owned = body.metadata.managedFields.find(
    (each: { manager: string }) => each.manager === 'me',
  )
  assert.deepEqual(owned.fieldsV1, {
    'f:metadata': { 'f:generateName': {}, 'f:labels': { '.': {}, 'f:a': {} } },
    'f:spec': {
      'f:activeDeadlineSeconds': {},
      'f:containers': { 'k:{"name":"c"}': { 'f:resources': { 'f:requests': { 'f:cpu': {} } } } },
    },
  })
})

test('a pod of a file has no part of its own to write, and nothing else is told of it', async () => {
  const { ask } = await startTestServer()
  await ask('POST', `${DEFAULT}/serviceaccounts`, { metadata: { name: 'default' } })
  const { body } = await ask('POST', `${DEFAULT}/pods`, {
    metadata: { name: 'm', annotations: { 'kubernetes.io/config.mirror': 'x' } },
    spec: { containers: [{ name: 'c', image: 'i' }], nodeName: 'n' },
  })
  for (const [part, why] of [
    ['resize', 'static pods cannot be resized'],
    ['ephemeralcontainers', 'static pods do not support ephemeral containers'],
  ]) {
    const spoiled = { ...body, metadata: { ...body.metadata, generateName: 'Not_Valid!' } }
    const { body: told } = await ask('PUT', `${DEFAULT}/pods/m/${part}`, spoiled)
    assert.equal(told.message, `Pod "m" is invalid: []: Forbidden: ${why}`)
  }
})

test('a status says neither when a pod goes nor whose it is', async () => {
  const { ask, pod } = await startWithPod()
  const metadata = { ...pod.metadata, deletionTimestamp: NOW }
  const status = { phase: 'Running', podIP: 'FD00::1' }
  const at = `${DEFAULT}/pods/p/status`
  const { status: code, body, headers } = await ask('PUT', at, { ...pod, metadata, status })
  assert.equal(code, 200)
  assert.equal(body.metadata.deletionTimestamp, undefined)
  assert.equal(body.status.qosClass, pod.status.qosClass)
  assert.match(headers.warning ?? '', /status.podIPs\[0\].ip: IPv6 address \\"FD00::1\\" should be/)
})

test('an old annotation for AppArmor becomes the field, and its author is told', async () => {
  const { ask } = await startWithPod()
  const key = 'container.apparmor.security.beta.kubernetes.io/c'
  const { body, headers } = await ask('POST', `${DEFAULT}/pods`, {
    metadata: { name: 'q', annotations: { [key]: 'runtime/default' } },
    spec: { containers: [{ name: 'c', image: 'i' }] },
  })
  const appArmorProfile = { type: 'RuntimeDefault' }
  assert.deepEqual(body.spec.containers[0].securityContext, { appArmorProfile })
  assert.match(headers.warning ?? '', /deprecated since v1.30; use the \\"appArmorProfile\\" field/)
})

test('the server notes when the phase of a volume changed', async () => {
  const { ask, clock } = await startTestServer()
  const made = await ask('POST', '/api/v1/persistentvolumes', {
    metadata: { name: 'v' },
    spec: {
      capacity: { storage: '1Gi' },
      accessModes: ['ReadWriteOnce'],
      nfs: { server: 'a', path: '/' },
    },
  })
  assert.deepEqual(made.body.status, { phase: 'Pending', lastPhaseTransitionTime: NOW })
  clock.advance(60_000)
  const setStatus = async (status: object) => {
    const { body } = await ask('GET', '/api/v1/persistentvolumes/v')
    const at = '/api/v1/persistentvolumes/v/status'
    return (await ask('PUT', at, { ...body, status: { ...body.status, ...status } })).body.status
  }
  const available = await setStatus({ phase: 'Available' })
  assert.equal(available.lastPhaseTransitionTime, '2026-05-01T12:01:00Z')
  clock.advance(60_000)
  const told = await setStatus({ message: 'hm' })
  assert.equal(told.lastPhaseTransitionTime, '2026-05-01T12:01:00Z')
  const said = await setStatus({ phase: 'Bound', lastPhaseTransitionTime: NOW })
  assert.equal(said.lastPhaseTransitionTime, NOW)
})

const CS = '/api/v1/componentstatuses'
const lease = (name: string, spec: object) => ({ metadata: { name }, spec })
const LEASES = '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases'

test('component statuses tell of the store and of who campaigns for a lease', async () => {
  const { ask, clock } = await startTestServer()
  const alone = await ask('GET', CS)
  assert.equal(alone.body.kind, 'ComponentStatusList')
  assert.deepEqual(alone.body.metadata, {})
  assert.deepEqual(alone.body.items, [
    {
      metadata: { name: 'etcd-0' },
      conditions: [{ type: 'Healthy', status: 'True', message: 'ok' }],
    },
  ])
  assert.match(alone.headers.warning ?? '', /v1 ComponentStatus is deprecated in v1\.19\+/)
  const held = {
    holderIdentity: 'a',
    renewTime: '2026-05-01T12:00:00.000000Z',
    leaseDurationSeconds: 15,
  }
  assert.equal((await ask('POST', LEASES, lease('kube-scheduler', held))).status, 201)
  assert.equal((await ask('POST', LEASES, lease('kube-controller-manager', {}))).status, 201)
  const table = async () => {
    const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io'
    const { body } = await ask('GET', CS, undefined, { headers: { accept } })
    return body.rows.map(({ cells }: { cells: string[] }) => cells)
  }
  assert.deepEqual(await table(), [
    ['controller-manager', 'Unhealthy', 'nobody leads', ''],
    ['scheduler', 'Healthy', 'ok', ''],
    ['etcd-0', 'Healthy', 'ok', ''],
  ])
  clock.advance(16_000)
  const late = await ask('GET', `${CS}/scheduler`)
  assert.deepEqual(late.body.conditions, [
    {
      type: 'Healthy',
      status: 'False',
      message: 'a has not renewed its lease since 2026-05-01T12:00:00.000000Z',
    },
  ])
})

test('component statuses are only read', async () => {
  const { ask } = await startTestServer()
  assert.equal((await ask('GET', `${CS}/scheduler`)).status, 404)
  assert.equal((await ask('POST', CS, { metadata: { name: 'a' } })).status, 405)
  assert.equal((await ask('GET', `${CS}?watch=true`)).status, 405)
  const { body } = await ask('GET', `${CS}?fieldSelector=metadata.name%3Dother`)
  assert.deepEqual(body.items, [])
  const discovered = await ask('GET', '/api/v1')
  const found = discovered.body.resources.find(
    ({ name }: { name: string }) => name === 'componentstatuses',
  )
  assert.deepEqual(found.verbs, ['get', 'list'])
})

test('pods are selected by every field that 1.36 offers', async () => {
  const { ask } = await startTestServer({ admission: [] })
  const path = '/api/v1/namespaces/default/pods'
  const spec = { containers: [{ name: 'a', image: 'a' }], nodeName: 'n1', hostNetwork: true }
  const made = await ask('POST', path, { metadata: { name: 'a' }, spec })
  assert.equal(made.status, 201, made.text)
  await ask('POST', path, { metadata: { name: 'b' }, spec: { containers: spec.containers } })
  const selected = async (selector: string) => {
    const { status, body } = await ask(
      'GET',
      `${path}?fieldSelector=${encodeURIComponent(selector)}`,
    )
    return status === 200
      ? body.items.map(({ metadata }: { metadata: { name: string } }) => metadata.name)
      : body.message
  }
  for (const field of ['spec.nodeName=n1', 'spec.host=n1', 'spec.hostNetwork=true'])
    assert.deepEqual(await selected(field), ['a'], field)
  for (const field of [
    'spec.restartPolicy=Always',
    'spec.schedulerName=default-scheduler',
    'spec.serviceAccountName=',
    'status.phase=Pending',
    'status.podIP=',
    'status.podIPs=',
    'status.nominatedNodeName=',
  ])
    assert.deepEqual(await selected(field), ['a', 'b'], field)
  assert.deepEqual(await selected('status.podIPs=10.0.0.1'), [])
  assert.match(await selected('spec.image=a'), /field label not supported: spec\.image/)
})

test('names of services may begin with a digit, as of 1.36', async () => {
  const { ask } = await startTestServer()
  const make = (name: string) =>
    ask('POST', '/api/v1/namespaces/default/services', {
      metadata: { name },
      spec: { ports: [{ port: 80 }] },
    })
  assert.equal((await make('1st')).status, 201)
  const { status, body } = await make('1st_x')
  assert.equal(status, 422)
  assert.match(
    body.message,
    /metadata\.name: Invalid value: "1st_x": a lowercase RFC 1123 label must/,
  )
})

test('times that an event does not have are null in both groups, and belong to who made what they are in', async () => {
  const { ask } = await startTestServer()
  const made = await ask('POST', '/api/v1/namespaces/default/events', {
    metadata: { name: 'a' },
    involvedObject: { kind: 'Pod', name: 'p', namespace: 'default' },
    reason: 'Seen',
    series: { count: 2 },
  })
  assert.equal(made.status, 201, made.text)
  const { firstTimestamp, lastTimestamp, eventTime, series, metadata } = made.body
  assert.deepEqual([firstTimestamp, lastTimestamp, eventTime], [null, null, null])
  assert.deepEqual(series, { count: 2, lastObservedTime: null })
  assert.doesNotMatch(JSON.stringify(metadata.managedFields), /imestamp|eventTime/)
  const { body } = await ask('GET', '/apis/events.k8s.io/v1/namespaces/default/events/a')
  assert.deepEqual(
    [body.deprecatedFirstTimestamp, body.deprecatedLastTimestamp, body.eventTime],
    [null, null, null],
  )
  const headers = { accept: 'application/vnd.kubernetes.protobuf' }
  const path = '/api/v1/namespaces/default/events/a'
  assert.equal((await ask('GET', path, undefined, { headers })).status, 200)
})
