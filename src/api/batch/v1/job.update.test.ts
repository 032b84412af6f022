import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lines } from '../../core/v1/testing.ts'
import { type Job, type JobSpec, type JobStatus, job } from './job.ts'
import { validateJob } from './job.validation.ts'
import { indexed, jobWith } from './testing.ts'

type Change = (spec: JobSpec) => void

/** What is wrong with an update that changes the spec so, beyond what is wrong with the spec itself, which is said twice. */
function changeProblems(previous: Job, change: Change): string[] {
  const next = structuredClone(previous)
  change(next.spec)
  const twice = lines(validateJob(next))
  return lines(job.validateUpdate(next, previous))
    .filter(line => !twice.includes(line))
    .map(line => line.replace(/: Invalid value: .*: /, ': '))
}

test('what may always change', () => {
  const change: Change = spec => {
    spec.parallelism = 7
    spec.suspend = true
    spec.activeDeadlineSeconds = 9
    spec.backoffLimit = 2
    spec.ttlSecondsAfterFinished = 1
    spec.podReplacementPolicy = 'Failed'
  }
  assert.deepEqual(changeProblems(jobWith(), change), [])
})

const immutable: [field: string, change: Change][] = [
  ['completions', spec => (spec.completions = 4)],
  ['completionMode', spec => (spec.completionMode = 'Indexed')],
  ['backoffLimitPerIndex', spec => (spec.backoffLimitPerIndex = 1)],
  ['managedBy', spec => (spec.managedBy = 'acme.io/x')],
  ['podFailurePolicy', spec => (spec.podFailurePolicy = { rules: [{ action: 'Count' }] })],
  ['successPolicy', spec => (spec.successPolicy = { rules: [{ succeededCount: 1 }] })],
  ['template', spec => (spec.template.spec.nodeSelector = { zone: 'a' })],
]
for (const [field, change] of immutable)
  test(`never changes: ${field}`, () => {
    // With another mode completions are judged by its rule.
    assert.deepEqual(changeProblems(jobWith(), change), [`spec.${field}: field is immutable`])
  })

test('the selector is neither changed nor lost', () => {
  const dropped = changeProblems(jobWith(), spec => delete spec.selector)
  assert.deepEqual(dropped, ['spec.selector: field is immutable'])
  const foreign = changeProblems(jobWith(), spec => {
    spec.selector = { matchLabels: { app: 'x' } }
  })
  assert.deepEqual(foreign, [
    'spec.selector: `selector` not auto-generated',
    'spec.selector: field is immutable',
  ])
})

test('what is wrong with the spec itself is said by the update, too, as upstream has it', () => {
  const next = jobWith()
  delete next.spec.selector
  const said = lines(job.validateUpdate(next, jobWith()))
  assert.equal(said[0], 'spec.selector: Required value')
})

test('an indexed job grows as a whole', () => {
  const previous = jobWith(indexed)
  const both: Change = spec => Object.assign(spec, { completions: 8, parallelism: 8 })
  assert.deepEqual(changeProblems(previous, both), [])
  assert.deepEqual(
    changeProblems(previous, spec => (spec.completions = 8)),
    ['spec.completions: can only be modified in tandem with spec.parallelism'],
  )
})

test('jobs from before the prefixed labels go on without them', () => {
  const previous = jobWith()
  const labels = { 'job-name': 'web', 'controller-uid': 'u1' }
  previous.spec.template.metadata.labels = labels
  previous.spec.selector = { matchLabels: { 'controller-uid': 'u1' } }
  assert.deepEqual(
    changeProblems(previous, spec => (spec.parallelism = 2)),
    [],
  )
  assert.ok(lines(job.validateCreate(previous)).length > 0)
})

const steer: Change = spec => {
  const { metadata, spec: pod } = spec.template
  metadata.labels = { ...metadata.labels, queue: 'fast' }
  metadata.annotations = { note: 'x' }
  pod.nodeSelector = { zone: 'a' }
  pod.tolerations = [{ key: 'gpu', operator: 'Exists' }]
  pod.schedulingGates = [{ name: 'wait' }]
  pod.affinity = { nodeAffinity: {} }
  for (const container of pod.containers) container.resources = { requests: { cpu: '2' } }
}
const suspended = (status: JobStatus) => {
  const object = jobWith({ suspend: true })
  object.status = status
  return object
}
const startTime = '2026-01-01T00:00:00Z'

test('while it is suspended and nothing runs, pods can be steered', () => {
  assert.deepEqual(changeProblems(suspended({}), steer), [])
  const conditions = [{ type: 'Suspended', status: 'True' }]
  assert.deepEqual(changeProblems(suspended({ startTime, conditions }), steer), [])
  for (const status of [{ startTime }, { active: 1 }, { startTime, active: 1, conditions }])
    assert.deepEqual(changeProblems(suspended(status), steer), [
      'spec.template: field is immutable',
    ])
})

test('even then the rest of the pods stays', () => {
  const others: Change[] = [
    ({ template: { spec } }) => (spec.hostNetwork = true),
    ({ template: { spec } }) => spec.containers.push({ name: 'b', image: 'b', resources: {} }),
    ({ template: { spec } }) => {
      const [main] = spec.containers
      if (main) main.image = 'other:1'
    },
    ({ template: { spec } }) => (spec.affinity = { podAffinity: { x: 1 } as object }),
  ]
  for (const change of others)
    assert.deepEqual(changeProblems(suspended({}), change), [
      'spec.template.spec: field is immutable',
    ])
})

test('an affinity to nodes may go, one to pods may not', () => {
  const withAffinity = (affinity: object) => {
    const previous = suspended({})
    previous.spec.template.spec.affinity = affinity
    return changeProblems(previous, spec => delete spec.template.spec.affinity)
  }
  const term = { labelSelector: { matchLabels: { a: 'b' } }, topologyKey: 'zone' }
  const podAffinity = { requiredDuringSchedulingIgnoredDuringExecution: [term] }
  assert.deepEqual(withAffinity({ nodeAffinity: {} }), [])
  assert.deepEqual(withAffinity({ podAffinity }), ['spec.template.spec: field is immutable'])
})
