/** namespaces/finalize: the one way to change what keeps a deleted namespace; with the last of them it goes. */
import { type Namespace, namespace } from '#api/core/v1/namespace.ts'
import { badRequest } from '#api/machinery/status.ts'
import { draftOf, parseBody } from './body.ts'
import { respondOne } from './read.ts'
import type { StoredResource } from './registry.ts'
import type { SpecialHandler } from './special.ts'
import { updateObject } from './update.ts'
import { writeOf } from './write.ts'

export const finalizeNamespace: SpecialHandler = async (exchange, resource) => {
  const wanted = draftOf(
    exchange,
    namespace,
    await parseBody(exchange.request, namespace),
  ) as Namespace
  const write = writeOf(exchange, resource as StoredResource)
  if (wanted.metadata.name && wanted.metadata.name !== write.name)
    throw badRequest(
      `the name of the object (${wanted.metadata.name}) does not match the name on the URL (${write.name})`,
    )
  const stored = await updateObject(write, current => {
    const draft = structuredClone(current.object) as Namespace
    draft.metadata.resourceVersion = wanted.metadata.resourceVersion ?? ''
    draft.spec = wanted.spec.finalizers?.length ? { finalizers: wanted.spec.finalizers } : {}
    return draft
  })
  return respondOne(exchange, 200, write.resource, stored)
}
