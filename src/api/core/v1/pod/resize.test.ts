import assert from 'node:assert/strict'
import { test } from 'node:test'
import { created, defaulted, lines } from '../testing.ts'
import { type Pod, pod } from './pod.ts'
import { qualityOfServiceOf } from './qos.ts'
import { resizedSpec, resizeRefusal, validatePodResize } from './resize.ts'

const amounts = (cpu: string, memory = '1Gi') => ({ requests: { cpu, memory } })
const container = (name: string, resources: object = amounts('1')) => ({
  name,
  image: 'i',
  resources,
})
const podOf = (spec: object, more: object = {}): Pod => defaulted(pod, { spec, ...more })
const running = (spec: object) => podOf({ containers: [container('a')], ...spec })

/** What comes of asking for `asked` where `before` runs. */
function resize(before: Pod, asked: Pod): { next: Pod; problems: string[] } {
  const next = { ...before, spec: resizedSpec(before.spec, asked.spec) }
  return { next, problems: lines(validatePodResize(next, before)) }
}

test('cpu and memory go up and down, and nothing else that was sent counts', () => {
  const before = running({})
  const asked = podOf({
    nodeName: 'elsewhere',
    containers: [{ ...container('a', amounts('2', '512Mi')), image: 'other' }],
  })
  const { next, problems } = resize(before, asked)
  assert.deepEqual(problems, [])
  assert.deepEqual(next.spec.containers[0]?.resources, amounts('2', '512Mi'))
  assert.equal(next.spec.containers[0]?.image, 'i')
  assert.equal(next.spec.nodeName, undefined)
})

test('containers keep their names and places', () => {
  const before = podOf({ containers: [container('a'), container('b')] })
  const ask = (...names: string[]) =>
    resize(before, podOf({ containers: names.map(name => container(name, amounts('3'))) })).problems
  const moved = (index: number) =>
    `spec.containers[${index}].name: Forbidden: containers may not be renamed or reordered on resize`
  assert.deepEqual(ask('a', 'b'), [])
  assert.deepEqual(ask('b', 'a'), [moved(0), moved(1)])
  assert.deepEqual(ask('a', 'c'), [moved(1)])
  const removed = 'spec.containers: Forbidden: containers may not be added or removed on resize'
  assert.deepEqual(ask('a'), [removed])
  assert.deepEqual(ask('a', 'b', 'c'), [removed])
})

test('a limit may be added where there was none, as long as the class of service stays', () => {
  const asked = running({
    containers: [container('a', { ...amounts('1'), limits: { cpu: '2' } })],
  })
  assert.deepEqual(resize(running({}), asked).problems, [])
})

const QOS = 'spec: Invalid value: "Burstable": Pod QOS Class may not change as a result of resizing'
const sidecar = { ...container('s'), restartPolicy: 'Always' }
const refused: [string, { before?: object; asked: object }, string[]][] = [
  [
    'a request that goes',
    { asked: { containers: [container('a', { requests: { cpu: '1' } })] } },
    ['spec.containers[0].resources.requests: Forbidden: resource requests cannot be removed'],
  ],
  [
    'another class of service',
    { asked: { containers: [container('a', { limits: amounts('1').requests })] } },
    [QOS],
  ],
  [
    'other resources',
    {
      asked: {
        containers: [
          container('a', { requests: { cpu: '1', memory: '1Gi', 'ephemeral-storage': '1Gi' } }),
        ],
      },
    },
    ['spec: Forbidden: only cpu and memory resources are mutable'],
  ],
  [
    'another policy',
    {
      asked: {
        containers: [
          {
            ...container('a'),
            resizePolicy: [{ resourceName: 'cpu', restartPolicy: 'RestartContainer' }],
          },
        ],
      },
    },
    ['spec: Forbidden: only cpu and memory resources are mutable'],
  ],
  [
    'other resources of a sidecar',
    {
      before: { initContainers: [sidecar] },
      asked: {
        initContainers: [
          { ...sidecar, resources: { requests: { ...amounts('1').requests, 'a.b/c': '1' } } },
        ],
      },
    },
    [
      'spec.initContainers[0]: Forbidden: only cpu and memory resources for init or sidecar containers are mutable',
    ],
  ],
  [
    'nothing of the whole',
    { before: { resources: amounts('4') }, asked: {} },
    ['spec.resources: Forbidden: pod-level resources cannot be removed'],
  ],
  [
    'less of the whole than it had, and of what has no size to change',
    {
      before: { resources: amounts('4') },
      asked: { resources: { requests: { cpu: '4', 'hugepages-2Mi': '2Mi' } } },
    },
    [
      'spec.resources.requests: Forbidden: pod-level resource requests cannot be removed',
      'spec: Forbidden: only cpu and memory resources are mutable at pod-level',
    ],
  ],
]
for (const [name, { before = {}, asked }, expected] of refused)
  test(`resizing is refused: ${name}`, () => {
    const status = { qosClass: 'Burstable' }
    const old = { ...running(before), status } as Pod
    assert.deepEqual(resize(old, running(asked)).problems.slice(0, expected.length), expected)
  })

test('what ends before the others begin is resized, unless it would be begun again for that', () => {
  const first = (resources: object, restartPolicy?: string) => ({
    ...container('i', resources),
    ...(restartPolicy ? { resizePolicy: [{ resourceName: 'cpu', restartPolicy }] } : {}),
  })
  const ask = (policy?: string) =>
    resize(
      running({ initContainers: [first(amounts('1'), policy)] }),
      running({ initContainers: [first(amounts('9'), policy)] }),
    )
  const { next, problems } = ask()
  assert.equal(next.spec.initContainers?.[0]?.resources.requests?.cpu, '9')
  assert.deepEqual(problems, [])
  assert.deepEqual(ask('NotRequired').problems, [])
  assert.deepEqual(ask('RestartContainer').problems, [
    'spec.initContainers[0]: Forbidden: non-sidecar init containers with a resize policy of RestartContainer cannot be resized',
  ])
})

test('a sidecar is resized as the others are', () => {
  const before = running({ initContainers: [sidecar] })
  const asked = running({ initContainers: [{ ...sidecar, resources: amounts('3') }] })
  const { next, problems } = resize(before, asked)
  assert.equal(next.spec.initContainers?.[0]?.resources.requests?.cpu, '3')
  assert.deepEqual(problems, [])
})

test('some pods cannot be resized at all', () => {
  const spec = { containers: [container('a')] }
  const mirror = { metadata: { name: 'p', annotations: { 'kubernetes.io/config.mirror': '' } } }
  const problemsOf = (object: Pod) => {
    const refusal = resizeRefusal(object)
    return lines(refusal ? [refusal] : validatePodResize(object, object))
  }
  assert.deepEqual(problemsOf(podOf(spec, mirror)), [
    '[]: Forbidden: static pods cannot be resized',
  ])
  assert.deepEqual(problemsOf(running({ os: { name: 'windows' } })), [
    '[]: Forbidden: windows pods cannot be resized',
  ])
  const status = (resources: object) => ({
    containerStatuses: [
      { name: 'a', image: 'i', state: { running: {} }, ready: true, restartCount: 0, ...resources },
    ],
  })
  assert.deepEqual(problemsOf(podOf(spec, { status: status({}) })), [
    'spec: Forbidden: Pod running on node without support for resize',
  ])
  assert.deepEqual(problemsOf(podOf(spec, { status: status({ resources: amounts('1') }) })), [])
  assert.deepEqual(problemsOf(created(pod, { spec })), [])
  const claimed = {
    nodeAllocatableResourceClaimStatuses: [{ resourceClaimName: 'c', resources: { cpu: '1' } }],
  }
  assert.deepEqual(problemsOf(podOf(spec, { status: claimed })), [
    'spec: Forbidden: pods with node allocatable resource claims cannot be resized',
  ])
})

test('asking for nothing as a whole is another thing than asking for none', () => {
  const bare = { containers: [container('a', {})] }
  const as = (spec: object) => ({ ...running({ ...bare, ...spec }), status: {} }) as Pod
  for (const [before, asked, difference] of [
    [{}, { resources: {} }, '+ spec.resources: {}'],
    [{ resources: {} }, {}, '- spec.resources: {}'],
  ] as const)
    assert.deepEqual(resize(as(before), as(asked)).problems, [
      `spec: Forbidden: only cpu and memory resources are mutable\n${difference}\n`,
    ])
  assert.deepEqual(resize(as({ resources: {} }), as({ resources: {} })).problems, [])
})

test('of a pod that is resized and reordered both are told', () => {
  const old = running({ containers: [container('a'), container('b')], resources: amounts('4') })
  const asked = running({
    containers: [container('b'), container('a')],
    resources: { requests: { cpu: '4' } },
  })
  assert.deepEqual(resize(old, asked).problems, [
    'spec.resources.requests: Forbidden: pod-level resource requests cannot be removed',
    'spec.containers[0].name: Forbidden: containers may not be renamed or reordered on resize',
    'spec.containers[1].name: Forbidden: containers may not be renamed or reordered on resize',
  ])
})

test('less than nothing limits no pod', () => {
  const limited = { cpu: '-1', memory: '1Gi' }
  const spec = { containers: [container('a', { requests: limited, limits: limited })] } as never
  assert.equal(qualityOfServiceOf(spec), 'Burstable')
})
