/** Volumes, claims and classes as short as tests can have them. */
import type { Pod } from '#api/core/v1/pod/pod.ts'
import { podOf } from './world.ts'

export const claimOf = (name: string, more: object = {}, annotations: object = {}) => ({
  metadata: { name, namespace: 'a', uid: name, annotations, resourceVersion: '1' },
  spec: {
    storageClassName: 'late',
    accessModes: ['ReadWriteOnce'],
    resources: { requests: { storage: '1Gi' } },
    ...more,
  },
  status: {},
})

export const boundClaimOf = (name: string, volumeName: string, more: object = {}) =>
  claimOf(name, { volumeName, ...more }, { 'pv.kubernetes.io/bind-completed': 'yes' })

export const volumeOf = (name: string, more: object = {}, labels: object = {}) => ({
  metadata: { name, labels, resourceVersion: '1' },
  spec: {
    storageClassName: 'late',
    accessModes: ['ReadWriteOnce'],
    capacity: { storage: '1Gi' },
    ...more,
  },
  status: { phase: 'Available' },
})

/** Node affinity of a volume that only nodes with one of these names can reach. */
export const reachableFrom = (...values: string[]) => ({
  nodeAffinity: {
    required: {
      nodeSelectorTerms: [
        { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values }] },
      ],
    },
  },
})

export const classNamed = (name: string, more: object = {}) => ({
  metadata: { name },
  provisioner: 'kubernetes.io/no-provisioner',
  volumeBindingMode: 'WaitForFirstConsumer',
  ...more,
})

export function podWithClaims(name: string, ...claims: string[]): Pod {
  const volumes = claims.map(claimName => ({
    name: claimName,
    persistentVolumeClaim: { claimName },
  }))
  return podOf(name, { volumes } as never)
}
