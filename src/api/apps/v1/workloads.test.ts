import assert from 'node:assert/strict'
import { test } from 'node:test'
import { created, lines, problemsOf, rowOf, updated } from '../../core/v1/testing.ts'
import { deployment } from './deployment.ts'
import { replicaSet } from './replica-set.ts'

const template = {
  metadata: { labels: { app: 'web' } },
  spec: {
    containers: [
      { name: 'web', image: 'nginx:1' },
      { name: 'log', image: 'fluent:2' },
    ],
  },
}
const base = { selector: { matchLabels: { app: 'web' } }, template }
const deploymentProblems = (spec: object) =>
  lines(deployment.validate(created(deployment, { spec: { ...base, ...spec } })))

test('a deployment gets a rolling update and limits', () => {
  const { spec, status } = created(deployment, { spec: base })
  assert.equal(spec.replicas, 1)
  assert.deepEqual(spec.strategy, {
    type: 'RollingUpdate',
    rollingUpdate: { maxUnavailable: '25%', maxSurge: '25%' },
  })
  assert.equal(spec.revisionHistoryLimit, 10)
  assert.equal(spec.progressDeadlineSeconds, 600)
  assert.equal(spec.template.spec.restartPolicy, 'Always')
  // Only pods themselves get these two; in a template they would change its hash.
  assert.equal(spec.template.spec.enableServiceLinks, undefined)
  assert.equal(spec.template.spec.priority, undefined)
  assert.deepEqual(status, {})
  assert.deepEqual(deploymentProblems({}), [])
})

test('what was said stays', () => {
  const { spec } = created(deployment, {
    spec: { ...base, replicas: 0, strategy: { rollingUpdate: { maxSurge: 1 } } },
  })
  assert.equal(spec.replicas, 0)
  assert.deepEqual(spec.strategy.rollingUpdate, { maxUnavailable: '25%', maxSurge: 1 })
  const recreate = created(deployment, { spec: { ...base, strategy: { type: 'Recreate' } } }).spec
  assert.deepEqual(recreate.strategy, { type: 'Recreate' })
})

const wrongDeployments: [string, object, string][] = [
  [
    'negative replicas',
    { replicas: -1 },
    'spec.replicas: Invalid value: -1: must be greater than or equal to 0',
  ],
  [
    'foreign labels',
    { selector: { matchLabels: { app: 'db' } } },
    'spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match template `labels`',
  ],
  ['no selector', { selector: undefined }, 'spec.selector: Required value'],
  [
    'no selector, which selects nothing',
    { selector: undefined },
    'spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match template `labels`',
  ],
  [
    'more than all missing',
    { strategy: { rollingUpdate: { maxUnavailable: '101%' } } },
    'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "101%": must not be greater than 100%',
  ],
  [
    'nothing may move',
    { strategy: { rollingUpdate: { maxUnavailable: 0, maxSurge: '0%' } } },
    'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0',
  ],
  [
    'recreate with a rolling update',
    { strategy: { type: 'Recreate', rollingUpdate: { maxSurge: 1 } } },
    "spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'",
  ],
  [
    'short deadline',
    { progressDeadlineSeconds: 5, minReadySeconds: 10 },
    'spec.progressDeadlineSeconds: Invalid value: 5: must be greater than minReadySeconds',
  ],
  [
    'pods that end',
    { template: { ...template, spec: { ...template.spec, restartPolicy: 'Never' } } },
    'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"',
  ],
  [
    'broken selector',
    { selector: { matchExpressions: [{ key: 'app', operator: 'In' }] } },
    "spec.selector.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
  ],
]
for (const [name, spec, expected] of wrongDeployments)
  test(`refused: ${name}`, () => {
    const problems = deploymentProblems(spec)
    assert.ok(problems.includes(expected), problems.join('\n'))
  })

test('what is wrong with a selector is told alike of both kinds, in words of one', () => {
  for (const kind of [deployment, replicaSet] as const) {
    const problems = (spec: object) =>
      problemsOf<never>(kind as never, { spec: { ...base, ...spec } })
    assert.deepEqual(problems({ selector: {} }), [
      'spec.selector: Invalid value: {}: empty selector is invalid for deployment',
    ])
    // Of pods that may be others nothing is told.
    const selector = { matchLabels: { app: '-a' } }
    const [, broken, ...more] = problems({ selector, template: { spec: {} } })
    const shown = 'Invalid value: {"matchLabels":{"app":"-a"}}'
    assert.equal(broken, `spec.selector: ${shown}: invalid label selector`)
    assert.deepEqual(more, [])
  }
})

test('a deployment is judged in the order of upstream', () => {
  const spec = {
    ...base,
    replicas: -1,
    selector: { matchLabels: { app: 'db' } },
    strategy: { rollingUpdate: { maxUnavailable: '101%' } },
    minReadySeconds: -1,
    revisionHistoryLimit: -1,
    progressDeadlineSeconds: -1,
  }
  assert.deepEqual(
    deployment.validate(created(deployment, { spec })).map(({ field }) => field),
    [
      'spec.replicas',
      'spec.template.metadata.labels',
      'spec.strategy.rollingUpdate.maxUnavailable',
      'spec.minReadySeconds',
      'spec.revisionHistoryLimit',
      'spec.progressDeadlineSeconds',
      'spec.progressDeadlineSeconds',
    ],
  )
})

test('the selector never changes', () => {
  for (const kind of [deployment, replicaSet] as const) {
    const labels = { app: 'web', tier: 'front' }
    const wide = { ...template, metadata: { labels } }
    const previous = created<never>(kind as never, { spec: { ...base, template: wide } })
    const body = { spec: { selector: { matchLabels: labels }, template: wide } }
    const next = updated<never>(kind as never, previous, body)
    assert.deepEqual(lines(kind.validateUpdate(next, previous)), [
      'spec.selector: Invalid value: {"matchLabels":{"app":"web","tier":"front"}}: field is immutable',
    ])
  }
})

test('counts of a status stand in proportion', () => {
  const object = created(deployment, { spec: base })
  const status = { replicas: 1, readyReplicas: 2, availableReplicas: 3, unavailableReplicas: -1 }
  assert.deepEqual(lines(deployment.validateStatusUpdate({ ...object, status }, object)), [
    'status.readyReplicas: Invalid value: 2: cannot be greater than status.replicas',
    'status.availableReplicas: Invalid value: 3: cannot be greater than status.replicas',
    'status.unavailableReplicas: Invalid value: -1: must be greater than or equal to 0',
    'status.availableReplicas: Invalid value: 3: cannot be greater than readyReplicas',
  ])
  const collided = { ...object, status: { collisionCount: 2 } }
  assert.deepEqual(lines(deployment.validateStatusUpdate(object, collided)), [
    'status.collisionCount: Invalid value: 0: cannot be decremented',
  ])
  assert.deepEqual(lines(deployment.validateStatusUpdate(collided, object)), [])
})

test('kubectl get shows progress', () => {
  const object = created(deployment, { spec: { ...base, replicas: 3 } })
  const status = { replicas: 3, updatedReplicas: 2, readyReplicas: 1, availableReplicas: 1 }
  const metadata = { ...object.metadata, creationTimestamp: '2026-01-01T00:00:00Z' }
  assert.deepEqual(rowOf(deployment, { ...object, metadata, status }), {
    Name: 'web',
    Ready: '1/3',
    'Up-to-date': 2,
    Available: 1,
    Age: '60m',
    Containers: 'web,log',
    Images: 'nginx:1,fluent:2',
    Selector: 'app=web',
  })
  const set = created(replicaSet, { spec: { ...base, replicas: 3 } })
  const row = rowOf(replicaSet, { ...set, status: { replicas: 2, readyReplicas: 1 } })
  assert.deepEqual([row.Desired, row.Current, row.Ready], [3, 2, 1])
  assert.equal(replicaSet.fieldSelectors['status.replicas']?.(set), '0')
})

test('scale reads and writes replicas', () => {
  const { scale } = deployment.subresources
  const object = created(deployment, { spec: base })
  assert.equal(scale?.specReplicas(object), 1)
  assert.equal(scale?.selector(object), 'app=web')
  assert.equal(scale?.withReplicas(object, 5).spec.replicas, 5)
  assert.equal(object.spec.replicas, 1)
})

test('warns of a name that is no host name once, and of pods when they change', () => {
  for (const kind of [deployment, replicaSet] as const) {
    const pods = {
      ...template,
      spec: { ...template.spec, terminationGracePeriodSeconds: -1 },
    }
    const body = { metadata: { name: 'web.1', generation: 1 }, spec: { ...base, template: pods } }
    const object = created<never>(kind as never, body)
    const [name, pod, ...more] = kind.warnings(object, undefined)
    assert.match(
      `${name}`,
      /^metadata\.name: this is used in Pod names .* \[must not contain dots\]$/,
    )
    assert.match(`${pod}`, /^spec\.template\.spec\.terminationGracePeriodSeconds: /)
    assert.deepEqual(more, [])
    assert.deepEqual(kind.warnings(object, object), [])
    const changed = created<never>(kind as never, {
      ...body,
      metadata: { name: 'web.1', generation: 2 },
    })
    assert.deepEqual(kind.warnings(changed, object), [pod])
  }
})

test('annotations of a deployment are part of its generation, labels not part of its status', () => {
  const metadata = { name: 'web', generation: 3, labels: { a: 'b' } }
  const previous = created(deployment, { metadata, spec: base })
  const noted = { ...metadata, annotations: { note: '' } }
  const next = updated(deployment, previous, { metadata: noted, spec: base })
  assert.equal(next.metadata.generation, 4)
  assert.equal(
    updated(deployment, next, { metadata: next.metadata, spec: base }).metadata.generation,
    4,
  )
  const draft = structuredClone(previous)
  draft.metadata.labels = { c: 'd' }
  deployment.prepareForStatusUpdate(draft, previous)
  assert.deepEqual(draft.metadata.labels, { a: 'b' })
  deployment.prepareForStatusUpdate(draft, created(deployment, { spec: base }))
  assert.equal(draft.metadata.labels, undefined)
})
