/** Judges a life: at every change, that nothing oversteps what it may; at its end, that all is as it should be. */
import { daemonSet } from '#api/apps/v1/daemon-set.ts'
import { deployment } from '#api/apps/v1/deployment.ts'
import { replicaSet } from '#api/apps/v1/replica-set.ts'
import { statefulSet } from '#api/apps/v1/stateful-set.ts'
import { horizontalPodAutoscaler } from '#api/autoscaling/v2/horizontal-pod-autoscaler.ts'
import { job } from '#api/batch/v1/job.ts'
import { configMap } from '#api/core/v1/config-map.ts'
import { endpoints } from '#api/core/v1/endpoints.ts'
import { namespace } from '#api/core/v1/namespace.ts'
import { node } from '#api/core/v1/node.ts'
import { persistentVolume } from '#api/core/v1/persistent-volume.ts'
import { persistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import { type Pod, pod } from '#api/core/v1/pod/pod.ts'
import { replicationController } from '#api/core/v1/replication-controller.ts'
import { resourceQuota } from '#api/core/v1/resource-quota.ts'
import { secret } from '#api/core/v1/secret.ts'
import { serviceAccount } from '#api/core/v1/service-account.ts'
import { endpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import type { AnyKind } from '#api/machinery/kind.ts'
import { podDisruptionBudget } from '#api/policy/v1/pod-disruption-budget.ts'
import { clusterRole } from '#api/rbac/v1/cluster-role.ts'
import { resourceClaim } from '#api/resource/v1/resource-claim.ts'
import { volumeAttributesClass } from '#api/storage/v1/volume-attributes-class.ts'
import type { Client } from '#client/client.ts'
import type { Informers } from '#client/informer.ts'
import { isFinished } from '../../runner/pods.ts'
import type { Loose } from '../test-world.ts'

/** The most pods of an app at a time, and the fewest that are ready once all have been. */
interface Bounds {
  readonly most?: number
  readonly fewest?: number
  readonly whole?: number
}

const BOUNDS: Readonly<Record<string, Bounds>> = {
  web: { fewest: 2, whole: 3 },
  old: { most: 3 },
  db: { most: 3, fewest: 2, whole: 3 },
  once: { most: 2 },
  // Two nodes, and two for a while.
  agent: { most: 4 },
  clock: { most: 3 },
}

/** Looks at every change of a pod; gives the list of complaints that it fills. */
export function watchOver(informers: Informers): string[] {
  const complaints: string[] = []
  const whole = new Set<string>()
  const pods = informers.for(pod)
  const look = ({ metadata: { labels = {} } }: Pod) => {
    const app = labels.app ?? ''
    const bounds = BOUNDS[app]
    if (!bounds) return
    const active = pods
      .list('default')
      .filter(found => found.metadata.labels?.app === app && isActive(found))
    if (active.length > (bounds.most ?? active.length))
      complaints.push(`${active.length} pods of ${app} at once, not ${bounds.most}`)
    const ready = active.filter(isReady).length
    if (ready === bounds.whole) whole.add(app)
    if (whole.has(app) && ready < (bounds.fewest ?? 0))
      complaints.push(`${ready} ready pods of ${app}, not ${bounds.fewest}`)
  }
  pods.subscribe({ changed: look, deleted: look })
  watchSurge(informers, complaints)
  return complaints
}

/** Counted as upstream counts it, by the sizes that sets are given: pods of a set that shrinks go a moment later. */
function watchSurge(informers: Informers, complaints: string[]): void {
  const sets = informers.for(replicaSet)
  sets.subscribe({
    changed() {
      const own = sets.list('default').filter(({ metadata }) => metadata.labels?.app === 'web')
      const sum = own.reduce((total, { spec }) => total + (spec.replicas ?? 0), 0)
      if (sum > WEB_WITH_SURGE) complaints.push(`sets of web have ${sum} replicas`)
    },
  })
}

const WEB_WITH_SURGE = 4

const isActive = (found: Pod) => !found.metadata.deletionTimestamp && !isFinished(found)
const isReady = ({ status }: Pod) =>
  status.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True')

/** What of each kind must be the same at the end of every life; undefined for what need not be. */
const FORMS: readonly [AnyKind, (object: Loose) => unknown][] = [
  [deployment, ({ status }) => counts(status)],
  [replicaSet, ({ spec, metadata }) => spec.replicas && [owner(metadata), spec.replicas]],
  [replicationController, ({ status }) => counts(status)],
  [statefulSet, ({ status }) => [counts(status), status.currentRevision === status.updateRevision]],
  [daemonSet, ({ status }) => [status.numberReady, status.updatedNumberScheduled]],
  [job, ({ metadata, status }) => [owner(metadata), status.succeeded, conditions(status)]],
  [
    pod,
    ({ metadata, spec, status }) => [
      metadata.labels?.app,
      owner(metadata),
      spec.containers[0].image,
      status.phase,
      metadata.deletionTimestamp && 'ending',
    ],
  ],
  [
    endpointSlice,
    ({ metadata, endpoints: found }) => [
      metadata.labels['kubernetes.io/service-name'],
      found?.map((each: Loose) => each.conditions?.ready),
    ],
  ],
  [endpoints, ({ subsets }) => subsets?.map((each: Loose) => each.addresses?.length)],
  [configMap, ({ data }) => Object.keys(data ?? {})],
  [secret, () => true],
  [resourceClaim, ({ metadata }) => owner(metadata)],
  [persistentVolume, ({ metadata, status }) => [status.phase, metadata.finalizers]],
  [volumeAttributesClass, () => true],
  [horizontalPodAutoscaler, ({ status }) => status.currentReplicas],
  [namespace, ({ status }) => status.phase],
  [serviceAccount, () => true],
  [resourceQuota, ({ status }) => status.used],
  [
    podDisruptionBudget,
    ({ status }) => [status.currentHealthy, status.desiredHealthy, status.disruptionsAllowed],
  ],
  [persistentVolumeClaim, ({ status, spec }) => [status.phase, spec.volumeName]],
  [clusterRole, ({ metadata, rules }) => metadata.name === 'whole' && rules],
  [
    node,
    ({ metadata, spec }) => [
      metadata.annotations?.['node.alpha.kubernetes.io/ttl'],
      Boolean(spec.podCIDR),
      spec.taints,
    ],
  ],
]

const counts = ({ replicas, readyReplicas, updatedReplicas, availableReplicas }: Loose) => [
  replicas,
  readyReplicas,
  updatedReplicas,
  availableReplicas,
]
const owner = ({ ownerReferences }: Loose) =>
  ownerReferences?.find((each: Loose) => each.controller)?.kind
const conditions = ({ conditions: found }: Loose) => found?.map(({ type }: Loose) => type)

/** The state in lines that do not depend on names, times and addresses that were given out. */
export async function stateOf(client: Client): Promise<string[]> {
  const lines: string[] = []
  for (const [kind, formOf] of FORMS)
    for (const object of (await client.list(kind)).items) {
      const form = formOf(object)
      if (!form) continue
      const { name, namespace = '', generateName, ownerReferences } = (object as Loose).metadata
      const isMade = generateName || ownerReferences
      lines.push([kind.kind, namespace, isMade ? 'made' : name, JSON.stringify(form)].join(' '))
    }
  return lines.sort()
}

/** Whatever says that somebody controls it has that somebody. */
export async function orphansIn(client: Client): Promise<string[]> {
  const all: Loose[] = []
  for (const [kind] of FORMS) all.push(...(await client.list(kind)).items)
  const uids = new Set(all.map(({ metadata }) => metadata.uid))
  return all.flatMap(({ kind, metadata }) =>
    (metadata.ownerReferences ?? []).flatMap(({ uid, kind: ownerKind, name }: Loose) =>
      uids.has(uid) || !KNOWN.has(ownerKind)
        ? []
        : [`${kind} ${metadata.name} is left of ${ownerKind} ${name}`],
    ),
  )
}

const KNOWN: ReadonlySet<string> = new Set(FORMS.map(([kind]) => kind.kind))
