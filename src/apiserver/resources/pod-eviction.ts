/** pods/eviction: a delete that is asked for politely, and that disruption budgets may forbid for now. */
import type { Pod } from '#api/core/v1/pod/pod.ts'
import { apiVersionOf } from '#api/machinery/kind.ts'
import { isPlainObject } from '#api/machinery/plain.ts'
import { badRequest, isStatus } from '#api/machinery/status.ts'
import { type Eviction, eviction } from '#api/policy/v1/eviction.ts'
import { respondMade } from '../respond.ts'
import { draftOf, type ParsedBody, parseBody } from './body.ts'
import { deleteObject } from './delete.ts'
import { checkedOptions, type DeleteOptions } from './delete-options.ts'
import { markDisrupted, permitEviction, stillProcessed } from './disruption-budget.ts'
import type { StoredResource } from './registry.ts'
import { trackMade } from './reviews.ts'
import type { SpecialHandler } from './special.ts'
import { SUCCESS } from './success.ts'
import { existing } from './update.ts'
import { admit, checkNamespace, isDryRun, mutate, type Write, writeOf } from './write.ts'

export const evictPod: SpecialHandler = async (exchange, resource) => {
  const respond = respondMade(exchange)
  const body = await parseBody(exchange.request, eviction)
  const wanted = draftOf(exchange, eviction, inThisVersion(body)) as Eviction
  const write = writeOf(exchange, resource as StoredResource)
  checkNamespace(write, wanted)
  trackMade(write, eviction, wanted)
  await mutate(write, wanted, undefined, eviction)
  if (wanted.metadata.name !== write.name)
    throw badRequest('name in URL does not match name in Eviction object')
  const options = checkedOptions(wanted.deleteOptions ?? {})
  const dryRun = write.dryRun || isDryRun(options.dryRun ?? [])
  await admit({ ...write, dryRun }, 'CREATE', { object: wanted }, eviction)
  await evict({ ...write, subresource: '', dryRun, isAdmitted: true }, options)
  return respond(SUCCESS)
}

/** Who asked in the words of the version before, which are the same, is heard still. */
function inThisVersion(body: ParsedBody): ParsedBody {
  const { value } = body
  if (!isPlainObject(value) || value.apiVersion !== 'policy/v1beta1') return body
  return { ...body, value: { ...value, apiVersion: apiVersionOf(eviction) } }
}

/** How often a pod is judged anew that changes meanwhile. */
const ATTEMPTS = 5

async function evict(write: Write, options: DeleteOptions): Promise<void> {
  const isPinnedByClient = options.preconditions?.resourceVersion !== undefined
  for (let attempt = 1; ; attempt++) {
    const { object } = await existing(write.resource, write.namespace, write.name)
    const permission = await permitEviction(write, object as Pod)
    const { resourceVersion } = object.metadata
    const isPinned = permission.isPinned && !isPinnedByClient && resourceVersion !== undefined
    const preconditions = { ...options.preconditions, ...(isPinned ? { resourceVersion } : {}) }
    try {
      return await end(write, { ...options, preconditions })
    } catch (error) {
      if (!isPinned || !isStatus(error, 'Conflict')) throw error
      // It may have become ready, and then its budget counts it: the client is to ask again.
      if (permission.budget !== undefined) throw stillProcessed(permission.budget)
      if (attempt >= ATTEMPTS) throw error
    }
  }
}

/** The pod says why it ends before it does. */
async function end(write: Write, options: DeleteOptions): Promise<void> {
  const { preconditions = {} } = options
  if (write.dryRun) {
    await deleteObject(write, options)
    return
  }
  const resourceVersion = await markDisrupted(write, preconditions)
  const isPinned = preconditions.resourceVersion !== undefined
  await deleteObject(write, {
    ...options,
    preconditions: { ...preconditions, ...(isPinned ? { resourceVersion } : {}) },
  })
}
