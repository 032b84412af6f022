import assert from 'node:assert/strict'
import { test } from 'node:test'
import { created, lines, rowOf, updated } from '../../core/v1/testing.ts'
import { podGroup } from './pod-group.ts'
import { validatePodGroupUpdate } from './pod-group.validation.ts'
import { workload } from './workload.ts'

const schedulingPolicy = { gang: { minCount: 2 } }
const group = (spec: object) => created(podGroup, { spec: { schedulingPolicy, ...spec } })
const problems = (spec: object) => lines(podGroup.validate(group(spec)))
const claim = { name: 'gpu', resourceClaimName: 'one' }

test('a group begins without status, and its pods may be disrupted one by one', () => {
  const status = { resourceClaimStatuses: [{ name: 'gpu' }] }
  const object = created(podGroup, { spec: { schedulingPolicy }, status })
  assert.deepEqual(object.status, {})
  assert.equal(object.spec.disruptionMode, 'Pod')
  assert.deepEqual(updated(podGroup, { ...object, status }, { spec: object.spec }).status, status)
  assert.deepEqual(problems({}), [])
  const whole = {
    podGroupTemplateRef: { workload: { workloadName: 'a.b', podGroupTemplateName: 'workers' } },
    schedulingPolicy: { basic: {} },
    schedulingConstraints: { topology: [{ key: 'topology.kubernetes.io/rack' }] },
    resourceClaims: [claim, { name: 'net', resourceClaimTemplateName: 'two' }],
    priorityClassName: 'high',
    priority: 5,
  }
  assert.deepEqual(problems(whole), [])
})

const wrong: [object, string[]][] = [
  [
    { podGroupTemplateRef: {} },
    ['spec.podGroupTemplateRef: Invalid value: "": must specify one of: `workload`'],
  ],
  [
    { podGroupTemplateRef: { workload: {} } },
    [
      'spec.podGroupTemplateRef.workload.workloadName: Required value',
      'spec.podGroupTemplateRef.workload.podGroupTemplateName: Required value',
    ],
  ],
  [
    { schedulingPolicy: {} },
    ['spec.schedulingPolicy: Invalid value: "": must specify one of: `basic`, `gang`'],
  ],
  [
    { schedulingPolicy: { basic: {}, gang: {} } },
    [
      'spec.schedulingPolicy: Invalid value: "{`basic`, `gang`}": must specify exactly one of: `basic`, `gang`',
      'spec.schedulingPolicy.gang.minCount: Required value',
    ],
  ],
  [
    { schedulingPolicy: { gang: { minCount: -1 } } },
    ['spec.schedulingPolicy.gang.minCount: Invalid value: -1: must be greater than or equal to 1'],
  ],
  [
    { schedulingConstraints: { topology: [{ key: 'a' }, { key: 'b' }] } },
    ['spec.schedulingConstraints.topology: Too many: 2: must have at most 1 item'],
  ],
  [
    { schedulingConstraints: { topology: [{}] } },
    ['spec.schedulingConstraints.topology[0].key: Required value'],
  ],
  [
    { resourceClaims: [claim, claim] },
    ['spec.resourceClaims[1]: Duplicate value: {"name":"gpu","resourceClaimName":"one"}'],
  ],
  [
    { resourceClaims: [{ name: 'gpu' }, { ...claim, name: '', resourceClaimTemplateName: 'two' }] },
    [
      'spec.resourceClaims[0]: Invalid value: "": must specify one of: `resourceClaimName`, `resourceClaimTemplateName`',
      'spec.resourceClaims[1]: Invalid value: "{`resourceClaimName`, `resourceClaimTemplateName`}": must specify exactly one of: `resourceClaimName`, `resourceClaimTemplateName`',
      'spec.resourceClaims[1].name: Required value',
    ],
  ],
  [
    { resourceClaims: Array(5).fill(claim) },
    ['spec.resourceClaims: Too many: 5: must have at most 4 items'],
  ],
  [
    { disruptionMode: 'All', priority: 1_000_000_001 },
    [
      'spec.disruptionMode: Unsupported value: "All": supported values: "Pod", "PodGroup"',
      'spec.priority: Invalid value: 1000000001: must be less than or equal to 1000000000',
    ],
  ],
]
for (const [spec, expected] of wrong)
  test(`refused: ${JSON.stringify(spec).slice(0, 90)}`, () =>
    assert.deepEqual(problems(spec), expected))

test('a group never changes', () => {
  const next = group({ schedulingPolicy: { gang: { minCount: 3 } }, priority: 1 })
  assert.deepEqual(lines(validatePodGroupUpdate(next, group({}))), [
    'spec.schedulingPolicy: Invalid value: null: field is immutable',
    'spec.priority: Invalid value: null: field is immutable',
  ])
  assert.deepEqual(validatePodGroupUpdate(group({}), group({})), [])
})

test('a status tells of the claims that the group has', () => {
  const object = group({ resourceClaims: [claim] })
  const check = (...resourceClaimStatuses: { name: string }[]) =>
    lines(podGroup.validateStatusUpdate({ ...object, status: { resourceClaimStatuses } }, object))
  assert.deepEqual(check({ name: 'gpu' }), [])
  assert.deepEqual(check({ name: 'net' }), [
    'status.resourceClaimStatuses[0].name: Invalid value: "net": must match the name of an entry in `spec.resourceClaims`',
  ])
  assert.deepEqual(check(...Array(5).fill({ name: 'gpu' })), [
    'status.resourceClaimStatuses: Too many: 5: must have at most 4 items',
  ])
})

test('kubectl get shows what became of a group', () => {
  const object = group({
    podGroupTemplateRef: { workload: { workloadName: 'train', podGroupTemplateName: 'a' } },
  })
  assert.deepEqual(rowOf(podGroup, object), {
    Name: 'web',
    Policy: 'Gang',
    Workload: 'train',
    Status: 'Pending',
    Age: '<unknown>',
  })
  const condition = (type: string, status: string) => ({
    type,
    status,
    reason: 'PreemptionByScheduler',
    message: '',
    lastTransitionTime: '2026-01-01T00:00:00Z',
  })
  const shown = (...conditions: ReturnType<typeof condition>[]) =>
    rowOf(podGroup, { ...object, status: { conditions } }).Status
  const scheduled = condition('PodGroupScheduled', 'True')
  assert.equal(shown(scheduled), 'Scheduled')
  assert.equal(shown(condition('PodGroupScheduled', 'False')), 'Unschedulable')
  assert.equal(shown(scheduled, condition('DisruptionTarget', 'True')), 'PreemptionByScheduler')
  const basic = rowOf(podGroup, group({ schedulingPolicy: { basic: {} } }))
  assert.deepEqual([basic.Policy, basic.Workload], ['Basic', '<none>'])
})

const template = { name: 'workers', schedulingPolicy }
const work = (spec: object) =>
  created(workload, { spec: { podGroupTemplates: [template], ...spec } })
const workProblems = (spec: object) => lines(workload.validate(work(spec)))

test('a workload has one to eight templates of different names', () => {
  assert.deepEqual(workProblems({}), [])
  assert.equal(work({}).spec.podGroupTemplates[0]?.disruptionMode, undefined)
  assert.deepEqual(workProblems({ podGroupTemplates: [] }), [
    'spec.podGroupTemplates: Required value: must have at least one item',
  ])
  assert.deepEqual(workProblems({ podGroupTemplates: Array(9).fill(template) }), [
    'spec.podGroupTemplates: Too many: 9: must have at most 8 items',
  ])
  assert.deepEqual(workProblems({ podGroupTemplates: [template, template] }), [
    'spec.podGroupTemplates[1]: Duplicate value: {"name":"workers","schedulingPolicy":{"gang":{"minCount":2}}}',
  ])
  assert.deepEqual(workProblems({ podGroupTemplates: [{ schedulingPolicy: {} }] }), [
    'spec.podGroupTemplates[0].name: Required value',
    'spec.podGroupTemplates[0].schedulingPolicy: Invalid value: "": must specify one of: `basic`, `gang`',
  ])
})

test('a workload may name its controller once', () => {
  const controllerRef = { kind: 'Job', name: 'train', apiGroup: 'batch' }
  assert.deepEqual(workProblems({ controllerRef }), [])
  assert.deepEqual(workProblems({ controllerRef: {} }), [
    'spec.controllerRef.kind: Required value',
    'spec.controllerRef.name: Required value',
  ])
  const update = (next: object, previous: object) =>
    lines(workload.validateUpdate(work(next), work(previous)))
  assert.deepEqual(update({ controllerRef }, {}), [])
  assert.deepEqual(update({}, { controllerRef }), [
    'spec.controllerRef: Invalid value: null: field is immutable',
  ])
  assert.deepEqual(update({ podGroupTemplates: [{ ...template, priority: 1 }] }, {}), [
    'spec.podGroupTemplates: Invalid value: null: field is immutable',
  ])
  assert.deepEqual(rowOf(workload, work({})), { Name: 'web', Age: '<unknown>' })
})
