/**
 * The custom resources of the cluster, as controllers see them that work on every kind: just enough of each to ask for
 * its objects, learned from the definitions.
 */
import { bareKindOf } from '#api/apiextensions/v1/bare-kind.ts'
import { customResourceDefinition } from '#api/apiextensions/v1/custom-resource-definition.ts'
import { type AnyKind, apiVersionOf } from '#api/machinery/kind.ts'
import type { Informers } from '#client/informer.ts'

export interface CustomKindsListener {
  added(kind: AnyKind): void
  removed(kind: AnyKind): void
}

export interface CustomKinds {
  list(): readonly AnyKind[]
  /** Tells those that are there already, then whatever comes and goes. Returns the function that ends it. */
  subscribe(listener: CustomKindsListener): () => void
}

export interface FollowedCustomKinds extends CustomKinds {
  stop(): void
}

/** Where definitions are not served, there are no custom resources. */
export const noCustomKinds: FollowedCustomKinds = {
  list: () => [],
  subscribe: () => () => {},
  stop() {},
}

export function followCustomKinds(informers: Informers): FollowedCustomKinds {
  const known = new Map<string, AnyKind>()
  const listeners = new Set<CustomKindsListener>()
  const replace = (name: string, next: AnyKind | undefined) => {
    const before = known.get(name)
    if (before && next && isSame(before, next)) return
    if (next) known.set(name, next)
    else known.delete(name)
    for (const listener of listeners) {
      if (before) listener.removed(before)
      if (next) listener.added(next)
    }
    if (before) informers.release(before)
  }
  const stop = informers.for(customResourceDefinition).subscribe({
    changed: definition => replace(definition.metadata.name ?? '', bareKindOf(definition)),
    deleted: definition => replace(definition.metadata.name ?? '', undefined),
  })
  return {
    stop,
    list: () => [...known.values()],
    subscribe(listener) {
      for (const kind of known.values()) listener.added(kind)
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
}

const isSame = (one: AnyKind, other: AnyKind) =>
  apiVersionOf(one) === apiVersionOf(other) && one.kind === other.kind
