/** What the server itself does for jobs: their selectors, and what becomes of their pods. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTestServer } from './testing.ts'

const AT = '/apis/batch/v1/namespaces/default/jobs'
const WARNING =
  '299 - "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning"'
const job = (name: string, metadata: object = {}) => ({
  metadata: { name, ...metadata },
  spec: { template: { spec: { containers: [{ name: 'a', image: 'b' }], restartPolicy: 'Never' } } },
})

test('a new job selects the pods of its own uid', async () => {
  const { ask } = await startTestServer()
  const made = await ask('POST', AT, job('a'))
  assert.equal(made.status, 201)
  const { metadata, spec } = made.body
  assert.deepEqual(spec.selector.matchLabels, {
    'batch.kubernetes.io/controller-uid': metadata.uid,
  })
  assert.equal(spec.template.metadata.labels['batch.kubernetes.io/job-name'], 'a')
  const again = await ask('PUT', `${AT}/a`, made.body)
  assert.equal(again.status, 200)
  assert.equal(again.body.metadata.generation, 1)
  const changed = { spec: { template: { spec: { nodeSelector: { a: 'b' } } } } }
  const patch = { headers: { 'content-type': 'application/merge-patch+json' } }
  const refused = await ask('PATCH', `${AT}/a`, changed, patch)
  assert.equal(refused.status, 422)
  assert.equal(refused.body.details.causes[0].field, 'spec.template')
})

test('pods of a deleted replication controller stay, too, without a warning', async () => {
  const { ask } = await startTestServer()
  const at = '/api/v1/namespaces/default/replicationcontrollers'
  const template = {
    metadata: { labels: { a: 'b' } },
    spec: { containers: [{ name: 'c', image: 'i' }] },
  }
  for (const name of ['a', 'b'])
    await ask('POST', at, { metadata: { name }, spec: { selector: { a: 'b' }, template } })
  const byDefault = await ask('DELETE', `${at}/a`)
  assert.equal(byDefault.headers.warning, undefined)
  assert.deepEqual(byDefault.body.metadata.finalizers, ['orphan'])
  const background = await ask('DELETE', `${at}/b?propagationPolicy=Background`)
  assert.equal(background.body.status, 'Success')
})

test('pods of a deleted job stay, unless something else is asked for', async () => {
  const { ask } = await startTestServer()
  for (const name of ['a', 'b', 'c', 'd']) await ask('POST', AT, job(name))
  const byDefault = await ask('DELETE', `${AT}/a`)
  assert.equal(byDefault.headers.warning, WARNING)
  assert.deepEqual(byDefault.body.metadata.finalizers, ['orphan'])
  // Who asks again does not change what was decided.
  const again = await ask('DELETE', `${AT}/a`)
  assert.deepEqual(again.body.metadata.finalizers, ['orphan'])
  const background = await ask('DELETE', `${AT}/b?propagationPolicy=Background`)
  assert.equal(background.headers.warning, undefined)
  assert.equal(background.body.status, 'Success')
  const old = await ask('DELETE', `${AT}/c`, { orphanDependents: false })
  assert.equal(old.body.status, 'Success')
  const rest = await ask('DELETE', AT)
  assert.equal(rest.headers.warning, WARNING)
  assert.deepEqual(
    (await ask('GET', AT)).body.items.map(({ metadata }: ReturnType<typeof job>) => metadata.name),
    ['a', 'd'],
  )
})

test('the status of a job is what is final', async () => {
  const { ask } = await startTestServer()
  await ask('POST', AT, job('a'))
  const patch = { headers: { 'content-type': 'application/merge-patch+json' } }
  const write = (status: object) => ask('PATCH', `${AT}/a/status`, { status }, patch)
  const on = (...types: string[]) => types.map(type => ({ type, status: 'True' }))
  const startTime = '2026-01-01T00:00:00Z'
  const done = { startTime, conditions: on('FailureTarget', 'Failed'), failed: 1 }
  assert.equal((await write({ startTime, conditions: on('Failed') })).status, 422)
  assert.equal((await write(done)).status, 200)
  const back = await write({ conditions: [] })
  assert.deepEqual(
    back.body.details.causes.map(({ message }: { message: string }) => message),
    ['Failed', 'FailureTarget'].map(
      type => `Invalid value: cannot disable the terminal ${type}=True condition`,
    ),
  )
})
