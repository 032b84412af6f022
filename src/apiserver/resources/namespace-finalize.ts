/** namespaces/finalize: the one way to change what keeps a deleted namespace; with the last of them it goes. */
import { type Namespace, namespace } from '#api/core/v1/namespace.ts'
import { draftOf, parseBody } from './body.ts'
import { respondOne } from './read.ts'
import type { StoredResource } from './registry.ts'
import type { SpecialHandler } from './special.ts'
import { checkName, updateObject } from './update.ts'
import { writeOf } from './write.ts'

export const finalizeNamespace: SpecialHandler = async (exchange, resource) => {
  const wanted = draftOf(
    exchange,
    namespace,
    await parseBody(exchange.request, namespace),
  ) as Namespace
  const write = writeOf(exchange, resource as StoredResource)
  checkName(write, wanted)
  const stored = await updateObject(write, () => structuredClone(wanted))
  return respondOne(exchange, 200, write.resource, stored)
}
