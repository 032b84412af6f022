/** All controllers through lives in which everything goes wrong that may: the end is that of a calm life, and nothing oversteps on the way. */
import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { controllers } from './controllers.ts'
import type { Controller, Outcome, Write } from './runner/controller.ts'
import { type Life, live } from './testing/lives/life.ts'
import type { Plant } from './testing/lives/managers.ts'

/** More of them by LIVES=50. */
const SEEDS = Number(process.env.LIVES ?? 3)
/** Its stories are told in this order wherever lives are compared with it. */
const SEED = 3

let calm: Life
before(async () => {
  calm = await live({ seed: SEED, isStormy: false })
})

for (let seed = 1; seed <= SEEDS; seed++)
  test(`a life of storms ends as a calm one, seed ${seed}`, async () => {
    const storm = await live({ seed, isStormy: true })
    assert.ok(storm.deaths > 0, 'managers died on the way')
    assert.deepEqual(storm.complaints, [])
    assert.deepEqual(storm.end, calm.end, 'whatever the order of stories')
  })

test('a seed always is the same life', async () => {
  const again = await live({ seed: SEED, isStormy: false })
  assert.deepEqual(again, calm)
})

test('in a calm life no controller goes round in circles', () => {
  assert.deepEqual(calm.complaints, [])
  assert.ok(calm.reconciles < 4000, `${calm.reconciles} looks at keys`)
})

const without =
  (...names: readonly string[]): Plant =>
  controller =>
    names.includes(controller.name)
      ? { ...controller, reconcile: () => ({ writes: [] }) }
      : controller

/** Ends otherwise, oversteps, or keeps users from going on. */
async function isCaught(plant: Plant, isStormy = false): Promise<boolean> {
  const life = await live({ seed: SEED, isStormy, plant }).catch(() => undefined)
  if (!life) return true
  return life.complaints.length > 0 || life.end.join('\n') !== calm.end.join('\n')
}

/** Controllers that others build upon: each is missed in a life of its own. */
const FOUNDATIONS = [
  'serviceaccount-controller',
  'deployment-controller',
  'replicaset-controller',
  'replicationcontroller-controller',
  'statefulset-controller',
  'daemonset-controller',
  'job-controller',
  'garbage-collector-controller',
  'node-lifecycle-controller',
]
/** Controllers that do something of their own, and the line at the end by which each is missed. */
const WITNESSES: Readonly<Record<string, RegExp>> = {
  'root-ca-certificate-publisher-controller': /^ConfigMap kept kube-root-ca.crt/,
  'node-ipam-controller': /^Node {2}node-0/,
  'horizontal-pod-autoscaler-controller': /^Deployment default scaled \[2/,
  'ephemeral-volume-controller': /^PersistentVolumeClaim default made/,
  'persistentvolume-binder-controller': /^PersistentVolume {2}disk \["Bound"/,
  'resourceclaim-controller': /^ResourceClaim default made/,
  'persistentvolumeclaim-protection-controller': /^PersistentVolumeClaim default used/,
  'persistentvolume-protection-controller': /^PersistentVolume {2}spare/,
  'volumeattributesclass-protection-controller': /^VolumeAttributesClass {2}gold/,
  'endpointslice-controller': /^EndpointSlice default made \["web"/,
  'endpoints-controller': /^Endpoints default web/,
  'endpointslice-mirroring-controller': /^EndpointSlice default made \["manual"/,
  'taint-eviction-controller': /^Pod default driven/,
  'cronjob-controller': /^Job default made \["CronJob"/,
  'ttl-after-finished-controller': /^Job default forgotten/,
  'resourcequota-controller': /^ResourceQuota default quota/,
  'disruption-controller': /^PodDisruptionBudget default web/,
  'clusterrole-aggregation-controller': /^ClusterRole {2}whole/,
  'ttl-controller': /^Node {2}node-0/,
  'bootstrap-signer-controller': /^ConfigMap kube-public cluster-info .*jws-kubeconfig-abcdef/,
  'token-cleaner-controller': /^Secret kube-system bootstrap-token-bygone/,
  'namespace-controller': /^Namespace {2}space "Terminating"/,
  'pod-garbage-collector-controller': /^Pod default stray/,
}
/** What they do needs a driver, a disk, a signer, somebody who asks for it, or an hour; they are tried beside their own files. */
const ELSEWHERE = [
  'serviceaccount-token-controller',
  'legacy-serviceaccount-token-cleaner-controller',
  'persistentvolume-attach-detach-controller',
  'selinux-warning-controller',
  'service-cidr-controller',
  'storage-version-migrator-controller',
  'validatingadmissionpolicy-status-controller',
  'local-path-provisioner-controller',
  'service-lb-controller',
  'persistentvolume-expander-controller',
  'device-taint-eviction-controller',
  'podgroup-protection-controller',
  'certificatesigningrequest-approving-controller',
  'certificatesigningrequest-signing-controller',
  'certificatesigningrequest-cleaner-controller',
  'podcertificaterequest-cleaner-controller',
  'kube-apiserver-serving-clustertrustbundle-publisher-controller',
]

test('each controller is missed where it does nothing', async () => {
  const known = [...FOUNDATIONS, ...Object.keys(WITNESSES), ...ELSEWHERE]
  const names = controllers.map(({ name }) => name)
  assert.deepEqual(
    names.filter(name => !known.includes(name)),
    [],
    'tell how a new controller is missed',
  )
  const idle = await live({
    seed: SEED,
    isStormy: false,
    plant: without(...Object.keys(WITNESSES)),
  })
  const different = [
    ...calm.end.filter(line => !idle.end.includes(line)),
    ...idle.end.filter(line => !calm.end.includes(line)),
  ]
  for (const [name, witness] of Object.entries(WITNESSES))
    assert.ok(
      different.some(line => witness.test(line)),
      `${name} is not missed`,
    )
  for (const name of FOUNDATIONS) assert.ok(await isCaught(without(name)), `${name} is not missed`)
})

/** A controller whose outcomes are changed on their way. */
const spoiled =
  (name: string, spoil: (write: Write, key: string) => readonly Write[]): Plant =>
  controller => {
    if (controller.name !== name) return controller
    const reconcile: Controller['reconcile'] = async (key, failure) => {
      const outcome: Outcome = await controller.reconcile(key, failure)
      const writes = outcome.writes.flatMap((write): Outcome['writes'] =>
        write.verb === 'batch'
          ? [{ ...write, writes: write.writes.flatMap(each => spoil(each, key)) }]
          : spoil(write, key),
      )
      return { ...outcome, writes }
    }
    return { ...controller, reconcile }
  }

/** One of each family, as they were made in controllers before. */
const DEFECTS: Readonly<Record<string, { plant: Plant; isStormy?: boolean }>> = {
  'a replication controller decides anew before it sees the pods that it made': {
    plant: controller =>
      controller.name === 'replicationcontroller-controller'
        ? { ...controller, views: [] }
        : controller,
    isStormy: true,
  },
  'a deployment takes more than its surge': {
    plant: spoiled('deployment-controller', write => {
      if (write.verb !== 'update' || write.subresource) return [write]
      const { spec } = write.object as unknown as { spec: { replicas?: number } }
      const isGrown = write.kind.kind === 'ReplicaSet' && spec.replicas === 1
      return [
        isGrown ? { ...write, object: { ...write.object, spec: { ...spec, replicas: 3 } } } : write,
      ]
    }),
  },
  'a stateful set replaces all pods at once': {
    plant: spoiled('statefulset-controller', write =>
      write.verb === 'delete'
        ? ['db-0', 'db-1', 'db-2'].map(name => ({
            ...write,
            object: { ...write.object, metadata: { name, namespace: 'default' } },
          }))
        : [write],
    ),
  },
  'a daemon set forgets old pods': {
    plant: spoiled('daemonset-controller', write => (write.verb === 'delete' ? [] : [write])),
  },
  'a job makes every pod twice': {
    plant: spoiled('job-controller', write => (write.verb === 'create' ? [write, write] : [write])),
  },
  'slices are made but not brought up to date': {
    plant: spoiled('endpointslice-controller', write => (write.verb === 'update' ? [] : [write])),
  },
  'pods of a node that is gone are failed, but left': {
    plant: spoiled('pod-garbage-collector-controller', write =>
      write.verb === 'delete' ? [] : [write],
    ),
  },
}

for (const [defect, { plant, isStormy = false }] of Object.entries(DEFECTS))
  test(`caught: ${defect}`, async () => {
    assert.ok(await isCaught(plant, isStormy))
  })
