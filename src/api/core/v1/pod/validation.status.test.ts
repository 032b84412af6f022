/** What a write of the status may say, and what it need not say. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { defaulted, lines } from '../testing.ts'
import { type Pod, pod } from './pod.ts'
import { NO_NAME, SUBDOMAIN } from './testing.ts'

const main = { name: 'main', image: 'i' }
const podOf = (status: object, spec: object = {}): Pod =>
  defaulted(pod, { spec: { containers: [main], ...spec }, status })
/** What becomes of a pod of which `before` was said, by a write of `after`. */
function said(before: object, after: object, spec: object = {}): Pod {
  const next = podOf(after, spec)
  pod.prepareForStatusUpdate(next, podOf(before, spec))
  return next
}
const told = (before: object, after: object, spec: object = {}): string[] =>
  lines(pod.validateStatusUpdate(said(before, after, spec), podOf(before, spec)))
const refused = (after: object, spec: object = {}) => told({}, after, spec)

const ended = (exitCode: number) => ({ state: { terminated: { exitCode } } })
const statusOf = (more: object, name = 'main') => ({
  name,
  image: 'i',
  imageID: '',
  ready: false,
  restartCount: 0,
  ...more,
})
const running = { state: { running: {} } }
const BACK = 'state: Forbidden: may not be transitioned to non-terminated state'

describe('conditions', () => {
  const condition = (type: string, observedGeneration?: number) => ({
    type,
    status: 'True',
    ...(observedGeneration === undefined ? {} : { observedGeneration }),
  })
  test('have qualified names, and generations that there can be', () => {
    assert.deepEqual(refused({ conditions: [condition('Ready'), condition('a.b/c')] }), [])
    assert.deepEqual(
      refused({ conditions: [condition('Ready', -1), condition('')] }).filter(
        line => !line.includes('name part must consist'),
      ),
      [
        'status.conditions[0].observedGeneration: Invalid value: -1: must be a non-negative integer',
        `status.conditions[1].Type: Invalid value: "": ${NO_NAME}`,
      ],
    )
  })
  test('keep the generation that they were said of, each of its own type', () => {
    const before = { observedGeneration: 7, conditions: [condition('A', 5), condition('B', 6)] }
    const { status } = said(before, { conditions: [condition('B'), condition('A', 8)] })
    assert.equal(status.observedGeneration, 7)
    assert.deepEqual(
      status.conditions?.map(({ observedGeneration }) => observedGeneration),
      [6, 8],
    )
  })
})

test('how a pod is treated stays, and need not be said', () => {
  assert.equal(said({ qosClass: 'Burstable' }, {}).status.qosClass, 'Burstable')
  assert.deepEqual(told({ qosClass: 'Burstable' }, { qosClass: 'BestEffort' }), [
    'status.qosClass: Invalid value: "BestEffort": field is immutable',
  ])
})

test('no node is nominated for a pod that has one', () => {
  const field = 'status.nominatedNodeName'
  const bound = `${field}: Forbidden: may not be set on pods that are already bound to a node`
  assert.deepEqual(refused({ nominatedNodeName: 'n' }), [])
  assert.deepEqual(refused({ nominatedNodeName: 'N' }), [
    `${field}: Invalid value: "N": ${SUBDOMAIN}`,
  ])
  assert.deepEqual(refused({ nominatedNodeName: 'n' }, { nodeName: 'n' }), [bound])
  const kept = { nominatedNodeName: 'n' }
  assert.deepEqual(told(kept, kept, { nodeName: 'n' }), [])
  assert.deepEqual(told(kept, {}, { nodeName: 'n' }), [])
})

describe('a container that has ended', () => {
  const comesBack = (list: string, exitCode: number, spec: object) =>
    told(
      { [list]: [statusOf(ended(exitCode))] },
      { [list]: [statusOf({}, 'other'), statusOf(running)] },
      spec,
    )
  const rules = (operator: string, ...values: number[]) => [
    { action: 'Restart', exitCodes: { operator, values } },
  ]
  const restartsAll = {
    restartPolicyRules: [
      { action: 'RestartAllContainers', exitCodes: { operator: 'In', values: [88] } },
    ],
  }
  const policies: [string, number, object, boolean][] = [
    ['Always', 0, {}, true],
    ['OnFailure', 1, {}, true],
    ['OnFailure', 0, {}, false],
    ['Never', 1, {}, false],
    ['Never', 1, { restartPolicy: 'Always' }, true],
    ['Always', 0, { restartPolicy: 'OnFailure' }, false],
    ['Always', 3, { restartPolicy: 'Never', restartPolicyRules: rules('In', 3, 4) }, true],
    ['Always', 5, { restartPolicy: 'Never', restartPolicyRules: rules('In', 3, 4) }, false],
    ['Always', 5, { restartPolicy: 'Never', restartPolicyRules: rules('NotIn', 3, 4) }, true],
  ]
  for (const [restartPolicy, exitCode, own, may] of policies)
    test(`with ${exitCode} ${may ? 'may' : 'must not'} run again: ${restartPolicy} ${JSON.stringify(own)}`, () =>
      assert.deepEqual(
        comesBack('containerStatuses', exitCode, {
          restartPolicy,
          containers: [{ ...main, ...own }],
        }),
        may ? [] : [`status.containerStatuses[0].${BACK}`],
      ))

  test('may run again where the end of another has all start anew, unless it is ephemeral', () => {
    const all = { ...main, name: 'all', restartPolicy: 'Never', ...restartsAll }
    const spec = {
      restartPolicy: 'Never',
      initContainers: [{ ...main, restartPolicy: 'Never' }],
      containers: [main, all],
    }
    assert.deepEqual(comesBack('containerStatuses', 0, spec), [])
    assert.deepEqual(comesBack('initContainerStatuses', 0, spec), [])
    assert.deepEqual(comesBack('ephemeralContainerStatuses', 0, spec), [
      `status.ephemeralContainerStatuses[0].${BACK}`,
    ])
  })

  test('is judged by its own list', () => {
    const spec = { initContainers: [{ ...main, restartPolicy: 'Never' }], containers: [main] }
    assert.deepEqual(comesBack('initContainerStatuses', 1, spec), [
      `status.initContainerStatuses[0].${BACK}`,
    ])
    assert.deepEqual(comesBack('ephemeralContainerStatuses', 1, spec), [
      `status.ephemeralContainerStatuses[0].${BACK}`,
    ])
  })
})

describe('addresses', () => {
  const VALID = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'
  const ips = (...all: string[]) => ({ podIP: all[0], podIPs: all.map(ip => ({ ip })) })
  const FAMILIES = 'may specify no more than one IP for each IP family'
  test('are addresses, one of each family', () => {
    assert.deepEqual(refused(ips('10.0.0.1', 'fd00::1')), [])
    assert.deepEqual(refused(ips('x')), [`status.podIPs[0]: Invalid value: "x": ${VALID}`])
    assert.deepEqual(refused(ips('10.0.0.1', '10.0.0.2')), [
      `status.podIPs: Invalid value: [{"ip":"10.0.0.1"},{"ip":"10.0.0.2"}]: ${FAMILIES}`,
    ])
  })
  test('may stay what they are', () => assert.deepEqual(told(ips('x'), ips('x')), []))
  test('of the node are the same twice', () => {
    const hostIPs = [{ ip: '10.0.0.1' }, { ip: 'fd00::1' }]
    assert.deepEqual(refused({ hostIP: '10.0.0.1', hostIPs }), [])
    assert.deepEqual(refused({ hostIP: '10.0.0.2', hostIPs }), [
      'status.hostIPs[0].ip: Invalid value: "10.0.0.1": must be equal to `hostIP`',
    ])
  })
  test('that are not in their canonical form are told of', () =>
    assert.deepEqual(pod.statusWarnings(podOf(ips('FD00::1'))), [
      'status.podIPs[0].ip: IPv6 address "FD00::1" should be in RFC 5952 canonical format ("fd00::1")',
    ]))
})

describe('what is said of containers', () => {
  const RANGE = 'must be between 0 and 2147483647, inclusive'
  const user = { linux: { uid: -1, gid: 2, supplementalGroups: [-3] } }
  test('whom they run as', () => {
    assert.deepEqual(refused({ containerStatuses: [statusOf({ user })] }), [
      `status.containerStatuses[0].user.linux.uid: Invalid value: -1: ${RANGE}`,
      `status.containerStatuses[0].user.linux.supplementalGroups[0]: Invalid value: -3: ${RANGE}`,
    ])
    const windows = { os: { name: 'windows' } }
    assert.deepEqual(refused({ containerStatuses: [statusOf({ user })] }, windows), [
      'status.containerStatuses[0].user.linux: Forbidden: cannot be set for a windows pod',
    ])
  })
  test('how their devices are', () => {
    const containers = [
      { ...main, resources: { requests: { cpu: '1' }, claims: [{ name: 'c', request: 'r' }] } },
    ]
    const devices = (name: string, ...resources: object[]) => ({ name, resources })
    const healthy = { resourceID: 'a', health: 'Healthy' }
    const given = (...allocatedResourcesStatus: object[]) => [
      statusOf({ allocatedResourcesStatus }),
    ]
    const at = 'status.containerStatuses[0].allocatedResourcesStatus'
    assert.deepEqual(
      refused(
        { containerStatuses: given(devices('cpu', healthy), devices('claim:c/r')) },
        { containers },
      ),
      [],
    )
    assert.deepEqual(
      refused(
        {
          containerStatuses: given(
            devices('x', healthy, { ...healthy, health: 'Ill' }),
            devices('claim:c'),
          ),
        },
        { containers },
      ),
      [
        `${at}[0].name: Invalid value: "x": must match one of the container's resource requests`,
        `${at}[0].resources[1].health: Unsupported value: "Ill": supported values: "Healthy", "Unhealthy", "Unknown"`,
        `${at}[0].resources[1].resourceID: Duplicate value: "a"`,
        `${at}[1].name: Invalid value: "claim:c": must match one of the container's resource claims in a format 'claim:<claimName>/<request>' or 'claim:<claimName>' if request is empty`,
      ],
    )
    assert.deepEqual(
      refused({ ephemeralContainerStatuses: given(devices('cpu')) }, { containers }),
      [
        'status.ephemeralContainerStatuses[0].allocatedResourcesStatus: Forbidden: must not be specified in container status',
      ],
    )
  })
})

describe('claims', () => {
  const spec = { resourceClaims: [{ name: 'c', resourceClaimName: 'x' }] }
  const field = 'status.resourceClaimStatuses'
  test('are those of the pod, each once', () => {
    const one = { name: 'c', resourceClaimName: 'made' }
    assert.deepEqual(refused({ resourceClaimStatuses: [one] }, spec), [])
    assert.deepEqual(
      refused({ resourceClaimStatuses: [one, one, { name: 'd', resourceClaimName: 'D' }] }, spec),
      [
        `${field}[1].name: Duplicate value: "c"`,
        `${field}[2].name: Invalid value: "d": must match the name of an entry in \`spec.resourceClaims\``,
        `${field}[2].resourceClaimName: Invalid value: "D": ${SUBDOMAIN}`,
      ],
    )
  })
  test('made for extended resources say for which', () => {
    const containers = [{ ...main, resources: { requests: { 'a.b/c': '1' } } }]
    const mapping = { containerName: 'main', resourceName: 'a.b/c', requestName: 'r' }
    const at = 'status.extendedResourceClaimStatus'
    const problems = (resourceClaimName: string, ...requestMappings: object[]) =>
      refused(
        { extendedResourceClaimStatus: { resourceClaimName, requestMappings } },
        { containers },
      )
    assert.deepEqual(problems('x', mapping), [])
    assert.deepEqual(problems(''), [
      `${at}.requestMappings: Required value: at least one request mapping is required`,
      `${at}.resourceClaimName: Required value`,
    ])
    assert.deepEqual(problems('x', { ...mapping, containerName: 'other' }), [
      `${at}.requestMappings[0].containerName: Invalid value: "other": must match the name of an entry in spec.initContainers.name or spec.containers.name`,
    ])
    assert.deepEqual(problems('x', { ...mapping, resourceName: 'cpu' }), [
      `${at}.requestMappings[0].resourceName: Invalid value: "cpu": must match the extended resource name of an entry in spec.initContainers.resources.requests or spec.containers.resources.requests`,
    ])
    assert.deepEqual(problems('x', mapping, mapping), [
      `${at}.requestMappings[1].containerName: Duplicate value: "main"`,
      `${at}.requestMappings[1].resourceName: Duplicate value: "a.b/c"`,
      `${at}.requestMappings[1].requestName: Duplicate value: "r"`,
    ])
  })
})
