/** Of several mistakes all that upstream tells are told, in its order. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { created, lines } from '../testing.ts'
import { pod } from './pod.ts'

const web = { name: 'web', image: 'nginx:1.27' }
const podWith = (spec: object) => ({ spec: { containers: [web], ...spec } })
const problemsOf = (body: object) => lines(pod.validate(created(pod, { ...body })))

test('of several sources of a volume the first is judged, the others are not; of a projection all are', () => {
  const volume = (source: object) => podWith({ volumes: [{ name: 'a', ...source }] })
  const others = 'Forbidden: may not specify more than 1 volume type'
  assert.deepEqual(problemsOf(volume({ downwardAPI: {}, cephfs: {}, gitRepo: {}, secret: {} })), [
    'spec.volumes[0].gitRepo.repository: Required value',
    `spec.volumes[0].secret: ${others}`,
    `spec.volumes[0].cephFS: ${others}`,
    `spec.volumes[0].downwarAPI: ${others}`,
  ])
  const sources = [{ secret: {}, configMap: {} }]
  assert.deepEqual(problemsOf(volume({ projected: { sources } })), [
    'spec.volumes[0].projected.sources[0].secret.name: Required value',
    'spec.volumes[0].projected.sources[0].configMap.name: Required value',
    `spec.volumes[0].projected.sources[0]: ${others} per source`,
  ])
})

test('mistakes of a pod are told in the order in which upstream looks for them', () => {
  const id = { runAsUser: -1 }
  const body = podWith({
    containers: [
      { image: 'a', securityContext: id },
      { image: 'a', env: [{ name: 'e', value: 'x', valueFrom: {} }], livenessProbe: {} },
    ],
    initContainers: [{ image: 'a', restartPolicy: 'x', livenessProbe: {} }],
    nodeSelector: { 'a b': 'c' },
    securityContext: { ...id, fsGroup: -1, seccompProfile: { type: 'x', localhostProfile: 'y' } },
    dnsConfig: { nameservers: ['x'] },
    readinessGates: [{ conditionType: 'a b' }],
    schedulingGates: [{ name: 'a b' }],
    serviceAccountName: 'A B',
    activeDeadlineSeconds: 0,
    hostname: 'A B',
    tolerations: [{ operator: 'x' }],
    priorityClassName: 'A B',
    preemptionPolicy: 'x',
  } as never)
  const fields = problemsOf(body).map(line => line.split(': ', 2).join(' ').replace('spec.', ''))
  assert.deepEqual(
    [...new Set(fields)],
    [
      'containers[0].name Required value',
      'containers[0].securityContext.runAsUser Invalid value',
      'containers[1].name Required value',
      'containers[1].env[0].valueFrom Invalid value',
      'containers[1].name Duplicate value',
      'containers[1].livenessProbe Required value',
      'initContainers[0].name Required value',
      'initContainers[0].restartPolicy Unsupported value',
      'initContainers[0].name Duplicate value',
      'initContainers[0].livenessProbe Forbidden',
      'nodeSelector Invalid value',
      'securityContext.fsGroup Invalid value',
      'securityContext.runAsUser Invalid value',
      'securityContext.seccompProfile.type Unsupported value',
      'securityContext.seccompProfile.localhostProfile Invalid value',
      'dnsConfig.nameservers[0] Invalid value',
      'readinessGates[0].conditionType Invalid value',
      'schedulingGates[0] Invalid value',
      'serviceAccountName Invalid value',
      'activeDeadlineSeconds Invalid value',
      'hostname Invalid value',
      'tolerations[0].operator Invalid value',
      'tolerations[0].operator Unsupported value',
      'priorityClassName Invalid value',
      'preemptionPolicy Unsupported value',
    ],
  )
})
