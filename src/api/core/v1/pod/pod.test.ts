import assert from 'node:assert/strict'
import { test } from 'node:test'
import { created, defaulted, lines, rowOf, updated } from '../testing.ts'
import { type Pod, pod } from './pod.ts'

const web = { name: 'web', image: 'nginx:1.27' }
const podWith = (spec: object) => ({ spec: { containers: [web], ...spec } })
const containerWith = (fields: object) => podWith({ containers: [{ ...web, ...fields }] })
const problemsOf = (body: object) => {
  const object = created(pod, { ...body })
  return lines([...pod.validate(object), ...pod.validateCreate(object)])
}

test('a bare pod gets everything that it did not say', () => {
  const { spec, status } = created(pod, podWith({}))
  assert.deepEqual(spec, {
    containers: [
      {
        name: 'web',
        image: 'nginx:1.27',
        resources: {},
        imagePullPolicy: 'IfNotPresent',
        terminationMessagePath: '/dev/termination-log',
        terminationMessagePolicy: 'File',
      },
    ],
    dnsPolicy: 'ClusterFirst',
    enableServiceLinks: true,
    restartPolicy: 'Always',
    schedulerName: 'default-scheduler',
    securityContext: {},
    terminationGracePeriodSeconds: 30,
  })
  assert.deepEqual(status, { phase: 'Pending', qosClass: 'BestEffort' })
  assert.deepEqual(lines(pod.validate(created(pod, podWith({})))), [])
})

test('images are pulled always when their tag may move', () => {
  const policyOf = (image: string) =>
    defaulted(pod, containerWith({ image })).spec.containers[0]?.imagePullPolicy
  assert.equal(policyOf('nginx'), 'Always')
  assert.equal(policyOf('nginx:latest'), 'Always')
  assert.equal(policyOf('registry:5000/nginx'), 'Always')
  assert.equal(policyOf('registry:5000/nginx:1'), 'IfNotPresent')
  assert.equal(policyOf(`nginx@sha256:${'0'.repeat(64)}`), 'IfNotPresent')
  assert.equal(policyOf(`localhost/x:latest@sha256:${'0'.repeat(64)}`), 'Always')
  assert.equal(policyOf('UPPER.io/team/x'), 'Always')
  assert.equal(policyOf('[::1]:5000/x'), 'Always')
})

test('what is no image is not asked for again and again', () => {
  const texts = [
    'Not_Valid!',
    'team/Web',
    'a'.repeat(260),
    'a'.repeat(64),
    '-a',
    '.',
    'a..b',
    'a/b:',
  ]
  const policies = [...texts, 'reg.io:5000', 'reg.io/', 'x@sha256:abc'].map(
    image => defaulted(pod, containerWith({ image })).spec.containers[0]?.imagePullPolicy,
  )
  assert.deepEqual([...new Set(policies)], ['IfNotPresent'])
})

test('probes, ports, hooks and volumes get their numbers', () => {
  const { spec } = defaulted(pod, {
    spec: {
      hostNetwork: true,
      serviceAccount: 'robot',
      containers: [
        {
          ...web,
          ports: [{ containerPort: 80 }],
          livenessProbe: { httpGet: { port: 80 } },
          readinessProbe: { grpc: { port: 9000 } },
          env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }],
          resources: { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '500m' } },
        },
      ],
      volumes: [
        { name: 'scratch' },
        { name: 'config', configMap: { name: 'c' } },
        { name: 'all', projected: { sources: [{ serviceAccountToken: { path: 'token' } }] } },
      ],
    },
  })
  const [container] = spec.containers
  assert.deepEqual(container?.ports, [{ containerPort: 80, hostPort: 80, protocol: 'TCP' }])
  assert.deepEqual(container?.livenessProbe, {
    httpGet: { path: '/', port: 80, scheme: 'HTTP' },
    timeoutSeconds: 1,
    periodSeconds: 10,
    successThreshold: 1,
    failureThreshold: 3,
  })
  assert.equal(container?.readinessProbe?.grpc?.service, '')
  assert.equal(container?.env?.[0]?.valueFrom?.fieldRef?.apiVersion, 'v1')
  assert.deepEqual(container?.resources.requests, { cpu: '500m', memory: '1Gi' })
  assert.equal(spec.serviceAccountName, 'robot')
  assert.deepEqual(spec.volumes?.[0], { name: 'scratch', emptyDir: {} })
  assert.equal(spec.volumes?.[1]?.configMap?.defaultMode, 0o644)
  assert.equal(
    spec.volumes?.[2]?.projected?.sources[0]?.serviceAccountToken?.expirationSeconds,
    3600,
  )
})

test('quality of service follows requests and limits of cpu and memory', () => {
  const classOf = (resources: object) => created(pod, containerWith({ resources })).status.qosClass
  assert.equal(classOf({}), 'BestEffort')
  assert.equal(classOf({ limits: { 'example.com/gpu': '1' } }), 'BestEffort')
  assert.equal(classOf({ requests: { cpu: '1' } }), 'Burstable')
  assert.equal(classOf({ limits: { cpu: '1' } }), 'Burstable')
  assert.equal(classOf({ limits: { cpu: '1', memory: '1Gi' } }), 'Guaranteed')
  assert.equal(
    classOf({ limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '500m' } }),
    'Burstable',
  )
})

test('a negative grace period becomes the shortest', () => {
  const { spec } = created(pod, podWith({ terminationGracePeriodSeconds: -5 }))
  assert.equal(spec.terminationGracePeriodSeconds, 1)
})

test('what a client says about status on create is dropped, and kept from before on update', () => {
  const first = created(pod, { ...podWith({}), status: { phase: 'Running', podIP: '10.0.0.1' } })
  assert.deepEqual(first.status, { phase: 'Pending', qosClass: 'BestEffort' })
  const running: Pod = { ...first, status: { ...first.status, phase: 'Running' } }
  assert.equal(updated(pod, running, podWith({})).status.phase, 'Running')
})

test('the grace period is asked for, or the pod’s own, or none where nothing runs', () => {
  const grace = (spec: object, status: object, asked?: number) => {
    const object = created(pod, podWith(spec))
    object.status = { ...object.status, ...status }
    return pod.gracePeriodSeconds?.(object, asked)
  }
  assert.equal(grace({ nodeName: 'n' }, { phase: 'Running' }), 30)
  assert.equal(grace({ nodeName: 'n', terminationGracePeriodSeconds: 5 }, {}), 5)
  assert.equal(grace({ nodeName: 'n' }, {}, 7), 7)
  assert.equal(grace({ nodeName: 'n' }, {}, -1), 1)
  assert.equal(grace({}, {}), 0)
  assert.equal(grace({ nodeName: 'n' }, { phase: 'Succeeded' }), 0)
})

const wrongPods: [string, object, string][] = [
  ['no containers', podWith({ containers: [] }), 'spec.containers: Required value'],
  ['no image', containerWith({ image: '' }), 'spec.containers[0].image: Required value'],
  [
    'two containers of one name',
    podWith({ containers: [web, web] }),
    'spec.containers[1].name: Duplicate value: "web"',
  ],
  [
    'unknown mount',
    containerWith({ volumeMounts: [{ name: 'data', mountPath: '/data' }] }),
    'spec.containers[0].volumeMounts[0].name: Not found: "data"',
  ],
  [
    'mounts at one place',
    podWith({
      volumes: [{ name: 'a' }],
      containers: [
        {
          ...web,
          volumeMounts: [
            { name: 'a', mountPath: '/x' },
            { name: 'a', mountPath: '/x' },
          ],
        },
      ],
    }),
    'spec.containers[0].volumeMounts[1].mountPath: Invalid value: "/x": must be unique',
  ],
  [
    'port out of range',
    containerWith({ ports: [{ containerPort: 70000 }] }),
    'spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive',
  ],
  [
    'request above limit',
    containerWith({ resources: { requests: { cpu: '2' }, limits: { cpu: '1' } } }),
    'spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1',
  ],
  [
    'value and source',
    containerWith({
      env: [{ name: 'A', value: 'x', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }],
    }),
    'spec.containers[0].env[0].valueFrom: Invalid value: "": may not be specified when `value` is not empty',
  ],
  [
    'unknown field',
    containerWith({
      env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'spec.bar' } } }],
    }),
    'spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Invalid value: "spec.bar": error converting fieldPath: field label not supported: spec.bar',
  ],
  [
    'field of another version',
    containerWith({
      env: [
        { name: 'A', valueFrom: { fieldRef: { apiVersion: 'v2', fieldPath: 'metadata.name' } } },
      ],
    }),
    'spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Invalid value: "metadata.name": error converting fieldPath: unsupported pod version: v2',
  ],
  [
    'two volume sources',
    podWith({ volumes: [{ name: 'a', emptyDir: {}, hostPath: { path: '/x' } }] }),
    'spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type',
  ],
  [
    'two probes in one',
    containerWith({
      livenessProbe: { exec: { command: ['true'] }, tcpSocket: { port: 80 } },
    }),
    'spec.containers[0].livenessProbe.tcpSocket: Forbidden: may not specify more than 1 handler type',
  ],
  [
    'liveness with several successes',
    containerWith({ livenessProbe: { tcpSocket: { port: 80 }, successThreshold: 2 } }),
    'spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1',
  ],
  [
    'privileged without escalation',
    containerWith({ securityContext: { privileged: true, allowPrivilegeEscalation: false } }),
    'spec.containers[0].securityContext: Invalid value: {"Capabilities":null,"Privileged":true,"SELinuxOptions":null,"WindowsOptions":null,"RunAsUser":null,"RunAsGroup":null,"RunAsNonRoot":null,"ReadOnlyRootFilesystem":null,"AllowPrivilegeEscalation":false,"ProcMount":null,"SeccompProfile":null,"AppArmorProfile":null}: cannot set `allowPrivilegeEscalation` to false and `privileged` to true',
  ],
  [
    'probe of an init container',
    podWith({
      initContainers: [{ name: 'i', image: 'x', livenessProbe: { tcpSocket: { port: 1 } } }],
    }),
    'spec.initContainers[0].livenessProbe: Forbidden: may not be set for init containers without restartPolicy=Always',
  ],
  [
    'restart policy',
    podWith({ restartPolicy: 'Sometimes' }),
    'spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never"',
  ],
  [
    'ephemeral containers on create',
    podWith({ ephemeralContainers: [{ name: 'debug', image: 'busybox' }] }),
    'spec.ephemeralContainers: Forbidden: cannot be set on create',
  ],
  [
    'toleration of everything but one effect',
    podWith({ tolerations: [{ operator: 'Equal' }] }),
    'spec.tolerations[0].operator: Invalid value: "Equal": operator must be Exists when `key` is empty, which means "match all values and all keys"',
  ],
  [
    'another port on the host’s network',
    podWith({
      hostNetwork: true,
      containers: [{ ...web, ports: [{ containerPort: 80, hostPort: 81 }] }],
    }),
    'spec.containers[0].ports[0].hostPort: Invalid value: 81: must match `containerPort` when `hostNetwork` is true',
  ],
  [
    'the host’s processes in a user namespace',
    podWith({ hostUsers: false, hostPID: true }),
    'spec.HostPID: Forbidden: when `hostUsers` is false',
  ],
  [
    'escaping file',
    podWith({
      volumes: [{ name: 'c', configMap: { name: 'c', items: [{ key: 'a', path: '../a' }] } }],
    }),
    'spec.volumes[0].configMap.items[0].path: Invalid value: "../a": must not contain \'..\'',
  ],
]
test('pull secrets may lack their names, names of hosts must be names', () => {
  const hostAliases = [{ ip: '10.0.0.1', hostnames: ['a', 'B_'] }]
  const [problem = '', ...more] = problemsOf(podWith({ imagePullSecrets: [{}], hostAliases }))
  assert.match(problem, /^spec\.hostAliases\[0\]\.hostnames\[1\]: Invalid value: "B_"/)
  assert.deepEqual(more, [])
})

for (const [name, body, expected] of wrongPods)
  test(`refused: ${name}`, () => {
    const problems = problemsOf(body)
    assert.ok(problems.includes(expected), problems.join('\n'))
  })

test('of several actions of a probe the first is judged, the others are not', () => {
  const livenessProbe = { exec: { command: [] }, tcpSocket: { port: 0 } }
  const path = 'spec.containers[0].livenessProbe'
  assert.deepEqual(problemsOf(containerWith({ livenessProbe })), [
    `${path}.exec.command: Required value`,
    `${path}.tcpSocket: Forbidden: may not specify more than 1 handler type`,
  ])
})

const before = () => created(pod, podWith({ nodeName: 'n1' }))
const updateProblems = (spec: object) => {
  const previous = before()
  return lines(
    pod.validateUpdate(updated(pod, previous, { spec: { ...previous.spec, ...spec } }), previous),
  )
}

test('images, deadline and more tolerations may change', () => {
  assert.deepEqual(
    updateProblems({
      containers: [{ ...web, image: 'nginx:1.28', imagePullPolicy: 'IfNotPresent' }],
    }),
    [],
  )
  assert.deepEqual(updateProblems({ activeDeadlineSeconds: 10 }), [])
  assert.deepEqual(updateProblems({ tolerations: [{ operator: 'Exists' }] }), [])
})

test('nothing else may change', () => {
  const [problem = '', ...more] = updateProblems({ nodeName: 'n2' })
  assert.deepEqual(more, [])
  assert.equal(
    problem,
    'spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)\n- spec.nodeName: "n1"\n+ spec.nodeName: "n2"\n',
  )
  assert.match(updateProblems({ hostNetwork: true })[0] ?? '', /^spec: Forbidden/)
  assert.deepEqual(updateProblems({ containers: [web, { ...web, name: 'b' }] }), [
    'spec.containers: Forbidden: pod updates may not add or remove containers',
  ])
})

test('a container that ended for good stays ended', () => {
  const ended = { ...before(), spec: { ...before().spec, restartPolicy: 'Never' as const } }
  const state = { terminated: { exitCode: 0 } }
  const statusOf = (state: object) => ({
    containerStatuses: [
      { name: 'web', state, lastState: {}, ready: false, restartCount: 0, image: '', imageID: '' },
    ],
  })
  const previous: Pod = { ...ended, status: statusOf(state) }
  const next: Pod = { ...ended, status: statusOf({ running: {} }) }
  assert.deepEqual(lines(pod.validateStatusUpdate(next, previous)), [
    'status.containerStatuses[0].state: Forbidden: may not be transitioned to non-terminated state',
  ])
  assert.deepEqual(lines(pod.validateStatusUpdate(previous, previous)), [])
})

test('field selectors read what they name', () => {
  const object = created(pod, podWith({ nodeName: 'n', hostNetwork: true }))
  const read = (field: string) => pod.fieldSelectors[field]?.(object)
  assert.equal(read('spec.nodeName'), 'n')
  assert.equal(read('spec.hostNetwork'), 'true')
  assert.equal(read('status.phase'), 'Pending')
  assert.equal(read('status.podIP'), '')
  assert.equal(rowOf(pod, object).Node, 'n')
})

test('older and newer fields for addresses say the same', () => {
  const statusOf = (status: object) => defaulted(pod, { ...podWith({}), status }).status
  assert.deepEqual(statusOf({ podIP: '10.0.0.1' }).podIPs, [{ ip: '10.0.0.1' }])
  assert.equal(statusOf({ podIPs: [{ ip: '10.0.0.2' }] }).podIP, '10.0.0.2')
  const both = { podIP: '10.0.0.1', podIPs: [{ ip: '10.0.0.2' }, { ip: 'fd00::1' }] }
  assert.deepEqual(statusOf(both).podIPs, [{ ip: '10.0.0.1' }], 'the older has the last word')
  assert.equal(statusOf({ hostIP: '10.0.0.1' }).hostIPs, undefined)
})
