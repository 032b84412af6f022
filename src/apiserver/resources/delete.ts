/**
 * delete and deletecollection. An object goes at once, or it is marked with a deletionTimestamp and stays while it has
 * time to end by itself (pods) or while finalizers hold it.
 */

import type { KubernetesObject } from '#api/machinery/metadata.ts'
import { copyJson } from '#api/machinery/plain.ts'
import { conflict, isStatus, notFound, type Status, StatusError } from '#api/machinery/status.ts'
import { rfc3339 } from '#base/clock.ts'
import type { ApiResponse } from '#client/transport.ts'
import type { Exchange } from '../exchange.ts'
import { checkAccepted, respondValue } from '../respond.ts'
import { type StoredObject, unstored } from '../storage/stored-object.ts'
import { prepare } from '../storage/view.ts'
import { readList } from '../watch-cache/read-list.ts'
import { type DeleteOptions, deleteOptionsOf } from './delete-options.ts'
import { hooksOf } from './hooks.ts'
import { listOptionsOf, revisionOfList } from './list-options.ts'
import { filterFor, limitOf, respondOne, sourceOf } from './read.ts'
import { rulesOf, type StoredResource } from './registry.ts'
import { respondList } from './respond-list.ts'
import { isFinished, isSettled } from './update.ts'
import { admit, isDryRun, type Preconditions, type Write, writeOf } from './write.ts'

export interface Deletion {
  /** The last or the marked state. */
  readonly stored: StoredObject
  /** False where the object stays for now. */
  readonly isGone: boolean
}

const ORPHAN = 'orphan'
const FOREGROUND = 'foregroundDeletion'
const MAXIMUM_ATTEMPTS = 64
/** How many objects of a collection are deleted at the same time. */
const COLLECTION_WORKERS = 16

export async function remove(exchange: Exchange, resource: StoredResource): Promise<ApiResponse> {
  const options = await deleteOptionsOf(exchange)
  warnOfOrphans(exchange, resource, options)
  checkAccepted(exchange)
  const write = writeOf(exchange, resource)
  const dryRun = write.dryRun || isDryRun(options.dryRun ?? [])
  const { stored, isGone } = await deleteObject({ ...write, dryRun }, options)
  // The old way to ask for the end of dependents alone, as upstream.
  const accepted = !isGone && options.orphanDependents === false
  if (!isGone || resource.kind.returnsDeleted)
    return respondOne(exchange, accepted ? 202 : 200, resource, stored)
  return respondValue(exchange, 200, deletedStatus(resource, stored.object))
}

function warnOfOrphans(
  { warnings }: Exchange,
  resource: StoredResource,
  { propagationPolicy }: DeleteOptions,
): void {
  const warning = hooksOf(resource).orphansByDefault?.warning
  if (warning && propagationPolicy === undefined) warnings.push(warning)
}

function deletedStatus({ name: of }: StoredResource, { metadata }: KubernetesObject): Status {
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    details: {
      ...(metadata.name ? { name: metadata.name } : {}),
      ...(of.group ? { group: of.group } : {}),
      kind: of.resource,
      ...(metadata.uid ? { uid: metadata.uid } : {}),
    },
  }
}

/** Deletes one object by the rules of its kind. */
export async function deleteObject(write: Write, options: DeleteOptions): Promise<Deletion> {
  const { resource, namespace, name } = write
  const { storage } = resource
  for (let attempt = 0; attempt < MAXIMUM_ATTEMPTS; attempt++) {
    const current = await storage.latest(namespace, name)
    try {
      if (!current) throw notFound(resource.name, name)
      const result = await removeOnce(write, current, options)
      if (result) return result
    } catch (thrown) {
      // As with updates: a refusal must not be taken back by a crash.
      if (await isSettled(write, current)) throw thrown
    }
  }
  throw new StatusError(
    'ServerTimeout',
    `${name} is written to too often to be deleted, try again`,
    {
      retryAfterSeconds: 1,
    },
  )
}

/** One attempt; undefined when another write was faster. */
async function removeOnce(
  write: Write,
  current: StoredObject,
  options: DeleteOptions,
): Promise<Deletion | undefined> {
  const { resource } = write
  const { view } = resource
  checkDeletable(write, current.object, options.preconditions ?? {})
  await prepare(view, [current])
  if (!write.isAdmitted && !isUnderWay(write, current.object, options))
    await admit(write, 'DELETE', {
      oldObject: view.own ? current.in(view).object : current.object,
      options: toldOptions(write, current.object, options),
    })
  const marked = markedForDeletion(write, current.object, options)
  if (marked && !isFinished(write, marked)) return stay(write, current, marked)
  if (!marked || marked === current.object) return go(write, current)
  if (!resource.storage.kind.gracePeriodSeconds || write.dryRun) return go(write, current, marked)
  // What could have had grace is first seen to end, as upstream has it, also by whoever only watches it go.
  const ending = await resource.storage.replace(current, marked)
  return ending && go(write, ending)
}

/** It ends already, and nothing about that would be changed: nobody is asked whether it may. */
function isUnderWay(
  { resource }: Write,
  object: KubernetesObject,
  { gracePeriodSeconds: asked }: DeleteOptions,
): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds: left } = object.metadata
  if (deletionTimestamp === undefined) return false
  if (hooksOf(resource).hasOwnFinalizers?.(object)) return true
  if (!resource.storage.kind.gracePeriodSeconds || left === undefined) return false
  return asked === undefined || asked >= left
}

/** As they were sent, with what the server decided by itself. */
function toldOptions(write: Write, object: KubernetesObject, options: DeleteOptions): object {
  const { gracePeriodSeconds, propagationPolicy, orphanDependents, preconditions } = options
  const { kind } = write.resource.storage
  const { uid } = object.metadata
  return {
    kind: 'DeleteOptions',
    apiVersion: 'meta.k8s.io/v1',
    gracePeriodSeconds: kind.gracePeriodSeconds?.(object, gracePeriodSeconds) ?? gracePeriodSeconds,
    preconditions: hooksOf(write.resource).pinsDeletes ? { ...preconditions, uid } : preconditions,
    orphanDependents,
    // Whoever said it the old way did not say it in the new one.
    propagationPolicy: orphanDependents === undefined ? propagationPolicy : undefined,
    dryRun: write.dryRun ? ['All'] : undefined,
  }
}

/** `last` is what it is said to have been, where that is not what it was. */
async function go(
  write: Write,
  current: StoredObject,
  last?: KubernetesObject,
): Promise<Deletion | undefined> {
  if (write.dryRun)
    return (await isSettled(write, current))
      ? { stored: unchanged(last ?? { ...current.object }, current.revision), isGone: true }
      : undefined
  const stored = await write.resource.storage.remove(current, last)
  return stored && { stored, isGone: true }
}

/** The answer of a dry run, which tells the revision that is there. */
const unchanged = (object: KubernetesObject, revision: number): StoredObject =>
  unstored('', revision, object)

async function stay(
  write: Write,
  current: StoredObject,
  marked: KubernetesObject,
): Promise<Deletion | undefined> {
  const { storage } = write.resource
  if (marked === current.object)
    return (await isSettled(write, current)) ? { stored: current, isGone: false } : undefined
  if (write.dryRun)
    return (await isSettled(write, current))
      ? { stored: unchanged(marked, current.revision), isGone: false }
      : undefined
  const stored = await storage.replace(current, marked)
  return stored && { stored, isGone: false }
}

/** The draft of the object as it waits for its end; the object itself where it waits already; undefined where nothing marks it. */
function markedForDeletion(
  write: Write,
  current: KubernetesObject,
  options: DeleteOptions,
): KubernetesObject | undefined {
  const { kind } = write.resource.storage
  const hooks = hooksOf(write.resource)
  const finalizers = finalizersOf(write, current, options.propagationPolicy)
  const grace = kind.gracePeriodSeconds?.(current, options.gracePeriodSeconds) ?? 0
  const ownFinalizers = hooks.hasOwnFinalizers?.(current) ?? false
  // Nothing holds it: most deletes, which need no copy. What could have had grace is marked even so.
  if (!kind.gracePeriodSeconds && finalizers.length === 0 && !ownFinalizers) return undefined
  // What stays as it is, is shared, unless a hook changes anything of it.
  const draft = hooks.beginDelete
    ? copyJson(current, true)
    : { ...current, metadata: { ...current.metadata } }
  const { metadata } = draft
  if (finalizers.length > 0) metadata.finalizers = finalizers
  else delete metadata.finalizers
  const isMarked = metadata.deletionTimestamp !== undefined
  const left = metadata.deletionGracePeriodSeconds ?? 0
  if (!isMarked || grace < left) {
    const now = write.exchange.server.clock.now()
    const start = isMarked ? Date.parse(metadata.deletionTimestamp ?? '') - left * 1000 : now
    const end = start + grace * 1000
    metadata.deletionTimestamp = rfc3339(Math.max(end, now))
    if (hooks.hasNoGrace) delete metadata.deletionGracePeriodSeconds
    // Whose shorter time is over already still gets a moment, unless it is to get none.
    else metadata.deletionGracePeriodSeconds = end < now && grace > 0 ? 1 : grace
    if (metadata.generation && !isMarked && !hooks.hasNoGrace) metadata.generation++
    hooks.beginDelete?.(draft)
  } else if (finalizers.length === (current.metadata.finalizers?.length ?? 0)) return current
  return draft
}

function finalizersOf(
  write: Write,
  current: KubernetesObject,
  policy: DeleteOptions['propagationPolicy'],
): string[] {
  const { finalizersOnDelete } = hooksOf(write.resource)
  if (!finalizersOnDelete || current.metadata.deletionTimestamp)
    return finalizersAfter(write, current, policy)
  // Those come first, and only whoever asks again when they have begun has a say of their own.
  return [...new Set([...(current.metadata.finalizers ?? []), ...finalizersOnDelete])]
}

/** Who has to act before the object may go, by the wished treatment of what it owns. */
function finalizersAfter(
  write: Write,
  { metadata: { finalizers = [] } }: KubernetesObject,
  policy: DeleteOptions['propagationPolicy'],
): string[] {
  const others = finalizers.filter(each => each !== ORPHAN && each !== FOREGROUND)
  if (policy === undefined) {
    const isDecided = others.length < finalizers.length
    const isOrphaning = !isDecided && hooksOf(write.resource).orphansByDefault
    return isOrphaning ? [...finalizers, ORPHAN] : [...finalizers]
  }
  if (policy === 'Orphan') return [...others, ORPHAN]
  return policy === 'Foreground' ? [...others, FOREGROUND] : others
}

export async function removeCollection(
  exchange: Exchange,
  resource: StoredResource,
): Promise<ApiResponse> {
  const { info } = exchange
  const options = await deleteOptionsOf(exchange)
  warnOfOrphans(exchange, resource, options)
  const list = listOptionsOf(info.query, false)
  const page = await readList(sourceOf(exchange, resource), {
    filter: filterFor(exchange, resource),
    limit: limitOf(list, resource),
    continue: list.continue,
    revision: revisionOfList(list),
    named: list.resourceVersion,
    // Upstream always deletes in pages, and a page is of exactly the revision that is named.
    match: list.resourceVersionMatch || 'Exact',
  })
  checkAccepted(exchange)
  const write = writeOf(exchange, resource)
  const dryRun = write.dryRun || isDryRun(options.dryRun ?? [])
  const queue = page.items.values()
  const worker = async () => {
    for (const { object } of queue) {
      const { namespace = '', name = '' } = object.metadata
      try {
        const its = { ...write, namespace, name, dryRun, isOfCollection: true }
        await deleteObject(its, options)
      } catch (thrown) {
        // Somebody else deleted it first, which is just as well.
        if (!isStatus(thrown, 'NotFound')) throw thrown
      }
    }
  }
  await Promise.all(Array.from({ length: COLLECTION_WORKERS }, worker))
  // As upstream tells it: what there was, as it was found.
  return respondList(exchange, resource, page)
}

/** In words of its own, and by the kind that is stored instead of the resource, as upstream. */
function checkDeletable(
  { resource, name }: Write,
  { metadata }: KubernetesObject,
  { uid, resourceVersion }: Preconditions,
): void {
  const { group, kind } = rulesOf(resource)
  const of = { group, resource: kind }
  if (uid && uid !== metadata.uid)
    throw conflict(
      of,
      name,
      `the UID in the precondition (${uid}) does not match the UID in record (${metadata.uid}). The object might have been deleted and then recreated`,
    )
  if (resourceVersion && resourceVersion !== metadata.resourceVersion)
    throw conflict(
      of,
      name,
      `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${metadata.resourceVersion}). The object might have been modified`,
    )
}
