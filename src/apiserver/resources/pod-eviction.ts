/** pods/eviction: a delete that is asked for politely. Disruption budgets will have their say here. */
import { badRequest } from '#api/machinery/status.ts'
import { type Eviction, eviction } from '#api/policy/v1/eviction.ts'
import { runValidations } from '../admission/admission.ts'
import { respondValue } from '../respond.ts'
import { draftOf, parseBody } from './body.ts'
import { checkedOptions, deleteObject } from './delete.ts'
import type { StoredResource } from './registry.ts'
import type { SpecialHandler } from './special.ts'
import { SUCCESS } from './success.ts'
import { admissionRequest, isDryRun, writeOf } from './write.ts'

export const evictPod: SpecialHandler = async (exchange, resource) => {
  const wanted = draftOf(
    exchange,
    eviction,
    await parseBody(exchange.request, eviction),
  ) as Eviction
  const write = writeOf(exchange, resource as StoredResource)
  const { name } = wanted.metadata
  if (name && name !== write.name)
    throw badRequest(`name in URL does not match name in Eviction object: ${write.name}, ${name}`)
  const options = checkedOptions(wanted.deleteOptions ?? {})
  const dryRun = write.dryRun || isDryRun(options.dryRun ?? [])
  const request = admissionRequest({ ...write, dryRun }, 'CREATE', { object: wanted }, eviction)
  await runValidations(exchange.server.admission, request)
  await deleteObject({ ...write, subresource: '', dryRun }, options)
  return respondValue(exchange, 201, SUCCESS)
}
