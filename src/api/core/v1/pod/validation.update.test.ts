/** What an update may change in a pod, and how it is told what may not. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { changeProblemsOf, defaulted, lines } from '../testing.ts'
import { pod } from './pod.ts'

const main = { name: 'main', image: 'i' }
const firstLines = (problems: readonly string[]) => problems.map(line => line.split('\n')[0])
const spec = (more: object = {}) => ({ spec: { containers: [main], ...more } })
const told = (before: object, after: object) =>
  firstLines(changeProblemsOf(pod, spec(before), spec(after)))
const FORBIDDEN =
  'spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)'

const gates = { schedulingGates: [{ name: 'a.b/c' }] }
const terms = (...expressions: object[][]) => ({
  nodeAffinity: {
    requiredDuringSchedulingIgnoredDuringExecution: {
      nodeSelectorTerms: expressions.map(matchExpressions => ({ matchExpressions })),
    },
  },
})
const one = { key: 'k', operator: 'Exists' }
const other = { key: 'l', operator: 'Exists' }
const PREFERRED = {
  nodeAffinity: {
    preferredDuringSchedulingIgnoredDuringExecution: [
      { weight: 1, preference: { matchExpressions: [one] } },
    ],
  },
}
const apart = {
  podAntiAffinity: {
    requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'zone', labelSelector: {} }],
  },
}
const REQUIRED =
  'spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms'

test('containers that begin a pod are as many as before', () => {
  assert.deepEqual(told({}, { initContainers: [{ name: 'first', image: 'i' }] }), [
    'spec.initContainers: Forbidden: pod updates may not add or remove containers',
  ])
})

test('a deadline out of all range is told alone', () => {
  const refused = (value: number) => told({}, { activeDeadlineSeconds: value, nodeName: 'n' })
  assert.deepEqual(refused(-1), [
    'spec.activeDeadlineSeconds: Invalid value: -1: must be between 0 and 2147483647, inclusive',
  ])
  assert.deepEqual(refused(0), [FORBIDDEN])
})

test('each gate that is new is told in its place', () => {
  const added = [{ name: 'x.y/z' }, { name: 'a.b/c' }, { name: 'x.y/q' }]
  assert.deepEqual(told(gates, { schedulingGates: added }), [
    `spec.schedulingGates[0].name: Forbidden: only deletion is allowed, but found new scheduling gate 'x.y/z'`,
    `spec.schedulingGates[2].name: Forbidden: only deletion is allowed, but found new scheduling gate 'x.y/q'`,
  ])
})

test('a gated pod may be steered to fewer nodes by their labels', () => {
  const before = { ...gates, nodeSelector: { a: 'b' } }
  const refused = (shown: string) => [
    `spec.nodeSelector: Invalid value: ${shown}: only additions to spec.nodeSelector are allowed (no mutations or deletions)`,
  ]
  assert.deepEqual(told(before, { ...gates, nodeSelector: { a: 'b', c: 'd' } }), [])
  assert.deepEqual(told(before, { ...gates, nodeSelector: { a: 'c' } }), refused('{"a":"c"}'))
  assert.deepEqual(told(before, gates), refused('null'))
  assert.deepEqual(told({ nodeSelector: { a: 'b' } }, { nodeSelector: { a: 'b', c: 'd' } }), [
    FORBIDDEN,
  ])
})

test('and by what it requires of them', () => {
  const before = { ...gates, affinity: terms([one], [other]) }
  const after = (affinity: object) => told(before, { ...gates, affinity })
  assert.deepEqual(told(gates, { ...gates, affinity: terms([one]) }), [])
  assert.deepEqual(told(gates, { ...gates, affinity: { nodeAffinity: {} } }), [])
  assert.deepEqual(after(terms([one, other], [other])), [])
  assert.deepEqual(
    after({ nodeAffinity: { ...terms([one], [other]).nodeAffinity, ...PREFERRED.nodeAffinity } }),
    [],
  )
  assert.deepEqual(after(terms([other], [other])), [
    `${REQUIRED}[0]: Invalid value: {"matchExpressions":[{"key":"l","operator":"Exists"}]}: only additions are allowed (no mutations or deletions)`,
  ])
  assert.deepEqual(after(PREFERRED), [
    `${REQUIRED}: Invalid value: null: no additions/deletions to non-empty NodeSelectorTerms list are allowed`,
  ])
})

test('but by nothing else', () => {
  assert.deepEqual(told(gates, { ...gates, affinity: apart }), [FORBIDDEN])
  assert.deepEqual(told(gates, { ...gates, affinity: {} }), [FORBIDDEN])
  assert.deepEqual(told({ ...gates, affinity: apart }, gates), [FORBIDDEN])
})

test('a selector of everything is none no more', () => {
  const spread = { topologyKey: 'zone', maxSkew: 1, whenUnsatisfiable: 'DoNotSchedule' }
  const before = { topologySpreadConstraints: [{ ...spread, labelSelector: {} }] }
  assert.deepEqual(told(before, { topologySpreadConstraints: [spread] }), [FORBIDDEN])
})

test('a pod that says how its volumes get their labels may say each of the ways', () => {
  const labelled = (seLinuxChangePolicy?: string) =>
    defaulted(
      pod,
      spec({ securityContext: seLinuxChangePolicy === undefined ? {} : { seLinuxChangePolicy } }),
    )
  const problems = (policy: string, before?: string) =>
    lines(pod.validate(labelled(policy), labelled(before)))
  const field = 'spec.securityContext.seLinuxChangePolicy'
  assert.deepEqual(problems('MountOption', 'Recursive'), [])
  assert.deepEqual(problems('X', 'Recursive'), [
    `${field}: Unsupported value: "X": supported values: "MountOption", "Recursive"`,
  ])
  assert.deepEqual(problems('', 'Recursive'), [
    `${field}: Unsupported value: "": supported values: "MountOption", "Recursive"`,
  ])
  assert.deepEqual(problems('X'), [
    `${field}: Unsupported value: "X": supported values: "Recursive"`,
  ])
})

test('policies of preemption are told in their order', () => {
  const problems = (preemptionPolicy: string) =>
    lines(pod.validate(defaulted(pod, spec({ preemptionPolicy }))))
  assert.deepEqual(problems('X'), [
    'spec.preemptionPolicy: Unsupported value: "X": supported values: "PreemptLowerPriority", "Never"',
  ])
  assert.deepEqual(problems(''), ['spec.preemptionPolicy: Required value'])
})

test('a field of the pod is read in version 1', () => {
  const env = [
    { name: 'A', valueFrom: { fieldRef: { apiVersion: 'v2', fieldPath: 'metadata.name' } } },
  ]
  assert.deepEqual(lines(pod.validate(defaulted(pod, spec({ containers: [{ ...main, env }] })))), [
    'spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Invalid value: "metadata.name": error converting fieldPath: unsupported pod version: v2',
  ])
})

test('the file of a token is in nobody’s way', () => {
  const token = (path: string) => ({ serviceAccountToken: { path } })
  const problems = (...sources: object[]) =>
    lines(
      pod.validate(
        defaulted(
          pod,
          spec({ serviceAccountName: 'a', volumes: [{ name: 'v', projected: { sources } }] }),
        ),
      ),
    )
  assert.deepEqual(problems(token('x'), token('x')), [])
  assert.deepEqual(problems(token('../x')), [
    `spec.volumes[0].projected.path: Invalid value: "../x": must not contain '..'`,
  ])
})
