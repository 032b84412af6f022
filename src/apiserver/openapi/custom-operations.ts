/** Operations of custom resources: the documents of upstream say some things of them otherwise than of built-in kinds, and clients read both. */
import type { AnyKind } from '#api/machinery/kind.ts'
import type { Operation } from './operations.ts'
import { LIST, READ_CUSTOM } from './parameters.ts'

/** As custom resources are described: without the old paths of watches, and each by the name of the kind that was defined. */
export function customOperations(kind: AnyKind, operations: readonly Operation[]): Operation[] {
  const speaks = { group: kind.group, version: kind.version, kind: kind.kind }
  return operations
    .filter(({ answer }) => answer !== 'event')
    .map(operation => ({ ...operation, ...differenceOf(operation), speaks }))
}

function differenceOf({ action, ...operation }: Operation): Partial<Operation> {
  const carries = operation.carries === 'events' ? 'objects' : operation.carries
  if (action === 'get') return { carries, parameters: READ_CUSTOM }
  if (action === 'patch') return { carries, codes: [200] }
  if (action === 'deletecollection') return { carries, parameters: LIST, body: undefined }
  return { carries }
}
