/** The status of an object on the host, put together from those of its copies. */
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import { type Fields, fieldsOf, replicasOf, statusOf } from './fields.ts'

/** One copy, as its cluster tells of it. */
export interface Copy {
  readonly object: KubernetesObject
}

export interface Gathered {
  /** On the host. */
  readonly object: KubernetesObject
  readonly copies: readonly Copy[]
  /** All clusters that are to have one do, as it is wished now. */
  readonly isSettled: boolean
  readonly now: string
}

/** The fields of status to be written; others are left alone. */
export type Gather = (of: Gathered) => Fields

function sums(copies: readonly Copy[], fields: readonly string[]): Record<string, number> {
  const sum = (field: string) =>
    copies.reduce((total, { object }) => total + Number(statusOf(object)[field] ?? 0), 0)
  return Object.fromEntries(fields.map(field => [field, sum(field)]))
}

/** Clients wait for this generation: only when no cluster is behind has anybody seen it. */
function observedGeneration({ object, isSettled }: Gathered): Fields {
  const before = statusOf(object).observedGeneration
  const generation = isSettled ? object.metadata.generation : before
  return generation === undefined ? {} : { observedGeneration: generation }
}

export const gatherDeployment: Gather = of => {
  const fields = [
    'replicas',
    'updatedReplicas',
    'readyReplicas',
    'availableReplicas',
    'unavailableReplicas',
  ]
  const { availableReplicas = 0, ...counts } = sums(of.copies, fields)
  const wanted = replicasOf(of.object)
  const isAvailable =
    of.isSettled && of.copies.every(({ object }) => hasCondition(object, 'Available'))
  const available = isAvailable
    ? { reason: 'MinimumReplicasAvailable', message: 'Deployment has minimum availability.' }
    : {
        reason: 'MinimumReplicasUnavailable',
        message: 'Deployment does not have minimum availability.',
      }
  const isNone = of.copies.length === 0 && wanted > 0
  return {
    ...observedGeneration(of),
    ...counts,
    availableReplicas,
    conditions: [
      conditionAfter(of, { type: 'Available', isTrue: isAvailable && !isNone, ...available }),
    ],
  }
}

export const gatherReplicaSet: Gather = of => ({
  ...observedGeneration(of),
  ...sums(of.copies, ['replicas', 'fullyLabeledReplicas', 'readyReplicas', 'availableReplicas']),
})

export const gatherStatefulSet: Gather = of => ({
  ...observedGeneration(of),
  ...sums(of.copies, [
    'replicas',
    'readyReplicas',
    'currentReplicas',
    'updatedReplicas',
    'availableReplicas',
  ]),
  ...revisionsOf(of.copies),
})

/** The same template has the same revision in every cluster; where they differ, there is none to tell. */
function revisionsOf(copies: readonly Copy[]): Fields {
  const same = (field: string) => {
    const values = new Set(copies.map(({ object }) => statusOf(object)[field]))
    const [value] = values
    return values.size === 1 && typeof value === 'string' ? { [field]: value } : {}
  }
  return { ...same('currentRevision'), ...same('updateRevision') }
}

export const gatherDaemonSet: Gather = of => ({
  ...observedGeneration(of),
  ...sums(of.copies, [
    'currentNumberScheduled',
    'numberMisscheduled',
    'desiredNumberScheduled',
    'numberReady',
    'updatedNumberScheduled',
    'numberAvailable',
    'numberUnavailable',
  ]),
})

export const gatherHorizontalPodAutoscaler: Gather = of => ({
  ...observedGeneration(of),
  ...sums(of.copies, ['currentReplicas', 'desiredReplicas']),
})

/** A job that is over stays as it ended, whatever becomes of its copies. */
export const gatherJob: Gather = of => {
  if (isOver(of.object)) return {}
  const {
    active = 0,
    ready = 0,
    ...ended
  } = sums(of.copies, ['active', 'ready', 'succeeded', 'failed'])
  const times = (field: string) =>
    of.copies
      .map(({ object }) => statusOf(object)[field])
      .filter(time => typeof time === 'string')
      .sort()
  const startTime = times('startTime')[0]
  const started = startTime === undefined ? {} : { startTime }
  const failed = of.copies.find(({ object }) => hasCondition(object, 'Failed'))
  const isComplete =
    of.isSettled &&
    of.copies.length > 0 &&
    of.copies.every(({ object }) => hasCondition(object, 'Complete'))
  if (isComplete)
    return {
      ...ended,
      ...started,
      active: 0,
      ready: 0,
      completionTime: times('completionTime').at(-1) ?? of.now,
      conditions: ['SuccessCriteriaMet', 'Complete'].map(type =>
        conditionAfter(of, {
          type,
          isTrue: true,
          reason: 'CompletionsReached',
          message: 'Reached expected number of succeeded pods',
        }),
      ),
    }
  // What runs elsewhere is still to end.
  if (failed && of.copies.every(({ object }) => isOver(object)))
    return {
      ...ended,
      ...started,
      active: 0,
      ready: 0,
      conditions: ['FailureTarget', 'Failed'].map(type => {
        const { reason, message } = conditionOf(failed.object, 'Failed') ?? {}
        return conditionAfter(of, {
          type,
          isTrue: true,
          reason: String(reason ?? ''),
          message: String(message ?? ''),
        })
      }),
    }
  return { ...ended, ...started, active, ready: Math.min(ready, active) }
}

export const isOver = (object: KubernetesObject): boolean =>
  hasCondition(object, 'Complete') || hasCondition(object, 'Failed')

/** Addresses by which clients reach any of the copies. */
export const gatherLoadBalancer: Gather = ({ copies }) => ({
  loadBalancer: {
    ingress: copies.flatMap(({ object }) => {
      const { ingress } = fieldsOf(statusOf(object).loadBalancer)
      return Array.isArray(ingress) ? ingress : []
    }),
  },
})

function conditionOf(object: KubernetesObject, type: string): Fields | undefined {
  const { conditions } = statusOf(object)
  if (!Array.isArray(conditions)) return undefined
  return conditions.map(fieldsOf).find(condition => condition.type === type)
}

const hasCondition = (object: KubernetesObject, type: string): boolean =>
  conditionOf(object, type)?.status === 'True'

interface Said {
  readonly type: string
  readonly isTrue: boolean
  readonly reason: string
  readonly message: string
}

/** Times move on only with the status. */
function conditionAfter({ object, now }: Gathered, { isTrue, ...said }: Said): Fields {
  const status = isTrue ? 'True' : 'False'
  const before = conditionOf(object, said.type)
  const isSame = before?.status === status
  const times = Object.fromEntries(
    (object.kind === 'Job'
      ? ['lastProbeTime', 'lastTransitionTime']
      : ['lastUpdateTime', 'lastTransitionTime']
    ).map(field => [field, isSame ? (before?.[field] ?? now) : now]),
  )
  return { status, ...said, ...times }
}
