import assert from 'node:assert/strict'
import { test } from 'node:test'
import { created, defaulted, lines, rowOf, updated } from '../../core/v1/testing.ts'
import { job } from './job.ts'
import { createProblems, indexed, jobWith, template } from './testing.ts'

test('a job runs one pod until it succeeds', () => {
  const { spec, status } = jobWith()
  const { template: pods, selector, ...rest } = spec
  assert.deepEqual(rest, {
    parallelism: 1,
    completions: 1,
    backoffLimit: 6,
    completionMode: 'NonIndexed',
    suspend: false,
    podReplacementPolicy: 'TerminatingOrFailed',
    manualSelector: false,
  })
  assert.equal(pods.spec.dnsPolicy, 'ClusterFirst')
  assert.deepEqual(status, {})
  assert.deepEqual(createProblems({}), [])
  assert.deepEqual(selector, { matchLabels: { 'batch.kubernetes.io/controller-uid': 'u1' } })
})

test('what is given decides about the rest', () => {
  assert.equal(jobWith({ parallelism: 3 }).spec.completions, undefined)
  assert.equal(jobWith({ completions: 3 }).spec.parallelism, 1)
  const { spec } = jobWith({
    ...indexed,
    backoffLimitPerIndex: 1,
    podFailurePolicy: { rules: [{ action: 'Ignore', onPodConditions: [{ type: 'Gone' }] }] },
  })
  assert.equal(spec.backoffLimit, 2 ** 31 - 1)
  assert.equal(spec.podReplacementPolicy, 'Failed')
  assert.equal(spec.podFailurePolicy?.rules[0]?.onPodConditions?.[0]?.status, 'True')
})

const generated = {
  'batch.kubernetes.io/controller-uid': 'u1',
  'batch.kubernetes.io/job-name': 'web',
  'controller-uid': 'u1',
  'job-name': 'web',
}

test('pods get labels of their job, and a job without labels those of its pods', () => {
  const plain = jobWith()
  assert.deepEqual(plain.spec.template.metadata.labels, generated)
  assert.deepEqual(plain.metadata.labels, generated)
  const labelled = { ...template, metadata: { labels: { app: 'a' } } }
  const own = jobWith({ template: labelled }, { labels: { team: 'x' } })
  assert.deepEqual(own.metadata.labels, { team: 'x' })
  assert.deepEqual(own.spec.template.metadata.labels, { ...generated, app: 'a' })
  const bare = updated(job, plain, { metadata: { name: 'web', uid: 'u1' }, spec: plain.spec })
  assert.deepEqual(bare.metadata.labels, generated)
})

test('labels that a job takes from its pods are owned by whoever gave them, what is added is not', () => {
  const pods = { ...template, metadata: { labels: { app: 'a', zone: 'z' } } }
  const body = { metadata: { name: 'web', uid: 'u1' }, spec: { template: pods } }
  assert.deepEqual(defaulted(job, body).metadata.labels, { app: 'a', zone: 'z' })
  const { metadata, spec } = created(job, body)
  assert.deepEqual(Object.entries(spec.template.metadata.labels ?? {}), [
    ['app', 'a'],
    ...Object.entries(generated),
    ['zone', 'z'],
  ])
  assert.deepEqual(metadata.labels, spec.template.metadata.labels)
  const said = { ...body, metadata: { ...body.metadata, labels: { app: 'a', zone: 'z' } } }
  assert.deepEqual(created(job, said).metadata.labels, { app: 'a', zone: 'z' })
})

test('who takes care of the selector gets what he asks for', () => {
  const selector = { matchLabels: { app: 'a' } }
  const pods = { ...template, metadata: { labels: { app: 'a' } } }
  const spec = { manualSelector: true, selector, template: pods }
  assert.deepEqual(createProblems(spec), [])
  assert.deepEqual(jobWith(spec).spec.selector, selector)
  assert.deepEqual(jobWith(spec).spec.template.metadata.labels, { app: 'a' })
  assert.deepEqual(createProblems({ manualSelector: true, template: pods }), [
    'spec.selector: Required value',
    'spec.template.metadata.labels: Invalid value: {"app":"a"}: `selector` does not match template `labels`',
  ])
  assert.deepEqual(createProblems({ manualSelector: true, selector }), [
    'spec.template.metadata.labels: Invalid value: null: `selector` does not match template `labels`',
  ])
})

test('labels and selectors of others are refused', () => {
  const labels = { 'job-name': 'other' }
  const shown = JSON.stringify({ ...generated, ...labels })
  assert.deepEqual(createProblems({ template: { ...template, metadata: { labels } } }), [
    `spec.template.metadata.labels[job-name]: Invalid value: ${shown}: must be 'web'`,
  ])
  const selector = { matchLabels: { 'batch.kubernetes.io/controller-uid': 'u2' } }
  assert.deepEqual(createProblems({ selector }), [
    'spec.selector: Invalid value: {"matchLabels":{"batch.kubernetes.io/controller-uid":"u2"}}: `selector` not auto-generated',
    `spec.template.metadata.labels: Invalid value: ${JSON.stringify(generated)}: \`selector\` does not match template \`labels\``,
  ])
  const broken = { matchExpressions: [{ key: 'a', operator: 'Near' }] }
  assert.deepEqual(createProblems({ selector: broken }), [
    'spec.selector.matchExpressions[0].operator: Invalid value: "Near": not a valid selector operator',
  ])
  assert.ok(createProblems({}, { uid: '' }).includes('metadata.uid: Required value'))
})

test('a status is neither created nor changed by the way', () => {
  const previous = jobWith()
  previous.status = { active: 1 }
  const next = updated(job, previous, { spec: { template }, status: { failed: 3 } })
  assert.deepEqual(next.status, { active: 1 })
  assert.equal(job.hasGeneration, true)
})

test('warns of names, of too much at once and of pods, when they change', () => {
  const huge = { completionMode: 'Indexed', completions: 100_001, parallelism: 10_001 }
  const object = jobWith(huge, { name: 'web.1', generation: 1 })
  const [name, much, ...more] = job.warnings(object, undefined)
  assert.match(`${name}`, /^metadata\.name: this is used in Pod names/)
  assert.match(`${much}`, /^spec: In Indexed Jobs with a number of completions higher than 10\^5/)
  assert.deepEqual(more, [])
  assert.deepEqual(job.warnings(object, object), [])
  const changed = jobWith(huge, { name: 'web.1', generation: 2 })
  assert.deepEqual(job.warnings(changed, object), [much])
  assert.deepEqual(job.warnings(jobWith({ ...huge, parallelism: 10_000 }), undefined), [])
})

test('kubectl get shows progress', () => {
  const object = jobWith({ completions: 3 })
  object.metadata.creationTimestamp = '2026-01-01T00:00:00Z'
  object.status = { startTime: '2026-01-01T00:30:00Z', succeeded: 2 }
  assert.deepEqual(rowOf(job, object), {
    Name: 'web',
    Status: 'Running',
    Completions: '2/3',
    Duration: '30m',
    Age: '60m',
    Containers: 'main',
    Images: 'busybox:1',
    Selector: 'batch.kubernetes.io/controller-uid=u1',
  })
  object.status.completionTime = '2026-01-01T00:31:00Z'
  assert.equal(rowOf(job, object).Duration, '60s')
  assert.equal(rowOf(job, jobWith({ parallelism: 4 })).Completions, '0/1 of 4')
  assert.equal(rowOf(job, jobWith({ parallelism: 1 })).Completions, '0/1')
  assert.equal(rowOf(job, jobWith()).Duration, '')
})

test('its state in one word', () => {
  const stateOf = (types: string[], metadata: object = {}) => {
    const object = jobWith({}, metadata)
    object.status.conditions = types.map(type => ({ type, status: 'True' }))
    return rowOf(job, object).Status
  }
  assert.equal(stateOf(['SuccessCriteriaMet', 'Complete']), 'Complete')
  assert.equal(stateOf(['FailureTarget', 'Failed']), 'Failed')
  assert.equal(stateOf(['Suspended']), 'Suspended')
  assert.equal(stateOf(['FailureTarget']), 'FailureTarget')
  assert.equal(stateOf(['SuccessCriteriaMet']), 'SuccessCriteriaMet')
  const object = jobWith()
  object.metadata.deletionTimestamp = '2026-01-01T00:00:00Z'
  assert.equal(rowOf(job, object).Status, 'Terminating')
  object.status.conditions = [{ type: 'Complete', status: 'False' }]
  assert.equal(rowOf(job, object).Status, 'Terminating')
})

test('selected by how many succeeded', () => {
  const object = jobWith()
  const read = job.fieldSelectors['status.successful']
  assert.equal(read?.(object), '0')
  object.status.succeeded = 4
  assert.equal(read?.(object), '4')
  assert.deepEqual(lines(job.validateStatusUpdate(object, object)), [])
})
