/**
 * Decides what becomes of one object when its owners go or when it goes itself. An owner counts as gone only when the server
 * itself says so: a view that is behind never costs an object its life.
 */
import type { KubernetesObject, OwnerReference } from '#api/machinery/metadata.ts'
import { isStatus } from '#api/machinery/status.ts'
import type { DeleteOptions } from '#client/client.ts'
import type { Outcome, Write } from '../runner/controller.ts'
import type { GraphNode } from './garbage-collector.graph.ts'

export const FOREGROUND = 'foregroundDeletion'
export const ORPHAN = 'orphan'

/** What is known of an owner: `deleting` waits for its dependents, `unknown` cannot be asked for (then it counts as there). */
export type OwnerState = 'present' | 'deleting' | 'absent' | 'unknown'

export interface GarbageWorld {
  readonly node: GraphNode
  /** Asked for only where the object ends: there may be thousands. */
  readonly dependents: () => readonly GraphNode[]
  readonly ownerState: (owner: OwnerReference) => Promise<OwnerState>
}

export async function reconcile(world: GarbageWorld): Promise<Outcome> {
  const { object } = world.node
  const { deletionTimestamp, finalizers = [] } = object.metadata
  if (deletionTimestamp) {
    if (finalizers.includes(ORPHAN)) return orphanDependents(world)
    if (finalizers.includes(FOREGROUND)) return deleteDependents(world)
    return { writes: [] }
  }
  return collect(world)
}

/** Lets go of all dependents, then of the object. */
function orphanDependents({ node, dependents }: GarbageWorld): Outcome {
  const { uid } = node.object.metadata
  const releases = dependents().map((dependent): Write => {
    const owners = dependent.object.metadata.ownerReferences ?? []
    const leaving = owners.filter(owner => owner.uid === uid)
    return {
      ...withoutOwners(dependent, leaving),
      tolerate: error => isStatus(error, 'NotFound'),
    }
  })
  return { writes: [{ verb: 'batch', writes: releases }, withoutFinalizer(node, ORPHAN)] }
}

/** The dependents that hold the object back are looked at by themselves; when none is left, it may go. */
function deleteDependents({ node, dependents }: GarbageWorld): Outcome {
  const { uid } = node.object.metadata
  const holding = dependents().filter(({ object }) =>
    object.metadata.ownerReferences?.some(
      owner => owner.uid === uid && owner.blockOwnerDeletion === true,
    ),
  )
  if (holding.length === 0) return { writes: [withoutFinalizer(node, FOREGROUND)] }
  return { writes: [] }
}

function withoutFinalizer({ kind, object }: GraphNode, finalizer: string): Write {
  const finalizers = (object.metadata.finalizers ?? []).filter(found => found !== finalizer)
  // The revision makes it fail when anybody changed the finalizers meanwhile.
  const { uid, resourceVersion } = object.metadata
  return {
    verb: 'patch',
    kind,
    object,
    type: 'merge',
    patch: { metadata: { uid, resourceVersion, finalizers } },
  }
}

async function collect({ node, dependents, ownerState }: GarbageWorld): Promise<Outcome> {
  const { kind, object } = node
  const owners = object.metadata.ownerReferences ?? []
  if (owners.length === 0) return { writes: [] }
  const states = await Promise.all(owners.map(ownerState))
  const inState = (...wanted: OwnerState[]) =>
    owners.filter((_, i) => wanted.includes(states[i] ?? 'unknown'))
  const leaving = inState('absent', 'deleting')
  if (leaving.length === 0) return { writes: [] }
  if (leaving.length < owners.length) return { writes: [withoutOwners(node, leaving)] }
  const held = inState('deleting').length > 0 ? dependents() : []
  // In a circle each would wait for the next one: whoever closes it holds back nobody.
  const closesCircle = held.some(({ object: { metadata } }) => isInForeground(metadata))
  if (closesCircle && owners.some(({ blockOwnerDeletion }) => blockOwnerDeletion))
    return { writes: [withoutBlocking(node)], againAfterMs: 0 }
  const policy = policyOf(object, held.length > 0)
  const { uid, resourceVersion } = object.metadata
  const options = {
    propagationPolicy: policy,
    ...(uid ? { uid } : {}),
    // Whoever gave it another owner meanwhile wins.
    ...(resourceVersion ? { resourceVersion } : {}),
  }
  return { writes: [{ verb: 'delete', kind, object, options }] }
}

function policyOf(
  { metadata }: KubernetesObject,
  inForeground: boolean,
): NonNullable<DeleteOptions['propagationPolicy']> {
  if (inForeground) return 'Foreground'
  const { finalizers = [] } = metadata
  if (finalizers.includes(ORPHAN)) return 'Orphan'
  return finalizers.includes(FOREGROUND) ? 'Foreground' : 'Background'
}

/** Whether it waits for its dependents. */
export const isInForeground = ({ deletionTimestamp, finalizers }: KubernetesObject['metadata']) =>
  Boolean(deletionTimestamp) && finalizers?.includes(FOREGROUND) === true

function withoutBlocking(node: GraphNode): Write {
  const { ownerReferences = [] } = node.object.metadata
  return withReferences(
    node,
    ownerReferences.map(owner => ({ ...owner, blockOwnerDeletion: false })),
  )
}

function withoutOwners(node: GraphNode, leaving: readonly OwnerReference[]) {
  const { ownerReferences = [] } = node.object.metadata
  return withReferences(
    node,
    ownerReferences.filter(owner => !leaving.includes(owner)),
  )
}

/** A merge patch, since custom and aggregated kinds know no strategic one; the revision makes it fail when anybody changed the list meanwhile. */
function withReferences({ kind, object }: GraphNode, ownerReferences: OwnerReference[]) {
  const { uid, resourceVersion } = object.metadata
  const patch = { metadata: { uid, resourceVersion, ownerReferences } }
  return { verb: 'patch', kind, object, type: 'merge', patch } as const
}
