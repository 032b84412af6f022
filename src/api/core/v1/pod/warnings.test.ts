import assert from 'node:assert/strict'
import { test } from 'node:test'
import { created, defaulted } from '../testing.ts'
import { pod } from './pod.ts'

const web = { name: 'web', image: 'nginx:1.27' }
const podWith = (spec: object) => ({ spec: { containers: [web], ...spec } })

test('a name that is no host name is told of first', () => {
  const made = defaulted(pod, {
    metadata: { name: 'web.example' },
    ...podWith({ terminationGracePeriodSeconds: -1 }),
  })
  const [first, ...others] = pod.warnings(made, undefined)
  assert.equal(
    first,
    "metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended: [must not contain dots]",
  )
  assert.equal(others.length, 1)
  assert.deepEqual(pod.warnings(made, made), [])
})

test('what is hardly meant is told', () => {
  const warningsOf = (spec: object) => pod.warnings(defaulted(pod, podWith(spec)), undefined)
  assert.deepEqual(warningsOf({}), [])
  assert.deepEqual(
    warningsOf({
      volumes: [{ name: 'a', gitRepo: { repository: 'x' } }],
      containers: [
        {
          ...web,
          env: [
            { name: 'A', value: '1' },
            { name: 'A', value: '2' },
            { name: 'B', value: '1' },
            { name: 'B', value: '$(B):2' },
          ],
          resources: { limits: { memory: '100m' } },
        },
      ],
    }),
    [
      'spec.volumes[0].gitRepo: deprecated in v1.11, and disabled by default in v1.33+',
      'spec.containers[0].resources.limits[memory]: fractional byte value "100m" is invalid, must be an integer',
      'spec.containers[0].resources.requests[memory]: fractional byte value "100m" is invalid, must be an integer',
      'spec.containers[0].env[1]: hides previous definition of "A", which may be dropped when using apply',
    ],
  )
})

test('preferred labels that no node can have are told', () => {
  const values = ['-a', 'b']
  const preference = { matchExpressions: [{ key: 'k', operator: 'In', values }] }
  const nodeAffinity = {
    preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, preference }],
  }
  const warnings = pod.warnings(defaulted(pod, podWith({ affinity: { nodeAffinity } })), undefined)
  assert.deepEqual(warnings, [
    "spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].preference.matchExpressions[0].values[0]: -a is invalid, a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
  ])
})

test('ports that containers share and lists that say a thing twice are told', () => {
  const twice = pod.warnings(
    defaulted(
      pod,
      podWith({
        hostAliases: [{ ip: '10.0.0.1' }, { ip: '10.0.0.1' }],
        imagePullSecrets: [{ name: 'a' }, { name: 'a' }, {}],
        volumes: [
          {
            name: 'v',
            projected: {
              sources: [
                { serviceAccountToken: { path: 't' } },
                { configMap: { name: 'c', items: [{ key: 'k', path: 't' }] } },
              ],
            },
          },
        ],
        containers: [
          { ...web, ports: [{ name: 'http', containerPort: 80, hostIP: '10.0.0.1' }] },
          {
            ...web,
            name: 'other',
            ports: [
              { name: 'http', containerPort: 80, hostPort: 8080 },
              { containerPort: 80, hostPort: 8080, hostIP: '10.0.0.1' },
              { containerPort: 80, hostIP: '10.0.0.1' },
            ],
          },
        ],
        affinity: {
          podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'z' }] },
        },
      }),
    ),
    undefined,
  )
  const [one, other] = ['spec.containers[0].ports', 'spec.containers[1].ports']
  assert.deepEqual(twice, [
    'volume "v" (Projected): overlapping paths: "t" (ConfigMap "c") with "t" (ServiceAccountToken)',
    'spec.volumes[0].projected.sources.configMap[0]: has duplicated path with ServiceAccountToken "t"',
    'spec.hostAliases[1].ip: duplicate ip "10.0.0.1"',
    'spec.imagePullSecrets[1].name: duplicate name "a"',
    'spec.imagePullSecrets[2].name: invalid empty name ""',
    `${one}[0]: hostIP set without hostPort: {Name:http HostPort:0 ContainerPort:80 Protocol:TCP HostIP:10.0.0.1}`,
    `${other}[0]: overlapping port definition with ${one}[0]`,
    `${other}[1]: overlapping port definition with ${one}[0]`,
    `${other}[1]: dangerously ambiguous port definition with ${other}[0]`,
    `${other}[2]: hostIP set without hostPort: {Name: HostPort:0 ContainerPort:80 Protocol:TCP HostIP:10.0.0.1}`,
    `${other}[2]: duplicate port definition with ${one}[0]`,
    `${other}[2]: overlapping port definition with ${other}[0]`,
    `${other}[2]: overlapping port definition with ${other}[1]`,
    `${other}[0]: duplicate port name "http" with ${one}[0], services and probes that select ports by name will use ${one}[0]`,
    'spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].labelSelector: a null labelSelector results in matching no pod',
  ])
  const before = podWith({ imagePullSecrets: [{}] })
  assert.deepEqual(pod.warnings(defaulted(pod, before), defaulted(pod, before)), [])
})

test('labels of nodes that have new names are told wherever they are asked for', () => {
  const key = 'beta.kubernetes.io/os'
  const term = { matchExpressions: [{ key, operator: 'Exists' }] }
  const object = created(pod, {
    spec: {
      containers: [{ name: 'c', image: 'i' }],
      nodeSelector: { [key]: 'linux' },
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [term] },
          preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, preference: term }],
        },
      },
      topologySpreadConstraints: [
        { maxSkew: 1, topologyKey: key, whenUnsatisfiable: 'DoNotSchedule' },
      ],
    },
  })
  const hint = 'deprecated since v1.14; use "kubernetes.io/os" instead'
  const at = 'spec.affinity.nodeAffinity'
  assert.deepEqual(pod.warnings(object, undefined), [
    `spec.nodeSelector[${key}]: ${hint}`,
    `${at}.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0].key: ${key} is ${hint}`,
    `${at}.preferredDuringSchedulingIgnoredDuringExecution[0].preference.matchExpressions[0].key: ${key} is ${hint}`,
    `spec.topologySpreadConstraints[0].topologyKey: ${key} is ${hint}`,
    'spec.topologySpreadConstraints[0].labelSelector: a null labelSelector results in matching no pod',
  ])
})

test('a pod with thousands of ports, secrets and aliases is judged in a moment', () => {
  const count = 20_000
  const many = <T>(make: (at: number) => T) => Array.from({ length: count }, (_, at) => make(at))
  const begun = process.cpuUsage()
  const warnings = pod.warnings(
    {
      ...defaulted(pod, podWith({})),
      spec: {
        containers: [
          { ...web, resources: {}, ports: many(() => ({ containerPort: 1, protocol: 'TCP' })) },
        ],
        imagePullSecrets: many(at => ({ name: `s${at}` })),
        hostAliases: many(at => ({ ip: `${at}`, hostnames: [] })),
      },
    } as never,
    undefined,
  )
  const { user, system } = process.cpuUsage(begun)
  assert.match(warnings[0] ?? '', /ports\[1\]: duplicate port definition with .*ports\[0\]$/)
  assert.ok(warnings.length < 20_000)
  assert.ok(user + system < 1_000_000, `${(user + system) / 1000} ms`)
})
