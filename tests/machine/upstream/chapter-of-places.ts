/** Chapters about where volumes can be: pods and volumes that wait for each other, reach of volumes, limits of nodes. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { ApiEnd } from '../etcd/servers.ts'
import {
  attachAllOf,
  CLAIMS,
  claim,
  csi,
  DRIVER,
  detach,
  isAsked,
  isGone,
  isPhase,
  isRefused,
  isScheduled,
  isTold,
  merge,
  NODES,
  onNode,
  PLACE,
  PODS,
  pod,
  podSpec,
  provision,
  STORAGE,
  using,
  VOLUMES,
  volume,
} from './volume-objects.ts'

const inZone = (...values: readonly string[]) => ({
  nodeAffinity: {
    required: {
      nodeSelectorTerms: [{ matchExpressions: [{ key: 'zone', operator: 'In', values }] }],
    },
  },
})

/** A view may be late by as much as another watch is quicker. */
const heard = () => sleep(700)

/** Nodes `a`, `b` and `c`, in zones of these names. */
export async function labelNodes(api: ApiEnd): Promise<void> {
  for (const [index, zone] of ['a', 'b', 'c'].entries())
    await merge(api, `${NODES}/node-${index}`, { metadata: { labels: { zone } } })
  await heard()
}

/** Volumes whose place follows from their first pod. */
export async function consume(api: ApiEnd): Promise<void> {
  await labelNodes(api)
  await claim(api, 'lonely', { storageClassName: 'late' })
  await claim(api, 'delayed', { storageClassName: 'late' })
  await claim(api, 'zoned', { storageClassName: 'zoned' })
  await claim(api, 'nowhere', { storageClassName: 'zoned' })
  await claim(api, 'retried', { storageClassName: 'late' })
  await volume(api, 'local-a', {
    local: { path: '/disk' },
    storageClassName: 'local',
    ...inZone('a'),
  })
  await volume(api, 'local-b', {
    local: { path: '/disk' },
    storageClassName: 'local',
    capacity: { storage: '5Gi' },
    ...inZone('b'),
  })
  await claim(api, 'local', { storageClassName: 'local' })
  await claim(api, 'no-local', { storageClassName: 'local', accessModes: ['ReadOnlyMany'] })
  for (const name of ['local-a', 'local-b']) await isPhase(api, `${VOLUMES}/${name}`, 'Available')
  await heard()
  await pod(api, 'delayed', { ...using('delayed'), ...onNode('node-1') })
  await provision(api, 'delayed', inZone('b'))
  await isScheduled(api, 'delayed')
  await pod(api, 'zoned', { ...using('zoned'), ...onNode('node-2') })
  await provision(api, 'zoned', inZone('c'))
  await isScheduled(api, 'zoned')
  await pod(api, 'nowhere', { ...using('nowhere'), ...onNode('node-0') })
  await isRefused(api, 'nowhere', /./)
  await pod(api, 'local', { ...using('local'), ...onNode('node-1') })
  await isScheduled(api, 'local')
  await pod(api, 'no-local', using('no-local'))
  await isRefused(api, 'no-local', /./)
  await pod(api, 'immediate', using('slow', 'unknown'))
  await isRefused(api, 'immediate', /unbound immediate/)
  await pod(api, 'late-and-now', using('lonely', 'unknown'))
  await isRefused(api, 'late-and-now', /unbound immediate/)
  await pod(api, 'far', { ...using('delayed'), ...onNode('node-0') })
  await isRefused(api, 'far', /conflict|affinity/)
  // Upstream looks at claims that wait every quarter of a minute.
  for (const name of ['nowhere', 'no-local', 'lonely'])
    await isTold(api, 'WaitForPodScheduled', name)
  // A provisioner that cannot make it there takes the mark off.
  await pod(api, 'retried', { ...using('retried'), ...onNode('node-0') })
  await isAsked(api, 'retried', 'selected-node')
  await merge(api, `${CLAIMS}/retried`, {
    metadata: { annotations: { 'volume.kubernetes.io/selected-node': null } },
  })
  await isAsked(api, 'retried', 'selected-node')
  await provision(api, 'retried', inZone('a'))
  await isScheduled(api, 'retried')
  await attachAllOf(api, 'zoned', 'retried')
}

/** Claims that are made for a pod, and such as only have the name. */
export async function passBy(api: ApiEnd): Promise<void> {
  const scratch = (storageClassName: string) => ({
    volumes: [
      {
        name: 'scratch',
        ephemeral: {
          volumeClaimTemplate: {
            metadata: { labels: { scratch: 'yes' }, annotations: { note: 'brief' } },
            spec: {
              accessModes: ['ReadWriteOnce'],
              storageClassName,
              resources: { requests: { storage: '1Gi' } },
            },
          },
        },
      },
    ],
  })
  await claim(api, 'robbed-scratch', { storageClassName: 'late' })
  await pod(api, 'brief', { ...scratch('late'), ...onNode('node-0') })
  await provision(api, 'brief-scratch', inZone('a'))
  await isScheduled(api, 'brief')
  await attachAllOf(api, 'brief')
  await pod(api, 'quick', { ...scratch('now'), ...onNode('node-1') })
  await provision(api, 'quick-scratch')
  await isScheduled(api, 'quick')
  await pod(api, 'robbed', scratch('late'))
  await isRefused(api, 'robbed', /was not created for pod/)
  await attachAllOf(api, 'quick')
  await api.want('DELETE', `${PODS}/quick`)
  await isGone(api, `${CLAIMS}/quick-scratch`)
  await isPhase(api, `${VOLUMES}/made-quick-scratch`, 'Released')
  await detach(api, 'made-quick-scratch', 'node-1')
}

/** A node that takes two of a driver's volumes. */
export async function reachLimits(api: ApiEnd): Promise<void> {
  const limits = (count: number | undefined) => [
    {
      name: DRIVER,
      nodeID: 'zero',
      topologyKeys: ['zone'],
      ...(count ? { allocatable: { count } } : {}),
    },
    { name: 'other.example.com', nodeID: '0', allocatable: { count: 1 } },
  ]
  // Whatever happens to any volume, they would be tried again, and no more than so many Events are told of a pod.
  for (const name of ['far', 'nowhere', 'no-local']) await api.want('DELETE', `${PODS}/${name}`)
  const names = ['limit-1', 'limit-2', 'limit-3', 'limit-4']
  for (const name of names) {
    await volume(api, name, { ...csi(name), claimRef: { namespace: PLACE, name } })
    await claim(api, name, { volumeName: name })
  }
  await claim(api, 'limit-new', { storageClassName: 'late' })
  for (const name of names) await isPhase(api, `${CLAIMS}/${name}`, 'Bound')
  await api.want('POST', `${STORAGE}/csinodes`, {
    metadata: { name: 'node-0' },
    spec: { drivers: limits(4) },
  })
  await heard()
  // Two are there already.
  for (const name of ['limit-1', 'limit-2']) {
    await pod(api, name, { ...using(name), ...onNode('node-0') })
    await isScheduled(api, name)
  }
  // Upstream tells those that were there when attaching began.
  await attachAllOf(api, 'limit-1', 'limit-2')
  await isTold(api, 'SuccessfulAttachVolume', 'limit-1')
  await pod(api, 'limit-3', { ...using('limit-3'), ...onNode('node-0') })
  await isRefused(api, 'limit-3', /exceed max volume count/)
  await pod(api, 'limit-new', { ...using('limit-new'), ...onNode('node-0') })
  await isRefused(api, 'limit-new', /exceed max volume count/)
  // One that is there needs no more room.
  await pod(api, 'limit-again', { ...using('limit-1'), ...onNode('node-0') })
  await isScheduled(api, 'limit-again')
  await api.want('DELETE', `${PODS}/limit-new`)
  await merge(api, `${STORAGE}/csinodes/node-0`, { spec: { drivers: limits(5) } })
  await isScheduled(api, 'limit-3')
  await pod(api, 'limit-4', { ...using('limit-4'), ...onNode('node-0') })
  await isRefused(api, 'limit-4', /exceed max volume count/)
  await attachAllOf(api, 'limit-3')
}

/** A claim that one pod alone may use. */
export async function useAlone(api: ApiEnd): Promise<void> {
  await api.want('POST', '/apis/scheduling.k8s.io/v1/priorityclasses', {
    metadata: { name: 'volumes-high' },
    value: 1000,
  })
  const alone = (name: string, more: object = {}) =>
    api.want('POST', PODS, {
      metadata: { name, labels: { app: name } },
      spec: podSpec({ ...using('pod-alone'), ...onNode('node-1'), ...more }),
    })
  await alone('alone-1')
  await isScheduled(api, 'alone-1')
  await attachAllOf(api, 'alone-1')
  await isTold(api, 'SuccessfulAttachVolume', 'alone-1')
  await alone('alone-2', { priorityClassName: 'volumes-high' })
  await isScheduled(api, 'alone-2')
  await isGone(api, `${PODS}/alone-1`)
  await alone('alone-3')
  await isRefused(api, 'alone-3', /ReadWriteOncePod/)
  await api.want('DELETE', '/apis/scheduling.k8s.io/v1/priorityclasses/volumes-high')
}

/** Where drivers tell of their room. */
export async function makeRoom(api: ApiEnd): Promise<void> {
  const ROOMY = 'roomy.example.com'
  const CAPACITIES = `${STORAGE}/namespaces/${PLACE}/csistoragecapacities`
  await api.want('POST', `${STORAGE}/csidrivers`, {
    metadata: { name: ROOMY },
    spec: { attachRequired: false, storageCapacity: true },
  })
  await api.want('POST', `${STORAGE}/storageclasses`, {
    metadata: { name: 'roomy' },
    provisioner: ROOMY,
    volumeBindingMode: 'WaitForFirstConsumer',
  })
  const room = (name: string, zone: string, capacity: string) =>
    api.want('POST', CAPACITIES, {
      metadata: { name },
      storageClassName: 'roomy',
      nodeTopology: { matchLabels: { zone } },
      capacity,
    })
  await room('narrow', 'a', '500Mi')
  await claim(api, 'roomy', { storageClassName: 'roomy' })
  await heard()
  await pod(api, 'roomy', using('roomy'))
  await isRefused(api, 'roomy', /enough free storage/)
  await room('wide', 'c', '5Gi')
  await provision(api, 'roomy')
  await isScheduled(api, 'roomy')
}
