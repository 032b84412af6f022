/**
 * What is to be written to a namespace after an attempt to empty it (conditions that tell what is left, or the end), and
 * when the next attempt is due.
 */
import { type Namespace, namespace } from '#api/core/v1/namespace.ts'
import { type Pod, pod } from '#api/core/v1/pod/pod.ts'
import type { AnyKind } from '#api/machinery/kind.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import { rfc3339 } from '#base/clock.ts'
import type { Outcome, Write } from '../runner/controller.ts'

/** Content other than pods does not tell when it went: it is looked at this often. */
const LOOK_AGAIN_MS = 1_000
/** How long whoever set a finalizer is expected to take, as upstream guesses. */
const FINALIZER_SECONDS = 15

/** What an attempt left of one kind. */
export interface Emptied {
  readonly kind: AnyKind
  readonly left: readonly KubernetesObject[]
  readonly error?: string
}

export interface NamespaceWorld {
  readonly namespace: Namespace
  /** Pods, and everything else once none of them is left. */
  readonly emptied: readonly Emptied[]
  /** `example.com/v1` of the versions of which nobody knows what they serve. */
  readonly undiscovered: readonly string[]
  readonly nowMs: number
}

/** Whether nothing is left, as far as that can be told for sure. */
export const isEmpty = (emptied: readonly Emptied[], undiscovered: readonly string[]): boolean =>
  undiscovered.length === 0 && emptied.every(({ left, error }) => left.length === 0 && !error)

type Condition = NonNullable<Namespace['status']['conditions']>[number]

export function reconcile(world: NamespaceWorld): Outcome {
  return { writes: writesFor(world), ...nextLook(world) }
}

/** The last pod's end is seen by watching; should it be missed, upstream's estimate of that end says when to look. */
function nextLook(world: NamespaceWorld): Omit<Outcome, 'writes'> {
  if (isEmpty(world.emptied, world.undiscovered)) return {}
  const pods = world.emptied.find(({ kind }) => kind === pod)
  if (!pods || isEmpty([pods], [])) return { againAfterMs: LOOK_AGAIN_MS }
  const seconds = secondsForPods(pods, world)
  // Nobody knows when pods go that could not be deleted, or should be gone.
  if (seconds === 0) return { againWithBackoff: true }
  return { againAfterMs: (Math.floor(seconds / 2) + 1) * 1000 }
}

/** How long the pods may take: the longest grace period until it is over, then a while if finalizers hold them. */
function secondsForPods({ left }: Emptied, { namespace: object, nowMs }: NamespaceWorld): number {
  let grace = 0
  for (const { spec, status } of left as readonly Pod[])
    if (status.phase !== 'Succeeded' && status.phase !== 'Failed')
      grace = Math.max(grace, spec.terminationGracePeriodSeconds ?? 0)
  const passedMs = nowMs - Date.parse(object.metadata.deletionTimestamp ?? '')
  if (passedMs < grace * 1000) return grace
  return left.some(hasFinalizers) ? FINALIZER_SECONDS : 0
}

const hasFinalizers = ({ metadata }: KubernetesObject): boolean =>
  (metadata.finalizers ?? []).length > 0

function writesFor(world: NamespaceWorld): Write[] {
  const { namespace: object, emptied, undiscovered } = world
  const conditions = conditionsOf(world)
  const writes: Write[] = []
  if (conditions !== object.status.conditions)
    writes.push({
      verb: 'update',
      kind: namespace,
      object: { ...object, status: { ...object.status, phase: 'Terminating', conditions } },
      subresource: 'status',
    })
  if (isEmpty(emptied, undiscovered))
    writes.push({
      verb: 'update',
      kind: namespace,
      subresource: 'finalize',
      object: {
        ...object,
        spec: {
          ...object.spec,
          finalizers: (object.spec.finalizers ?? []).filter(name => name !== 'kubernetes'),
        },
      },
    })
  return writes
}

function conditionsOf(world: NamespaceWorld) {
  const { namespace: object, emptied, undiscovered, nowMs } = world
  // Lists are sorted, so that the same state reads the same and is not written again.
  const errors = emptied.flatMap(found => errorOf(found, world) ?? []).toSorted()
  const left = emptied.filter(found => found.left.length > 0)
  const finalizers = countFinalizers(left)
  const remaining = left
    .map(
      ({ kind, left: { length } }) =>
        `${kind.plural}.${kind.group} has ${length} resource instances`,
    )
    .toSorted()
  const said: Omit<Condition, 'lastTransitionTime'>[] = [
    discovery(undiscovered),
    {
      type: 'NamespaceDeletionGroupVersionParsingFailure',
      status: 'False',
      reason: 'ParsedGroupVersions',
      message: 'All legacy kube types successfully parsed',
    },
    errors.length > 0
      ? {
          type: 'NamespaceDeletionContentFailure',
          status: 'True',
          reason: 'ContentDeletionFailed',
          message: `Failed to delete all resource types, ${errors.length} remaining: ${errors.join(', ')}`,
        }
      : {
          type: 'NamespaceDeletionContentFailure',
          status: 'False',
          reason: 'ContentDeleted',
          message: 'All content successfully deleted, may be waiting on finalization',
        },
    remaining.length > 0
      ? {
          type: 'NamespaceContentRemaining',
          status: 'True',
          reason: 'SomeResourcesRemain',
          message: `Some resources are remaining: ${remaining.join(', ')}`,
        }
      : {
          type: 'NamespaceContentRemaining',
          status: 'False',
          reason: 'ContentRemoved',
          message: 'All content successfully removed',
        },
    finalizers.length > 0
      ? {
          type: 'NamespaceFinalizersRemaining',
          status: 'True',
          reason: 'SomeFinalizersRemain',
          message: `Some content in the namespace has finalizers remaining: ${finalizers.join(', ')}`,
        }
      : {
          type: 'NamespaceFinalizersRemaining',
          status: 'False',
          reason: 'ContentHasNoFinalizers',
          message: 'All content-preserving finalizers finished',
        },
  ]
  return merged(object.status.conditions ?? [], said, rfc3339(nowMs))
}

/** What failed; pods also fail by being there still when nothing is known that they could wait for. */
function errorOf(found: Emptied, world: NamespaceWorld): string | undefined {
  if (found.error || found.kind !== pod || found.left.length === 0) return found.error
  if (secondsForPods(found, world) > 0) return undefined
  return `unexpected items still remain in namespace: ${world.namespace.metadata.name} for gvr: /v1, Resource=pods`
}

function discovery(undiscovered: readonly string[]): Omit<Condition, 'lastTransitionTime'> {
  const type = 'NamespaceDeletionDiscoveryFailure'
  if (undiscovered.length === 0)
    return {
      type,
      status: 'False',
      reason: 'ResourcesDiscovered',
      message: 'All resources successfully discovered',
    }
  const which = undiscovered.map(name => `${name}: stale GroupVersion discovery: ${name}`)
  return {
    type,
    status: 'True',
    reason: 'DiscoveryFailed',
    message: `Discovery failed for some groups, ${undiscovered.length} failing: unable to retrieve the complete list of server APIs: ${which.join(', ')}`,
  }
}

/** The known conditions with these told anew; the very same list when nothing is new. */
function merged(
  known: readonly Condition[],
  said: readonly Omit<Condition, 'lastTransitionTime'>[],
  now: string,
): Condition[] {
  let changed = false
  const told = said.map(next => {
    const before = known.find(condition => condition.type === next.type)
    const same = (['status', 'reason', 'message'] as const).every(
      field => before?.[field] === next[field],
    )
    if (before && same) return before
    changed = true
    const since = before?.status === next.status ? before.lastTransitionTime : now
    return { ...next, lastTransitionTime: since ?? now }
  })
  return changed
    ? [...known.filter(({ type }) => !said.some(next => next.type === type)), ...told]
    : (known as Condition[])
}

function countFinalizers(left: readonly Emptied[]): string[] {
  const counts = new Map<string, number>()
  for (const { left: objects } of left)
    for (const { metadata } of objects)
      for (const finalizer of metadata.finalizers ?? [])
        counts.set(finalizer, (counts.get(finalizer) ?? 0) + 1)
  return [...counts]
    .map(([finalizer, count]) => `${finalizer} in ${count} resource instances`)
    .toSorted()
}
