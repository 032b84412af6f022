import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Node } from '#api/core/v1/node.ts'
import { matchesNodeSelection } from '#api/core/v1/node-matching.ts'
import { podRequests } from '../containers/resources.ts'
import type { Pod } from '../pod-types.ts'
import { type AdmissionInput, refusal } from './admission.ts'
import { Taken } from './taken.ts'

const podOf = (uid: string, spec: object = {}, phase = 'Running'): Pod =>
  ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: uid, uid },
    spec: { containers: [{ name: 'c' }], ...spec },
    status: { phase },
  }) as unknown as Pod
const node = {
  metadata: { name: 'n1', labels: { disk: 'ssd', size: '10' } },
  status: {},
} as unknown as Node
const judge = (pod: Pod, others: readonly Pod[] = [], more: Partial<AdmissionInput> = {}) => {
  const taken = new Taken()
  for (const other of others) taken.exchange(undefined, podRequests(other))
  return refusal({
    pod,
    requests: podRequests(pod),
    taken,
    others: () => others,
    node,
    allocatable: {},
    maxPods: 10,
    operatingSystem: 'linux',
    allowedUnsafeSysctls: [],
    ...more,
  })
}
const asks = (cpu: string, memory = '0') => ({
  containers: [{ name: 'c', resources: { requests: { cpu, memory } } }],
})

test('room for so many pods', () => {
  const others = [podOf('a'), podOf('b')]
  assert.equal(judge(podOf('me'), others, { maxPods: 3 }), undefined)
  assert.deepEqual(judge(podOf('me'), others, { maxPods: 2 }), {
    reason: 'OutOfpods',
    message: "Node didn't have enough resource: pods, requested: 1, used: 2, capacity: 2",
  })
})

test('requests fit to the last bit, and not a bit more', () => {
  const allocatable = { cpu: '2', memory: '1Gi' }
  const others = [podOf('a', asks('1500m', '1023Mi'))]
  const reason = (cpu: string, memory: string) =>
    judge(podOf('me', asks(cpu, memory)), others, { allocatable })?.reason
  assert.equal(reason('500m', '1Mi'), undefined)
  assert.equal(reason('501m', '1Mi'), 'OutOfcpu')
  assert.equal(reason('500m', '1048577'), 'OutOfmemory')
  // What asks for nothing always fits, even where others took all.
  assert.equal(judge(podOf('me'), [podOf('a', asks('9'))], { allocatable }), undefined)
})

test('host ports', () => {
  const port = (hostPort: number, hostIP?: string, protocol?: string) => ({
    containerPort: 80,
    hostPort,
    ...(hostIP ? { hostIP } : {}),
    ...(protocol ? { protocol } : {}),
  })
  const withPort = (...ports: object[]) => ({ containers: [{ name: 'c', ports }] })
  const clash = (mine: object, theirs: object) =>
    judge(podOf('me', withPort(mine)), [podOf('a', withPort(theirs))])?.reason === 'NodePorts'
  assert.ok(clash(port(80), port(80)))
  assert.ok(!clash(port(80), port(81)))
  assert.ok(!clash(port(80), port(80, undefined, 'UDP')))
  assert.ok(!clash(port(80, '10.0.0.1'), port(80, '10.0.0.2')))
  assert.ok(clash(port(80, '10.0.0.1'), port(80)))
  assert.ok(clash(port(80), port(80, '10.0.0.1')))
  const side = { name: 's', restartPolicy: 'Always', ports: [port(80)] }
  const sidecar = podOf('a', { containers: [], initContainers: [side] })
  assert.equal(judge(podOf('me', withPort(port(80))), [sidecar])?.reason, 'NodePorts')
})

test('nodeSelector and required affinity', () => {
  const withTerms = (...nodeSelectorTerms: object[]) => ({
    affinity: {
      nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } },
    },
  })
  const expression = (key: string, operator: string, ...values: string[]) => ({
    matchExpressions: [{ key, operator, values }],
  })
  const cases: readonly (readonly [object, boolean])[] = [
    [{ nodeSelector: { disk: 'ssd' } }, true],
    [{ nodeSelector: { disk: 'ssd', other: 'x' } }, false],
    [withTerms(), false],
    [withTerms({}), false],
    [withTerms(expression('disk', 'In', 'hdd', 'ssd')), true],
    [withTerms(expression('disk', 'NotIn', 'ssd')), false],
    [withTerms(expression('none', 'NotIn', 'ssd')), true],
    [withTerms(expression('none', 'Exists')), false],
    [withTerms(expression('none', 'DoesNotExist')), true],
    [withTerms(expression('size', 'Gt', '9')), true],
    [withTerms(expression('size', 'Lt', '9')), false],
    [withTerms(expression('none', 'Gt', '0')), false],
    [withTerms(expression('disk', 'In', 'hdd'), expression('size', 'Gt', '9')), true],
    [withTerms({ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['n1'] }] }), true],
    [withTerms({ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['n2'] }] }), false],
    [withTerms(expression('disk', 'Unknown', 'ssd')), false],
  ]
  for (const [spec, fits] of cases) {
    assert.equal(matchesNodeSelection(podOf('p', spec), node), fits, JSON.stringify(spec))
    assert.equal(judge(podOf('p', spec))?.reason, fits ? undefined : 'NodeAffinity')
  }
  // A node that is not known yet turns nobody away.
  assert.equal(judge(podOf('p', { nodeSelector: { a: 'b' } }), [], { node: undefined }), undefined)
})

test('a pod that needs what the node does not declare is refused, whoever bound it', () => {
  const rules = [{ action: 'RestartAllContainers', exitCodes: { operator: 'In', values: [1] } }]
  const pod = podOf('me', { containers: [{ name: 'c', restartPolicyRules: rules }] })
  const on = (declaredFeatures?: readonly string[]) =>
    judge(pod, [], { node: { ...node, status: { declaredFeatures } } as unknown as Node })
  assert.deepEqual(on(), {
    reason: 'PodFeatureUnsupported',
    message:
      'Pod requires node features that are not available: RestartAllContainersOnContainerExits',
  })
  assert.equal(on(['RestartAllContainersOnContainerExits']), undefined)
})

test('a pod of another system is turned away, by what it says and by its label', () => {
  assert.equal(judge(podOf('me', { os: { name: 'linux' } })), undefined)
  assert.deepEqual(judge(podOf('me', { os: { name: 'windows' } })), {
    reason: 'PodOSNotSupported',
    message: "Failed to admit pod as the OS field doesn't match node OS",
  })
  const labelled = (system: string) => {
    const pod = podOf('me')
    return { ...pod, metadata: { ...pod.metadata, labels: { 'kubernetes.io/os': system } } } as Pod
  }
  assert.equal(judge(labelled('linux')), undefined)
  assert.equal(judge(labelled('windows'))?.reason, 'PodOSSelectorNodeLabelDoesNotMatch')
})

test('whom the node would send away at once does not come in', () => {
  const taints = [
    { key: 'a', effect: 'NoSchedule' },
    { key: 'b', effect: 'NoExecute' },
  ]
  const tainted = { ...node, spec: { taints } } as unknown as Node
  assert.deepEqual(judge(podOf('me'), [], { node: tainted }), {
    reason: 'TaintToleration',
    message: "Predicate TaintToleration failed: node(s) had taints that the pod didn't tolerate",
  })
  const tolerations = [{ key: 'b', operator: 'Exists' }]
  assert.equal(judge(podOf('me', { tolerations }), [], { node: tainted }), undefined)
})

test('strict supplemental groups want a runtime that knows them', () => {
  const securityContext = { supplementalGroupsPolicy: 'Strict' }
  const strict = podOf('me', { securityContext })
  assert.equal(judge(strict)?.reason, 'SupplementalGroupsPolicyNotSupported')
  const status = { features: { supplementalGroupsPolicy: true } }
  assert.equal(judge(strict, [], { node: { ...node, status } as unknown as Node }), undefined)
})
