/** Who owns whom, over all kinds: kept from events, so that an owner's dependents are found without a search. */
import type { AnyKind } from '#api/machinery/kind.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import { equal } from '#api/machinery/patch/json-patch.ts'
import type { Informer } from '#client/informer.ts'

export interface GraphNode {
  readonly kind: AnyKind
  readonly object: KubernetesObject
}

export interface Graph {
  /** The newest known state of an object. */
  get(uid: string): GraphNode | undefined
  /** The objects that name this UID among their owners. */
  dependentsOf(uid: string): readonly GraphNode[]
  /** Follows one kind. `wake` is told the UIDs to look at. Returns the function that ends it. */
  follow(
    kind: AnyKind,
    informer: Informer<KubernetesObject>,
    wake: (uid: string) => void,
  ): () => void
  /** Takes all objects of a kind that is no longer served as gone. */
  forget(kind: AnyKind, wake: (uid: string) => void): void
}

export function createGraph(): Graph {
  const nodes = new Map<string, GraphNode>()
  const dependents = new Map<string, Set<string>>()

  const link = (uid: string, owners: readonly string[], add: boolean) => {
    for (const owner of owners) {
      const known = dependents.get(owner)
      if (add && known) known.add(uid)
      else if (add) dependents.set(owner, new Set([uid]))
      else if (known?.delete(uid) && known.size === 0) dependents.delete(owner)
    }
  }

  const dependentsOf = (uid: string): readonly GraphNode[] =>
    [...(dependents.get(uid) ?? [])].flatMap(dependent => nodes.get(dependent) ?? [])

  // An owner that stays decides nothing by its dependents, and may have thousands; one that begins to go is looked at then.
  const isEnding = (owner: string) =>
    nodes.get(owner)?.object.metadata.deletionTimestamp !== undefined

  const remove = (uid: string, wake: (uid: string) => void) => {
    const owners = ownersOf(nodes.get(uid)?.object)
    link(uid, owners, false)
    nodes.delete(uid)
    for (const dependent of dependentsOf(uid)) wake(dependent.object.metadata.uid ?? '')
    for (const owner of owners) if (isEnding(owner)) wake(owner)
  }

  return {
    get: uid => nodes.get(uid),
    dependentsOf,
    forget(kind, wake) {
      for (const [uid, node] of nodes) if (node.kind === kind) remove(uid, wake)
    },
    follow: (kind, informer, wake) =>
      informer.subscribe({
        changed(object, previous) {
          const { uid = '', deletionTimestamp } = object.metadata
          nodes.set(uid, { kind, object })
          // Most changes are of a status and concern nobody here.
          if (previous && !concernsGraph(object.metadata, previous.metadata)) return
          const before = ownersOf(previous)
          const after = ownersOf(object)
          link(uid, before, false)
          link(uid, after, true)
          if (needsALook(object)) wake(uid)
          // Dependents of an owner that begins to wait for them have to go first.
          if (deletionTimestamp && !previous?.metadata.deletionTimestamp)
            for (const dependent of dependentsOf(uid)) wake(dependent.object.metadata.uid ?? '')
          // An owner that waits for its dependents may have waited for this one.
          for (const owner of [...before, ...after]) if (isEnding(owner)) wake(owner)
        },
        deleted: object => remove(object.metadata.uid ?? '', wake),
      }),
  }
}

function ownersOf(object: KubernetesObject | undefined): string[] {
  return (object?.metadata.ownerReferences ?? []).map(owner => owner.uid)
}

type Metadata = KubernetesObject['metadata']

/** True for a change of what matters here of an object. */
function concernsGraph(now: Metadata, before: Metadata): boolean {
  return (
    now.deletionTimestamp !== before.deletionTimestamp ||
    !equal(now.ownerReferences, before.ownerReferences) ||
    !equal(now.finalizers, before.finalizers)
  )
}

function needsALook({ metadata }: KubernetesObject): boolean {
  return (
    (metadata.ownerReferences ?? []).length > 0 ||
    (metadata.deletionTimestamp !== undefined && (metadata.finalizers ?? []).length > 0)
  )
}
