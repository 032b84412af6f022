/** What writes of subresources may say beside their part, as a kube-apiserver v1.36.3 takes it. */
import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { startTestServer, type TestServer } from '../testing.ts'

const OWNER = { apiVersion: 'v1', kind: 'Pod', name: 'o', uid: 'u' }
const NAMESPACES = '/api/v1/namespaces'
const CONTROLLERS = `${NAMESPACES}/default/replicationcontrollers`
const VOLUMES = '/api/v1/persistentvolumes'

let started: TestServer
before(async () => {
  started = await startTestServer()
  await started.ask('POST', NAMESPACES, { metadata: { name: 'n' } })
  const template = {
    metadata: { labels: { a: 'b' } },
    spec: { containers: [{ name: 'c', image: 'i' }] },
  }
  const made = await started.ask('POST', CONTROLLERS, {
    metadata: { name: 'rc' },
    spec: { replicas: 0, template },
  })
  assert.equal(made.status, 201, made.text)
})

// biome-ignore lint/suspicious/noExplicitAny: whatever the server answers.
async function put(path: string, change: (object: any) => void) {
  const { body } = await started.ask('GET', path.replace('/finalize', ''))
  change(body)
  return started.ask('PUT', `${path}?dryRun=All`, body)
}

test('who writes a status may change owners and finalizers, by all rules for them', async () => {
  const path = `${NAMESPACES}/n/status`
  const owned = await put(path, ({ metadata }) => {
    metadata.ownerReferences = [OWNER, OWNER]
  })
  assert.deepEqual(owned.body.metadata.ownerReferences, [OWNER])
  assert.match(String(owned.headers.warning), /duplicate entries/)
  const wrong = await put(path, ({ metadata }) => {
    metadata.ownerReferences = [{ ...OWNER, kind: '' }]
    metadata.finalizers = ['mine']
  })
  assert.equal(wrong.status, 422)
  assert.deepEqual(
    wrong.body.details.causes.map(({ field }: { field: string }) => field),
    ['metadata.ownerReferences.kind', 'metadata.finalizers[0]'],
  )
})

test('a namespace that lacks its phase is active, and only that', async () => {
  const path = `${NAMESPACES}/n/status`
  const gone = await put(path, object => {
    delete object.status
  })
  assert.equal(gone.body.status.phase, 'Active')
  const other = await put(path, ({ status }) => {
    status.phase = 'Other'
  })
  assert.equal(other.status, 422, other.text)
})

test('who finalizes a namespace may change its metadata, by all rules for it', async () => {
  const path = `${NAMESPACES}/n/finalize`
  const labelled = await put(path, ({ metadata }) => {
    metadata.labels.told = 'here'
  })
  assert.equal(labelled.body.metadata.labels.told, 'here')
  const nameless = await put(path, ({ metadata }) => {
    delete metadata.name
  })
  assert.equal(nameless.status, 400)
  const wrong = await put(path, ({ metadata, spec }) => {
    metadata.uid = undefined
    spec.finalizers = ['mine']
  })
  assert.equal(wrong.body.details.causes[0].field, 'spec.finalizers[0]')
})

test('a scale is an object that obeys the rules for metadata', async () => {
  const path = `${CONTROLLERS}/rc/scale`
  const none = await started.ask('GET', path)
  assert.deepEqual(none.body.spec, {})
  const wrong = await put(path, ({ metadata, spec }) => {
    metadata.labels = { told: 'not valid!' }
    metadata.finalizers = ['mine']
    spec.replicas = -1
  })
  assert.equal(wrong.status, 422)
  assert.deepEqual(
    wrong.body.details.causes.map(({ field }: { field: string }) => field),
    ['metadata.labels', 'metadata.finalizers[0]', 'spec.replicas'],
  )
  const answers = [
    ['name', undefined, 400],
    ['name', 'other', 400],
    ['namespace', 'other', 400],
    ['uid', 'other', 409],
    ['resourceVersion', '0', 200],
    ['resourceVersion', 'x', 500],
    ['resourceVersion', '1', 409],
  ] as const
  for (const [field, value, status] of answers) {
    const answer = await put(path, ({ metadata }) => {
      metadata[field] = value
    })
    assert.equal(answer.status, status, `${field}=${value}: ${answer.text}`)
  }
})

test('a volume that lacks its phase is pending, and when that came stays', async () => {
  const spec = {
    capacity: { storage: '1Gi' },
    accessModes: ['ReadWriteOnce'],
    hostPath: { path: '/a' },
  }
  const made = await started.ask('POST', VOLUMES, { metadata: { name: 'v' }, spec })
  assert.equal(made.status, 201, made.text)
  const gone = await put(`${VOLUMES}/v/status`, object => {
    delete object.status
  })
  assert.deepEqual(gone.body.status, made.body.status)
})

test('nobody owns metadata by a status that is written alone', async () => {
  const path = '/apis/networking.k8s.io/v1/servicecidrs'
  const made = await started.ask('POST', path, {
    metadata: { name: 's' },
    spec: { cidrs: ['10.99.0.0/24'] },
  })
  assert.equal(made.status, 201, made.text)
  const written = await put(`${path}/s/status`, ({ metadata }) => {
    metadata.generateName = 'web-'
    metadata.labels = { told: 'here' }
    metadata.deletionTimestamp = '2026-05-01T12:00:00Z'
  })
  assert.equal(written.status, 200, written.text)
  assert.deepEqual(written.body.metadata.managedFields, made.body.metadata.managedFields)
})

test('a status that is written alone comes with how long its object has left to end, and with what its name was made of', async () => {
  const path = '/apis/networking.k8s.io/v1/servicecidrs/s/status'
  const late = await put(path, ({ metadata }) => {
    metadata.deletionGracePeriodSeconds = 5
  })
  assert.equal(late.body.details?.causes[0].field, 'metadata.deletionGracePeriodSeconds')
  const named = await put(path, ({ metadata }) => {
    metadata.generateName = 'web-'
  })
  assert.equal(named.body.metadata.generateName, 'web-')
  // Of these not even that is looked at.
  const schema = '/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas/catch-all/status'
  const kept = await put(schema, ({ metadata }) => {
    metadata.deletionGracePeriodSeconds = 5
    metadata.generateName = 'web-'
  })
  assert.equal(kept.status, 200, kept.text)
  assert.equal(kept.body.metadata.generateName, undefined)
})

test('of some objects a status tells who made their name and when they end, all the same', async () => {
  const path = '/apis/storage.k8s.io/v1/volumeattachments'
  const source = { persistentVolumeName: 'v' }
  const made = await started.ask('POST', path, {
    metadata: { name: 'a' },
    spec: { attacher: 'disk.example.com', source, nodeName: 'n' },
  })
  assert.equal(made.status, 201, made.text)
  const written = await put(`${path}/a/status`, ({ metadata }) => {
    metadata.generateName = 'web-'
    metadata.labels = { told: 'here' }
  })
  assert.equal(written.status, 200, written.text)
  assert.equal(written.body.metadata.generateName, 'web-')
  assert.equal(written.body.metadata.labels, undefined)
  const refused = await put(`${path}/a/status`, ({ metadata }) => {
    metadata.generateName = 'Not_Valid!'
    metadata.deletionGracePeriodSeconds = 5
  })
  assert.deepEqual(
    refused.body.details?.causes.map(({ field }: { field: string }) => field),
    ['metadata.deletionGracePeriodSeconds', 'metadata.generateName'],
  )
})
