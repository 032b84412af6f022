import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pod } from '#api/core/v1/pod/pod.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import { policedPodOf } from '../network/policy/policed-pod.ts'
import { hostPortsOf } from '../proxy/service-ports.ts'
import { keepOfPods } from './single-proxy.ts'

test('what is kept of a pod makes the same rules, and is small', () => {
  const containers = [
    {
      name: 'web',
      image: 'web:1',
      env: Array.from({ length: 20 }, (_, n) => ({ name: `NAME_${n}`, value: `value ${n}` })),
      ports: [
        { name: 'http', containerPort: 80, hostPort: 8080, protocol: 'TCP' },
        { name: 'dns', containerPort: 53, protocol: 'UDP' },
      ],
    },
  ]
  const whole = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      ...{ namespace: 'shop', name: 'web', uid: 'u1', resourceVersion: '7' },
      ...{ labels: { app: 'web' }, creationTimestamp: '2026-01-01T00:00:00Z' },
      annotations: { note: 'x'.repeat(200) },
    },
    spec: {
      nodeName: 'here',
      containers,
      initContainers: [
        {
          ...containers[0],
          name: 'mesh',
          restartPolicy: 'Always',
          ports: [{ name: 'mesh', containerPort: 1 }],
        },
        { name: 'once', image: 'web:1', ports: [{ name: 'once', containerPort: 2 }] },
      ],
    },
    status: { phase: 'Running', podIP: '10.244.0.5', podIPs: [{ ip: '10.244.0.5' }] },
  } as unknown as Parameters<typeof policedPodOf>[0]
  const kept = keepOfPods(whole as KubernetesObject, pod) as typeof whole
  assert.deepEqual(policedPodOf(kept, 'here'), policedPodOf(whole, 'here'))
  assert.equal(policedPodOf(kept, 'here')?.namedPorts.length, 3)
  assert.deepEqual(hostPortsOf(kept), hostPortsOf(whole))
  assert.ok(JSON.stringify(kept).length < JSON.stringify(whole).length / 4)
  const other = { metadata: { name: 'x' } } as KubernetesObject
  assert.equal(keepOfPods(other, { ...pod, kind: 'Node' }), other)
})
