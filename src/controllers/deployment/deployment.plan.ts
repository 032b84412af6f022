/**
 * The state that one look at a Deployment works on: its ReplicaSets with the sizes that they are to have. Steps change the
 * plan; at the end the differences to what is stored become writes.
 */
import type { Deployment, DeploymentCondition } from '#api/apps/v1/deployment.ts'
import { type ReplicaSet, replicaSet } from '#api/apps/v1/replica-set.ts'
import type { Pod } from '#api/core/v1/pod/pod.ts'
import type { Write } from '../runner/controller.ts'
import { safeHash } from '../runner/hash.ts'
import { canonical } from '../runner/json.ts'
import { share } from '../runner/share.ts'

export const REVISION = 'deployment.kubernetes.io/revision'
export const REVISION_HISTORY = 'deployment.kubernetes.io/revision-history'
export const DESIRED_REPLICAS = 'deployment.kubernetes.io/desired-replicas'
export const MAX_REPLICAS = 'deployment.kubernetes.io/max-replicas'
export const TEMPLATE_HASH = 'pod-template-hash'

export interface DeploymentWorld {
  readonly deployment: Deployment
  /** Sets that the Deployment controls, and orphans in its namespace. */
  readonly candidates: readonly ReplicaSet[]
  readonly podsOf: (set: ReplicaSet) => readonly Pod[]
  /** Any set of the namespace, to tell a name that is taken. */
  readonly setNamed: (name: string) => ReplicaSet | undefined
  readonly nowMs: number
}

/** A set and the size that it is to have. */
export interface SetPlan {
  readonly set: ReplicaSet
  replicas: number
  annotations: Record<string, string>
  minReadySeconds?: number
}

export interface Plan {
  readonly deployment: Deployment
  readonly world: DeploymentWorld
  /** The set of the present template. */
  current: SetPlan | undefined
  /** Its name where this look makes it. */
  made?: string
  /** All other sets, oldest first. */
  readonly old: SetPlan[]
  /** Conditions as they are to be; steps that have something to tell change them. */
  conditions: readonly DeploymentCondition[]
  collisionCount: number | undefined
  /** The number of the present template, where the Deployment does not say it yet. */
  newRevision?: string
  readonly writes: Write[]
}

export function allSets(plan: Plan): SetPlan[] {
  return plan.current ? [...plan.old, plan.current] : [...plan.old]
}

export const sizeOf = (set: ReplicaSet) => set.spec.replicas ?? 1
export const total = (sets: readonly SetPlan[]) => sets.reduce((sum, set) => sum + set.replicas, 0)
export const availableIn = (sets: readonly SetPlan[]) =>
  sets.reduce((sum, { set }) => sum + (set.status.availableReplicas ?? 0), 0)

export const wantedReplicas = (object: Deployment) => object.spec.replicas ?? 1
export const isRollingUpdate = (object: Deployment) => object.spec.strategy.type !== 'Recreate'

/** How many pods may be above and below the wanted number during a roll-out. Never both 0, or nothing could move. */
export function limitsOf(object: Deployment): { surge: number; unavailable: number } {
  if (!isRollingUpdate(object)) return { surge: 0, unavailable: 0 }
  const { maxSurge = '25%', maxUnavailable = '25%' } = object.spec.strategy.rollingUpdate ?? {}
  const replicas = wantedReplicas(object)
  const surge = share(maxSurge, replicas, Math.ceil)
  const unavailable = share(maxUnavailable, replicas, Math.floor)
  if (surge === 0 && unavailable === 0) return { surge: 0, unavailable: 1 }
  return { surge, unavailable: Math.min(unavailable, replicas) }
}

const templates = new WeakMap<object, string>()

/** Equal for templates that make the same pods: everything but the hash label that tells sets apart. */
export function templateText(template: ReplicaSet['spec']['template']): string {
  const known = templates.get(template)
  if (known !== undefined) return known
  const { [TEMPLATE_HASH]: _, ...labels } = template.metadata?.labels ?? {}
  const metadata = { ...template.metadata, labels }
  const text = canonical({ ...template, metadata })
  templates.set(template, text)
  return text
}

/** Names the set of a template; another collision count gives another name for the same template. */
export function templateHash(object: Deployment, collisionCount: number | undefined): string {
  return safeHash(`${templateText(object.spec.template)}${collisionCount ?? ''}`)
}

/** Tells of a change of size; the write itself follows from the plan. */
export function resize(plan: Plan, target: SetPlan, replicas: number): boolean {
  if (target.replicas === replicas) return false
  const direction = replicas > target.replicas ? 'up' : 'down'
  const from = target.replicas
  target.replicas = replicas
  noteSize(plan, target)
  const message = `Scaled ${direction} replica set ${target.set.metadata.name} from ${from} to ${replicas}`
  plan.writes.push({
    verb: 'event',
    about: plan.deployment,
    type: 'Normal',
    reason: 'ScalingReplicaSet',
    text: { message },
  })
  return true
}

/** What every active set notes about the Deployment's size, so that a later change of it can be told. */
export function noteSize(plan: Plan, target: SetPlan): void {
  const replicas = wantedReplicas(plan.deployment)
  target.annotations[DESIRED_REPLICAS] = String(replicas)
  target.annotations[MAX_REPLICAS] = String(replicas + limitsOf(plan.deployment).surge)
}

/** The writes that turn the stored sets into the planned ones; sizes go before the events that tell of them. */
export function setWrites(plan: Plan): Write[] {
  const writes: Write[] = []
  for (const { set, replicas, annotations, minReadySeconds } of allSets(plan)) {
    const size = replicas !== sizeOf(set)
    const noted = canonical(annotations) !== canonical(set.metadata.annotations ?? {})
    const seconds = minReadySeconds ?? set.spec.minReadySeconds ?? 0
    if (!size && !noted && seconds === (set.spec.minReadySeconds ?? 0)) continue
    writes.push({
      verb: 'update',
      kind: replicaSet,
      object: {
        ...set,
        metadata: { ...set.metadata, annotations },
        spec: { ...set.spec, replicas, minReadySeconds: seconds },
      },
    })
  }
  return writes
}
