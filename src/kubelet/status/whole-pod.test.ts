import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ApiContainerStatus, Pod } from '../pod-types.ts'
import { wholePodOf } from './whole-pod.ts'

const podOf = (spec: object) => ({ metadata: { name: 'p' }, spec }) as unknown as Pod
const c = (name: string, requests?: object, limits?: object, more: object = {}) => ({
  ...{ name, resources: { ...(requests ? { requests } : {}), ...(limits ? { limits } : {}) } },
  ...more,
})

test('a pod without resources has none', () => {
  assert.deepEqual(wholePodOf(podOf({ containers: [c('a')] }), []), { resources: {} })
})

test('containers and sidecars together, or an init container with the sidecars before it', () => {
  const pod = podOf({
    initContainers: [
      c('i', { cpu: '300m', memory: '50Mi' }, { cpu: '400m', memory: '50Mi' }),
      c(
        's',
        { cpu: '10m', memory: '16Mi' },
        { cpu: '20m', memory: '16Mi' },
        { restartPolicy: 'Always' },
      ),
    ],
    containers: [
      c(
        'a',
        { cpu: '50m', memory: '10Mi', 'ephemeral-storage': '10Mi' },
        { cpu: '100m', memory: '20Mi' },
      ),
      c('b', { memory: '10Mi' }, { memory: '30Mi' }),
    ],
  })
  // As a kubelet of upstream told it of this pod.
  const requests = { cpu: '300m', memory: '50Mi', 'ephemeral-storage': '10Mi' }
  assert.deepEqual(wholePodOf(pod, []), {
    allocatedResources: requests,
    resources: { limits: { cpu: '400m', memory: '66Mi' }, requests },
  })
})

test('what is said of the pod stands for its containers, and the runtime takes more', () => {
  const pod = podOf({
    resources: { requests: { cpu: '1' }, limits: { memory: '1Gi' } },
    overhead: { cpu: '250m', memory: '64Mi' },
    containers: [c('a', { cpu: '3', memory: '100Mi' }), c('b', { memory: '28Mi' })],
  })
  const requests = { cpu: '1250m', memory: '192Mi' }
  assert.deepEqual(wholePodOf(pod, []), {
    allocatedResources: requests,
    resources: { limits: { memory: '1088Mi' }, requests },
  })
})

test('while containers are resized it has what they have', () => {
  const pod = podOf({ containers: [c('a', { cpu: '2' }, { cpu: '2' }), c('b', { cpu: '1' })] })
  const statuses = [
    { name: 'a', resources: { requests: { cpu: '500m' }, limits: { cpu: '1' } } },
  ] as unknown as ApiContainerStatus[]
  assert.deepEqual(wholePodOf(pod, statuses), {
    allocatedResources: { cpu: '3' },
    resources: { limits: { cpu: '1' }, requests: { cpu: '1500m' } },
  })
})
