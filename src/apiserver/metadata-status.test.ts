/** What of metadata a write of the status takes, which differs by kind. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTestServer } from './testing.ts'

const owner = { apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'u' }
const podSpec = { containers: [{ name: 'c', image: 'i' }] }
const metadata = { name: 'a' }
const kinds = {
  replicationcontrollers: {
    path: '/api/v1/namespaces/default/replicationcontrollers',
    body: {
      apiVersion: 'v1',
      kind: 'ReplicationController',
      metadata,
      spec: { template: { metadata: { labels: { app: 'a' } }, spec: podSpec } },
    },
  },
  cronJobs: {
    path: '/apis/batch/v1/namespaces/default/cronjobs',
    body: {
      apiVersion: 'batch/v1',
      kind: 'CronJob',
      metadata,
      spec: {
        schedule: '* * * * *',
        jobTemplate: { spec: { template: { spec: { ...podSpec, restartPolicy: 'Never' } } } },
      },
    },
  },
  volumeAttachments: {
    path: '/apis/storage.k8s.io/v1/volumeattachments',
    body: {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'VolumeAttachment',
      metadata,
      spec: { attacher: 'a', nodeName: 'n', source: { persistentVolumeName: 'v' } },
    },
  },
  flowSchemas: {
    path: '/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas',
    body: {
      apiVersion: 'flowcontrol.apiserver.k8s.io/v1',
      kind: 'FlowSchema',
      metadata,
      spec: { matchingPrecedence: 5000, priorityLevelConfiguration: { name: 'none' } },
    },
  },
  apiServices: {
    path: '/apis/apiregistration.k8s.io/v1/apiservices',
    body: {
      apiVersion: 'apiregistration.k8s.io/v1',
      kind: 'APIService',
      metadata: { name: 'v1.a.example' },
      spec: {
        group: 'a.example',
        version: 'v1',
        groupPriorityMinimum: 1,
        versionPriority: 1,
        service: { name: 's', namespace: 'default' },
        insecureSkipTLSVerify: true,
      },
    },
  },
}

/** Writes it with this metadata as if it wrote its status. */
async function statusOf(kind: keyof typeof kinds, changed: object) {
  const { ask } = await startTestServer()
  const { path, body } = kinds[kind]
  const made = await ask('POST', path, body)
  assert.equal(made.status, 201, made.text)
  const object = { ...made.body, metadata: { ...made.body.metadata, ...changed } }
  return ask('PUT', `${path}/${body.metadata.name}/status`, object)
}

test('owners are taken, twice told once, but where the status is alone or keeps them', async () => {
  const ownerReferences = [owner, owner]
  for (const [kind, taken] of [
    ['replicationcontrollers', [owner]],
    ['cronJobs', [owner]],
    ['volumeAttachments', undefined],
    ['apiServices', undefined],
  ] as const) {
    const { status, headers, body } = await statusOf(kind, { ownerReferences })
    assert.equal(status, 200, kind)
    assert.deepEqual(body.metadata.ownerReferences, taken, kind)
    assert.match(headers.warning ?? '', /duplicate entries;/, kind)
  }
})

test('finalizers and owners are judged', async () => {
  const finalizers = ['f']
  const refused = await statusOf('replicationcontrollers', { finalizers })
  assert.equal(refused.status, 422)
  assert.match(
    refused.body.message,
    /metadata\.finalizers\[0\]: Invalid value: "f": name is neither/,
  )
  const [free, ignored] = [
    await statusOf('cronJobs', { finalizers }),
    await statusOf('volumeAttachments', { finalizers: ['not valid!'] }),
  ]
  assert.deepEqual([free.status, free.body.metadata.finalizers], [200, finalizers])
  assert.deepEqual([ignored.status, ignored.body.metadata.finalizers], [200, undefined])
  const nobody = { ownerReferences: [{ ...owner, uid: '' }] }
  assert.equal((await statusOf('replicationcontrollers', nobody)).status, 422)
})

test('beside a status that is alone not even what a name is made of is written', async () => {
  const { body } = await statusOf('flowSchemas', { generateName: 'a-' })
  assert.equal(body.metadata.generateName, undefined)
  const other = await statusOf('replicationcontrollers', { generateName: 'a-' })
  assert.equal(other.body.metadata.generateName, 'a-')
})

test('beside a status that is alone nothing is written but what means nothing', async () => {
  const named = { generateName: 'a-', labels: { a: 'b' } }
  const { body } = await statusOf('volumeAttachments', named)
  assert.deepEqual([body.metadata.generateName, body.metadata.labels], ['a-', undefined])
  const other = await statusOf('replicationcontrollers', named)
  assert.deepEqual(
    [other.body.metadata.generateName, other.body.metadata.labels],
    ['a-', { a: 'b' }],
  )
})
