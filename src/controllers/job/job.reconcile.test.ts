import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Job } from '#api/batch/v1/job.ts'
import type { Pod } from '#api/core/v1/pod/pod.ts'
import type { AnyObject, WriteFailure } from '../runner/controller.ts'
import { showOutcome, testScenarios } from '../testing/state-scenarios.ts'
import { firstMissing, indexSetOf, parseIndexSet, showIndexSet } from './index-set.ts'
import { reconcile } from './job.reconcile.ts'
import { noBackoff } from './pod-backoff.ts'

const NOW_MS = Date.UTC(2026, 0, 1)
const LABELS = { 'batch.kubernetes.io/controller-uid': 'u1' }
const ago = (seconds: number) => new Date(NOW_MS - seconds * 1000).toISOString()

interface PodState {
  readonly phase: string
  readonly index?: number
  readonly failures?: number
  readonly deleting?: boolean
  readonly tracked?: boolean
  readonly orphan?: boolean
  readonly ready?: boolean
  readonly disrupted?: boolean
  readonly node?: string
  readonly code?: number
  readonly ended?: number
  readonly restarts?: number
  readonly labels?: Record<string, string>
}
interface State {
  readonly spec: Record<string, unknown> & { completions?: unknown; restartPolicy?: string }
  readonly status?: object
  readonly deleting?: boolean
  readonly failure?: WriteFailure
  readonly pods?: Readonly<Record<string, PodState>>
}

function jobOf({ spec, status = {}, deleting }: State): Job {
  const { completions, restartPolicy = 'Never', ...rest } = spec
  const container = { name: 'main', image: 'busybox' }
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: 'work',
      namespace: 'a',
      uid: 'u1',
      ...(deleting ? { deletionTimestamp: ago(0) } : {}),
    },
    spec: {
      completionMode: 'NonIndexed',
      backoffLimit: 6,
      suspend: false,
      podReplacementPolicy: 'TerminatingOrFailed',
      ...(completions === 'none' ? {} : { completions }),
      ...rest,
      selector: { matchLabels: LABELS },
      template: { metadata: { labels: LABELS }, spec: { restartPolicy, containers: [container] } },
    },
    status,
  } as unknown as Job
}

function podOf(name: string, state: PodState): Pod {
  const { index, failures, ended, code, ready, disrupted } = state
  const owner = { apiVersion: 'batch/v1', kind: 'Job', name: 'work', uid: 'u1', controller: true }
  const annotations = {
    ...(index === undefined ? {} : { 'batch.kubernetes.io/job-completion-index': `${index}` }),
    ...(failures === undefined
      ? {}
      : { 'batch.kubernetes.io/job-index-failure-count': `${failures}` }),
  }
  const terminated = { exitCode: code ?? 0, finishedAt: ago(ended ?? 0) }
  return {
    metadata: {
      name,
      namespace: 'a',
      uid: name,
      labels: state.labels ?? LABELS,
      annotations,
      creationTimestamp: ago(100),
      ...(state.orphan ? {} : { ownerReferences: [owner] }),
      ...(state.tracked === false ? {} : { finalizers: ['batch.kubernetes.io/job-tracking'] }),
      ...(state.deleting ? { deletionTimestamp: ago(0) } : {}),
    },
    spec: { containers: [], ...(state.node === 'none' ? {} : { nodeName: 'n1' }) },
    status: {
      phase: state.phase,
      conditions: [
        { type: 'Ready', status: ready ? 'True' : 'False' },
        ...(disrupted ? [{ type: 'DisruptionTarget', status: 'True' }] : []),
      ],
      containerStatuses: [
        {
          name: 'main',
          restartCount: state.restarts ?? 0,
          state: ended === undefined && code === undefined ? { running: {} } : { terminated },
        },
      ],
    },
  } as unknown as Pod
}

function look(state: State) {
  return reconcile({
    job: jobOf(state),
    candidates: Object.entries(state.pods ?? {}).map(([name, pod]) => podOf(name, pod)),
    backoff: noBackoff,
    nowMs: NOW_MS,
    failure: state.failure,
  })
}

/** What makes the pod of an index different from the others. */
function showPod({ metadata }: AnyObject): string {
  const annotations = Object.entries(metadata.annotations ?? {})
  return annotations.map(([key, value]) => ` ${key.split('/')[1]}=${value}`).join('')
}

for (const file of ['job.scenarios.txt', 'job.scenarios.indexed.txt'])
  testScenarios<State>(new URL(file, import.meta.url), state =>
    showOutcome(look(state), jobOf(state) as unknown as AnyObject, showPod),
  )

test('a pod of an index has name, host name, label and variable by it', () => {
  const state: State = {
    spec: { completionMode: 'Indexed', completions: 12, parallelism: 1 },
    status: { completedIndexes: '0-10' },
  }
  const [batch] = look(state).writes
  assert.ok(batch?.verb === 'batch' && batch.slowStart)
  const [write] = batch.writes
  assert.ok(write?.verb === 'create')
  const key = 'batch.kubernetes.io/job-completion-index'
  assert.equal(write.object.metadata.generateName, 'work-11-')
  assert.deepEqual(write.object.metadata.labels, { ...LABELS, [key]: '11' })
  assert.deepEqual(write.object.metadata.finalizers, ['batch.kubernetes.io/job-tracking'])
  const spec = write.object.spec as { hostname: string; containers: { env: object[] }[] }
  assert.equal(spec.hostname, 'work-11')
  assert.deepEqual(spec.containers[0]?.env, [
    {
      name: 'JOB_COMPLETION_INDEX',
      valueFrom: { fieldRef: { fieldPath: `metadata.labels['${key}']` } },
    },
  ])
})

test('at most 500 pods are made, removed or noted at a time', () => {
  const many = (count: number, pod: PodState) =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`p${index}`, pod]))
  const started = { startTime: ago(60), ready: 0, terminating: 0, uncountedTerminatedPods: {} }
  const created = look({ spec: { completions: 900, parallelism: 900 } })
  assert.equal(created.writes[0]?.verb === 'batch' && created.writes[0].writes.length, 500)
  const removed = look({
    spec: { completions: 900, parallelism: 0 },
    status: { ...started, active: 700 },
    pods: many(700, { phase: 'Running' }),
  })
  assert.equal(removed.writes[0]?.verb === 'batch' && removed.writes[0].writes.length, 500)
  const noted = look({
    spec: { completions: 700, parallelism: 700 },
    status: started,
    pods: many(700, { phase: 'Succeeded' }),
  })
  const [first, second, last] = noted.writes
  assert.ok(first?.verb === 'update' && second?.verb === 'batch' && last?.verb === 'update')
  assert.equal(second.writes.length, 500)
  const status = last.object.status as Job['status']
  assert.equal(status.succeeded, 500)
  assert.deepEqual(
    (status.conditions ?? []).map(({ type }) => type),
    ['SuccessCriteriaMet'],
    'not complete before all are counted',
  )
})

test('sets of indexes are written as upstream writes them', () => {
  assert.equal(showIndexSet(indexSetOf([7, 1, 3, 2, 5, 4, 9, 8, 8])), '1-5,7-9')
  assert.equal(showIndexSet(indexSetOf([1, 2, 4])), '1,2,4')
  assert.equal(showIndexSet(parseIndexSet('0-2,x,4,6-9', 8)), '0-2,4,6,7')
  assert.equal(showIndexSet(parseIndexSet('', 8)), '')
  assert.deepEqual(firstMissing(parseIndexSet('1-3,5', 9), 3, 9), [0, 4, 6])
  assert.deepEqual(firstMissing(parseIndexSet('0-8', 9), 3, 9), [])
})
