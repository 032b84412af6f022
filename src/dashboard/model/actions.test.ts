import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  actionsFor,
  deleteRequest,
  evictable,
  evictionRequest,
  replicasIn,
  scaleRequest,
} from './actions.ts'
import type { AnyObject } from './health.ts'
import type { Resource } from './resource.ts'

const NOW = new Date('2026-01-02T03:04:05.678Z')
const metadata = { name: 'web', namespace: 'shop', uid: 'u1' }
const object = (more: object = {}) => ({ metadata, ...more }) as AnyObject

function resource(group: string, plural: string, subresources: string[] = []): Resource {
  return {
    group,
    version: 'v1',
    plural,
    kind: plural,
    isNamespaced: plural !== 'nodes',
    verbs: [],
    shortNames: [],
    subresources,
  }
}
const deployments = resource('apps', 'deployments', ['scale', 'status'])
const idsOf = (of: AnyObject, at: Resource) =>
  actionsFor(of, at)
    .map(({ id }) => id)
    .join()
const requestOf = (of: AnyObject, at: Resource, id: string) =>
  actionsFor(of, at)
    .find(action => action.id === id)
    ?.request?.(NOW)

test('each kind has what can be done to it, by its state', () => {
  assert.equal(idsOf(object(), deployments), 'scale,restart,pause')
  assert.equal(idsOf(object({ spec: { paused: true } }), deployments), 'scale,restart,resume')
  assert.equal(idsOf(object(), resource('batch', 'cronjobs')), 'suspend,run')
  assert.equal(idsOf(object({ spec: { suspend: true } }), resource('batch', 'jobs')), 'unsuspend')
  const over = { status: { conditions: [{ type: 'Complete', status: 'True' }] } }
  assert.equal(idsOf(object(over), resource('batch', 'jobs')), '')
  assert.equal(
    idsOf(object({ spec: { unschedulable: true } }), resource('', 'nodes')),
    'uncordon,drain',
  )
  // A custom resource with a size can be scaled, too, and pods of another group are not pods.
  assert.equal(idsOf(object(), resource('example.com', 'deployments', ['scale'])), 'scale')
})

test('a restart is what kubectl writes', () => {
  assert.deepEqual(requestOf(object(), deployments, 'restart'), {
    method: 'PATCH',
    path: '/apis/apps/v1/namespaces/shop/deployments/web',
    contentType: 'application/strategic-merge-patch+json',
    body: {
      spec: {
        template: {
          metadata: {
            annotations: { 'kubectl.kubernetes.io/restartedAt': '2026-01-02T03:04:05Z' },
          },
        },
      },
    },
  })
})

test('a job made by hand belongs to its CronJob, and its name fits', () => {
  const spec = { jobTemplate: { metadata: { labels: { a: 'b' } }, spec: { template: {} } } }
  const name = 'x'.repeat(60)
  const request = requestOf(
    { metadata: { ...metadata, name }, spec } as unknown as AnyObject,
    resource('batch', 'cronjobs'),
    'run',
  )
  const { metadata: made, spec: wanted } = (request ?? assert.fail()).body as {
    metadata: Record<string, unknown>
    spec: unknown
  }
  assert.equal(String(made.name).length, 63)
  assert.deepEqual(made.labels, { a: 'b' })
  assert.deepEqual(made.annotations, { 'cronjob.kubernetes.io/instantiate': 'manual' })
  assert.deepEqual(made.ownerReferences, [
    { apiVersion: 'batch/v1', kind: 'CronJob', name, uid: 'u1', controller: true },
  ])
  assert.deepEqual(wanted, { template: {} })
})

test('every action asks for the rights that its request needs', () => {
  for (const { id, rights } of actionsFor(object(), deployments))
    assert.deepEqual(
      rights.map(({ verb, subresource = '' }) => `${verb} ${subresource}`.trim()),
      [id === 'scale' ? 'patch scale' : 'patch'],
    )
})

test('only the object that is shown is deleted', () => {
  const { path, body } = deleteRequest(deployments, object(), 'Foreground', true)
  assert.equal(path, '/apis/apps/v1/namespaces/shop/deployments/web?dryRun=All')
  assert.deepEqual(body, {
    apiVersion: 'v1',
    kind: 'DeleteOptions',
    propagationPolicy: 'Foreground',
    preconditions: { uid: 'u1' },
  })
})

test('replicas', () => {
  assert.equal(replicasIn(' 12 '), 12)
  for (const wrong of ['', '-1', '1.5', 'many', '9999999999'])
    assert.equal(typeof replicasIn(wrong), 'string')
  assert.deepEqual(scaleRequest(deployments, object(), 0).body, { spec: { replicas: 0 } })
})

test('a drain leaves what would come back, and what is going', () => {
  const pod = (more: object, status: object = {}) =>
    ({ metadata: { ...metadata, ...more }, status }) as AnyObject
  assert.equal(evictable(pod({})), true)
  assert.equal(
    evictable(pod({ ownerReferences: [{ kind: 'DaemonSet', controller: true }] })),
    false,
  )
  assert.equal(evictable(pod({ annotations: { 'kubernetes.io/config.mirror': 'x' } })), false)
  assert.equal(evictable(pod({ deletionTimestamp: '2026-01-01T00:00:00Z' })), false)
  assert.equal(evictable(pod({}, { phase: 'Succeeded' })), false)
  const { path, body } = evictionRequest(pod({}))
  assert.equal(path, '/api/v1/namespaces/shop/pods/web/eviction')
  // Not the one that a StatefulSet made of the same name meanwhile.
  const { deleteOptions } = body as { deleteOptions?: object }
  assert.deepEqual(deleteOptions, { preconditions: { uid: 'u1' } })
})
