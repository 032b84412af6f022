/** Finding, making and numbering the set of the present template. */
import { deployment } from '#api/apps/v1/deployment.ts'
import { replicaSet } from '#api/apps/v1/replica-set.ts'
import { isStatus } from '#api/machinery/status.ts'
import { isNamespaceTerminating } from '../runner/errors.ts'
import { controllerReference } from '../runner/owners.ts'
import {
  allSets,
  DESIRED_REPLICAS,
  isRollingUpdate,
  limitsOf,
  MAX_REPLICAS,
  type Plan,
  REVISION,
  REVISION_HISTORY,
  TEMPLATE_HASH,
  templateHash,
  templateText,
  total,
  wantedReplicas,
} from './deployment.plan.ts'
import { conditionNamed, noteProgress } from './deployment.reconcile.status.ts'

/** Annotations that belong to a Deployment alone and are not copied to its sets. */
const NOT_COPIED = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  REVISION,
  REVISION_HISTORY,
  DESIRED_REPLICAS,
  MAX_REPLICAS,
  'deprecated.deployment.rollback.to',
])

/** Brings the set of the present template up to date, or asks for a new one when there is none and `create` says so. */
export function adoptTemplate(plan: Plan, create: boolean): void {
  const revision = String(newestRevision(plan.old.map(({ annotations }) => annotations)) + 1n)
  const { current, deployment: object } = plan
  if (current) {
    copyAnnotations(plan, current.annotations)
    number(current.annotations, revision)
    current.minReadySeconds = object.spec.minReadySeconds ?? 0
    noteRevision(plan, current.annotations[REVISION] ?? revision)
    if (!conditionNamed(plan.conditions, 'Progressing'))
      noteProgress(plan, {
        status: 'True',
        reason: 'FoundNewReplicaSet',
        message: `Found new replica set "${current.set.metadata.name}"`,
      })
    return
  }
  if (create) createSet(plan, revision)
}

function createSet(plan: Plan, revision: string): void {
  const { deployment: object, world } = plan
  const hash = templateHash(object, plan.collisionCount)
  const name = `${object.metadata.name}-${hash}`
  const taken = world.setNamed(name)
  // Our own set of this name with this template would have been found; whoever has the name is another's or makes other pods.
  if (taken && templateText(taken.spec.template) !== templateText(object.spec.template)) {
    plan.collisionCount = (plan.collisionCount ?? 0) + 1
    return
  }
  plan.made = name
  const replicas = firstSize(plan)
  const annotations: Record<string, string> = {}
  copyAnnotations(plan, annotations)
  annotations[REVISION] = revision
  annotations[DESIRED_REPLICAS] = String(wantedReplicas(object))
  annotations[MAX_REPLICAS] = String(wantedReplicas(object) + limitsOf(object).surge)
  const { template, selector, minReadySeconds } = object.spec
  const labels = { ...template.metadata?.labels, [TEMPLATE_HASH]: hash }
  plan.writes.push({
    verb: 'create',
    kind: replicaSet,
    object: {
      metadata: {
        name,
        namespace: object.metadata.namespace ?? '',
        labels,
        annotations,
        ownerReferences: [controllerReference(deployment, object)],
      },
      spec: {
        replicas,
        ...(minReadySeconds ? { minReadySeconds } : {}),
        selector: {
          ...selector,
          matchLabels: { ...selector?.matchLabels, [TEMPLATE_HASH]: hash },
        },
        template: { ...template, metadata: { ...template.metadata, labels } },
      },
    },
    // Made by an earlier look whose answer was lost: it will show up.
    tolerate: error => isStatus(error, 'AlreadyExists') || isNamespaceTerminating(error),
    report: {
      about: object,
      ...(replicas > 0
        ? {
            success: {
              reason: 'ScalingReplicaSet',
              message: made => `Scaled up replica set ${made} from 0 to ${replicas}`,
            },
          }
        : {}),
      failure: {
        reason: 'ReplicaSetCreateError',
        message: error => `Failed to create new replica set "${name}": ${error}`,
      },
    },
  })
  noteRevision(plan, revision)
  noteProgress(plan, {
    status: 'True',
    reason: 'NewReplicaSetCreated',
    message: `Created new replica set "${name}"`,
  })
}

/** How many pods a new set may begin with. */
function firstSize(plan: Plan): number {
  const { deployment: object } = plan
  const wanted = wantedReplicas(object)
  if (!isRollingUpdate(object)) return wanted
  const room = wanted + limitsOf(object).surge - total(allSets(plan))
  return Math.max(0, Math.min(room, wanted))
}

/** Revisions are 64-bit numbers, which somebody may have set. */
function newestRevision(annotations: readonly Readonly<Record<string, string>>[]): bigint {
  let newest = 0n
  for (const { [REVISION]: text = '' } of annotations) {
    const revision = revisionIn(text)
    if (revision !== undefined && revision > newest) newest = revision
  }
  return newest
}

function revisionIn(text: string): bigint | undefined {
  if (!/^[-+]?\d{1,19}$/.test(text)) return undefined
  const revision = BigInt(text.replace('+', ''))
  return BigInt.asIntN(64, revision) === revision ? revision : undefined
}

/** A set that becomes the newest again (a rollback) gets a new number and remembers its old ones. */
function number(annotations: Record<string, string>, revision: string): void {
  const known = annotations[REVISION]
  if (known) {
    const before = revisionIn(known)
    // What is no number was set by somebody else, and stays.
    if (before === undefined || before >= BigInt(revision)) return
    const history = annotations[REVISION_HISTORY]
    annotations[REVISION_HISTORY] = history ? `${history},${known}` : known
  }
  annotations[REVISION] = revision
}

function copyAnnotations(plan: Plan, to: Record<string, string>): void {
  for (const [key, value] of Object.entries(plan.deployment.metadata.annotations ?? {}))
    if (!NOT_COPIED.has(key)) to[key] = value
}

/** An ordinary write of an annotation would count as a new generation: it goes with the status. */
function noteRevision(plan: Plan, revision: string): void {
  if (plan.deployment.metadata.annotations?.[REVISION] !== revision) plan.newRevision = revision
}
