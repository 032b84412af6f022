import assert from 'node:assert/strict'
import { test } from 'node:test'
import { podTemplate } from './pod-template.ts'
import { replicationController } from './replication-controller.ts'
import { created, defaulted, lines, problemsOf, rowOf, updated } from './testing.ts'

const labels = { app: 'web', tier: 'front' }
const podSpec = {
  containers: [
    { name: 'main', image: 'web:1' },
    { name: 'log', image: 'log:1' },
  ],
}
const template = { metadata: { labels }, spec: podSpec }

test('the labels of the template are those of the controller and what it selects', () => {
  const object = created(replicationController, { spec: { template } })
  assert.deepEqual(object.spec.selector, labels)
  assert.deepEqual(object.metadata.labels, labels)
  assert.equal(object.spec.replicas, 1)
  assert.equal('minReadySeconds' in object.spec, false)
  assert.equal(object.spec.template?.spec.restartPolicy, 'Always')
  assert.deepEqual(object.status, { replicas: 0 })
  assert.deepEqual(problemsOf(replicationController, { spec: { template } }), [])
})

test('unless they are said', () => {
  const { metadata, spec } = created(replicationController, {
    metadata: { name: 'web', labels: { own: 'yes' } },
    spec: { selector: { app: 'web' }, template, replicas: 0 },
  })
  assert.deepEqual(
    [metadata.labels, spec.selector, spec.replicas],
    [{ own: 'yes' }, { app: 'web' }, 0],
  )
})

test('what is hardly meant is told as it is created, and never again', () => {
  const pods = { ...template, spec: { ...podSpec, terminationGracePeriodSeconds: -1 } }
  const object = created(replicationController, { spec: { template: pods } })
  assert.equal(replicationController.warnings(object, undefined).length, 1)
  assert.deepEqual(
    replicationController.warnings(object, created(replicationController, { spec: { template } })),
    [],
  )
})

test('an update keeps the status', () => {
  const previous = defaulted(replicationController, { spec: { template }, status: { replicas: 3 } })
  const next = updated(replicationController, previous, { spec: { template, replicas: 5 } })
  assert.deepEqual(next.status, { replicas: 3 })
})

const wrongControllers: [string, object, string[]][] = [
  [
    'empty and negative',
    { replicas: -1, minReadySeconds: -2 },
    [
      'spec.minReadySeconds: Invalid value: -2: must be greater than or equal to 0',
      'spec.selector: Required value',
      'spec.replicas: Invalid value: -1: must be greater than or equal to 0',
      'spec.template: Required value',
    ],
  ],
  [
    'others than its own',
    { selector: { app: 'db' }, template },
    [
      'spec.template.metadata.labels: Invalid value: {"app":"web","tier":"front"}: `selector` does not match template `labels`',
    ],
  ],
  [
    'pods without labels',
    { selector: { app: 'db' }, template: { spec: podSpec } },
    [
      'spec.template.metadata.labels: Invalid value: null: `selector` does not match template `labels`',
    ],
  ],
  [
    'labels that are none, told without that they are metadata',
    { template: { ...template, metadata: { labels: { app: '-a' } } }, selector: { app: '-a' } },
    [
      "spec.template.labels: Invalid value: \"-a\": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
    ],
  ],
  [
    'pods that end',
    {
      template: {
        ...template,
        spec: { ...podSpec, restartPolicy: 'Never', activeDeadlineSeconds: 5 },
      },
    },
    [
      'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"',
      'spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in ReplicationController is not Supported',
    ],
  ],
]
for (const [name, spec, expected] of wrongControllers)
  test(`a replication controller is refused: ${name}`, () => {
    assert.deepEqual(problemsOf(replicationController, { spec }), expected)
  })

test('the numbers of its status fit together', () => {
  const status = { replicas: 1, readyReplicas: 2, availableReplicas: 3 }
  const object = defaulted(replicationController, { spec: { template }, status })
  assert.deepEqual(lines(replicationController.validateStatusUpdate(object, object)), [
    'status.readyReplicas: Invalid value: 2: cannot be greater than status.replicas',
    'status.availableReplicas: Invalid value: 3: cannot be greater than status.replicas',
    'status.availableReplicas: Invalid value: 3: cannot be greater than readyReplicas',
  ])
})

test('it scales, and kubectl get shows how far', () => {
  const object = defaulted(replicationController, {
    spec: { template, replicas: 3 },
    status: { replicas: 2, readyReplicas: 1 },
  })
  const { scale } = replicationController.subresources
  assert.deepEqual(
    [scale?.specReplicas(object), scale?.statusReplicas(object), scale?.selector(object)],
    [3, 2, 'app=web,tier=front'],
  )
  assert.equal(scale?.withReplicas(object, 5).spec.replicas, 5)
  assert.equal(replicationController.fieldSelectors['status.replicas']?.(object), '2')
  assert.deepEqual(rowOf(replicationController, object), {
    Name: 'web',
    Desired: 3,
    Current: 2,
    Ready: 1,
    Age: '<unknown>',
    Containers: 'main,log',
    Images: 'web:1,log:1',
    Selector: 'app=web,tier=front',
  })
})

test('a pod template is a template and nothing more', () => {
  const object = created(podTemplate, { template })
  assert.equal(object.template.spec.dnsPolicy, 'ClusterFirst')
  assert.deepEqual(rowOf(podTemplate, object), {
    Name: 'web',
    Containers: 'main,log',
    Images: 'web:1,log:1',
    'Pod Labels': 'app=web,tier=front',
  })
  assert.equal(
    rowOf(podTemplate, created(podTemplate, { template: { spec: podSpec } }))['Pod Labels'],
    '<none>',
  )
  assert.deepEqual(problemsOf(podTemplate, { template: { spec: { containers: [] } } }), [
    'template.spec.containers: Required value',
  ])
  const grace = { template: { spec: { ...podSpec, terminationGracePeriodSeconds: -1 } } }
  assert.deepEqual(podTemplate.warnings(created(podTemplate, grace), undefined), [
    'template.spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1',
  ])
})
