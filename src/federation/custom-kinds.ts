/** Custom resources that are federated: those whose definition is labelled so. Their definition is placed in clusters, too, unless the label says `objects`. */
import { bareKindOf } from '#api/apiextensions/v1/bare-kind.ts'
import {
  type CustomResourceDefinition,
  customResourceDefinition,
} from '#api/apiextensions/v1/custom-resource-definition.ts'
import { apiVersionOf } from '#api/machinery/kind.ts'
import type { Informers } from '#client/informer.ts'
import { FEDERATED } from './names.ts'
import type { FederatedKind } from './sync/federated-kinds.ts'

export interface CustomKindsListener {
  added(kind: FederatedKind): void
  removed(kind: FederatedKind): void
}

/** Returns the function that ends it. */
export function followCustomKinds(
  informers: Informers,
  { added, removed }: CustomKindsListener,
): () => void {
  const known = new Map<string, FederatedKind>()
  const replace = (name: string, next: FederatedKind | undefined) => {
    const before = known.get(name)
    if (before && next && apiVersionOf(before.kind) === apiVersionOf(next.kind)) return
    if (next) known.set(name, next)
    else known.delete(name)
    if (before) {
      removed(before)
      informers.release(before.kind)
    }
    if (next) added(next)
  }
  return informers.for(customResourceDefinition).subscribe({
    changed: definition => replace(definition.metadata.name ?? '', kindOf(definition)),
    deleted: definition => replace(definition.metadata.name ?? '', undefined),
  })
}

function kindOf(definition: CustomResourceDefinition): FederatedKind | undefined {
  if (!/^(?:true|objects)$/.test(definition.metadata.labels?.[FEDERATED] ?? '')) return undefined
  // While it is being deleted, its objects still have to be.
  const kind = bareKindOf(definition)
  return kind && { kind }
}
