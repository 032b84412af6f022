import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lines } from '../../core/v1/testing.ts'
import { type JobStatus, job } from './job.ts'
import { indexed, jobWith } from './testing.ts'

const early = '2026-01-01T00:00:00Z'
const late = '2026-01-01T01:00:00Z'
const on = (...types: string[]) => types.map(type => ({ type, status: 'True' }))
const done = { conditions: on('SuccessCriteriaMet', 'Complete'), startTime: early }
const complete: JobStatus = { ...done, completionTime: late, succeeded: 1 }
const failed: JobStatus = { conditions: on('FailureTarget', 'Failed'), startTime: early, failed: 1 }
const limited = { ...indexed, backoffLimitPerIndex: 1 }

function problems(before: JobStatus, after: JobStatus, spec: object = {}): string[] {
  const [previous, next] = [jobWith({ ...spec }), jobWith({ ...spec })]
  previous.status = before
  next.status = after
  return lines(job.validateStatusUpdate(next, previous))
}

test('jobs begin, go on, and end well or not', () => {
  assert.deepEqual(problems({}, { startTime: early, active: 2, ready: 1 }), [])
  assert.deepEqual(problems({ startTime: early, active: 1 }, complete), [])
  assert.deepEqual(problems({ startTime: early, active: 1 }, failed), [])
  assert.deepEqual(problems(complete, complete), [])
  const progress = { active: 1, completedIndexes: '0,2-3', failedIndexes: '1' }
  assert.deepEqual(problems({}, progress, limited), [])
})

const wrong: [name: string, before: JobStatus, after: JobStatus, expected: string[]][] = [
  [
    'negative counts',
    {},
    { active: -1, ready: -2, terminating: -3 },
    ['active: Invalid value: -1', 'ready: Invalid value: -2', 'terminating: Invalid value: -3'].map(
      line => `status.${line}: must be greater than or equal to 0`,
    ),
  ],
  [
    'pods counted twice',
    {},
    { uncountedTerminatedPods: { succeeded: ['a', ''], failed: ['b', 'a'] } },
    [
      'status.uncountedTerminatedPods.succeeded[1]: Invalid value: "": must not be empty',
      'status.uncountedTerminatedPods.failed[1]: Duplicate value: "a"',
    ],
  ],
  [
    'complete and failed',
    { startTime: early },
    { ...complete, conditions: on('Complete', 'Failed', 'FailureTarget', 'SuccessCriteriaMet') },
    [
      'cannot set Complete=True and Failed=true conditions',
      'cannot set Complete=True and FailureTarget=true conditions',
      'cannot set SuccessCriteriaMet=True and Failed=true conditions',
      'cannot set SuccessCriteriaMet=True and FailureTarget=true conditions',
    ].map(line => `status.conditions: Invalid value: ${line}`),
  ],
  [
    'failed out of the blue',
    { startTime: early },
    { ...failed, conditions: on('Failed') },
    [
      'status.conditions: Invalid value: cannot set Failed=True condition without the FailureTarget=true condition',
    ],
  ],
  [
    'complete out of the blue',
    { startTime: early },
    { ...complete, conditions: on('Complete') },
    [
      'status.conditions: Invalid value: cannot set Complete=True condition without the SuccessCriteriaMet=true condition',
    ],
  ],
  [
    'an end without a time',
    { startTime: early },
    done,
    ['status.completionTime: Required value: completionTime is required for Complete jobs'],
  ],
  [
    'a time without an end',
    { startTime: early },
    { startTime: early, completionTime: late },
    [
      `status.completionTime: Invalid value: "${late}": cannot set completionTime when there is no Complete=True condition`,
    ],
  ],
  [
    'an end before the begin',
    { startTime: late },
    { ...complete, startTime: late, completionTime: early },
    [
      `status.completionTime: Invalid value: "${early}": completionTime cannot be set before startTime`,
    ],
  ],
  [
    'an end with pods left',
    { startTime: early },
    { ...complete, active: 1, terminating: 2, uncountedTerminatedPods: { failed: ['a'] } },
    [
      'status.active: Invalid value: 1: active>0 is invalid for finished job',
      'status.uncountedTerminatedPods: Invalid value: {"failed":["a"]}: uncountedTerminatedPods needs to be empty for finished job',
      'status.terminating: Invalid value: 2: terminating>0 is invalid for finished job',
    ],
  ],
  [
    'an end without a begin',
    {},
    { conditions: on('FailureTarget', 'Failed') },
    ['status.startTime: Required value: startTime is required for finished job'],
  ],
  [
    'more ready than there are',
    {},
    { active: 1, ready: 2 },
    ['status.ready: Invalid value: 2: cannot set more ready pods than active'],
  ],
  [
    'indexes without indexes',
    {},
    { completedIndexes: '0', failedIndexes: '' },
    [
      'status.completedIndexes: Invalid value: "0": cannot set non-empty completedIndexes when non-indexed completion mode',
      'status.failedIndexes: Invalid value: "": cannot set non-null failedIndexes when backoffLimitPerIndex is null',
    ],
  ],
  [
    'back from the end',
    { ...complete, failed: 1 },
    { startTime: early },
    [
      'status.conditions: Invalid value: cannot disable the terminal Complete=True condition',
      'status.failed: Invalid value: 0: cannot decrease the failed counter',
      'status.succeeded: Invalid value: 0: cannot decrease the succeeded counter',
      'status.conditions: Invalid value: cannot disable the SuccessCriteriaMet=True condition',
    ],
  ],
  [
    'another end',
    complete,
    { ...complete, completionTime: '2026-01-01T02:00:00Z' },
    [
      'status.completionTime: Invalid value: "2026-01-01T02:00:00Z": completionTime cannot be mutated',
    ],
  ],
  [
    'another begin',
    { startTime: early },
    { startTime: late },
    ['status.startTime: Required value: startTime cannot be removed for unsuspended job'],
  ],
  [
    'success in hindsight',
    { ...complete, conditions: on('Complete') },
    complete,
    [
      'status.conditions: Invalid value: cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions',
    ],
  ],
]
for (const [name, before, after, expected] of wrong)
  test(`refused: ${name}`, () => assert.deepEqual(problems(before, after), expected))

test('indexes are readable and each is in one set', () => {
  assert.deepEqual(problems({}, { completedIndexes: '0-2,4', failedIndexes: '2-3' }, limited), [
    'status.failedIndexes: Invalid value: "2-3": failedIndexes and completedIndexes overlap at index: 2',
  ])
  assert.deepEqual(problems({}, { completedIndexes: '9', failedIndexes: 'x' }, limited), [
    'status.completedIndexes: Invalid value: "9": error parsing completedIndexes: too large index: "9"',
    'status.failedIndexes: Invalid value: "x": error parsing failedIndexes: cannot convert string to integer for index: "x"',
  ])
})

test('what was off before may stay off while something else changes', () => {
  const off: JobStatus = { conditions: on('Failed'), active: 1, completedIndexes: '9' }
  assert.deepEqual(problems(off, { ...off, failed: 1 }, limited), [])
})

test('a smaller indexed job forgets successes, a suspended one its begin', () => {
  assert.deepEqual(problems({ succeeded: 4 }, { succeeded: 2 }, indexed), [])
  assert.equal(
    problems({ succeeded: 4 }, { succeeded: 2 }, { ...indexed, parallelism: 1 }).length,
    1,
  )
  assert.deepEqual(problems({ startTime: early }, {}, { suspend: true }), [])
})

test('with a success policy, complete needs the criteria', () => {
  const successPolicy = { rules: [{ succeededCount: 1 }] }
  const after = { ...complete, conditions: on('Complete') }
  assert.deepEqual(problems(after, after, { ...indexed, successPolicy }), [
    'status.conditions: Invalid value: cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True',
  ])
})

test('a write of the status gives a job without labels those of its pods', () => {
  const draft = {
    metadata: {},
    spec: { template: { metadata: { labels: { a: 'b' } } } },
    status: {},
  } as never as Parameters<typeof job.prepareForStatusUpdate>[0]
  job.prepareForStatusUpdate(draft, draft)
  assert.deepEqual(draft.metadata.labels, { a: 'b' })
})
