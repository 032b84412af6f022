/**
 * Whoever writes a status in process sends back the object that it read, which is the server's own, frozen, with another status, and
 * a patch shares what it leaves alone. What is the very value of the cache has been decoded, and goes into the draft as it is.
 */
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import { isPlainObject, type PlainObject } from '#api/machinery/plain.ts'
import { decodeDraft, draftOf } from './body.ts'
import { rulesOf } from './registry.ts'
import type { Write } from './write.ts'

/** The draft of a status over the object that the cache has now; undefined where anything else may be new. */
export function draftOverKnown(write: Write, body: unknown): KubernetesObject | undefined {
  const { exchange, resource, namespace, name } = write
  const { kind, storage } = resource
  if (!keepsAllButStatus(write) || !isPlainObject(body)) return
  // Metadata tell the revision and are made once for each: whoever has them read this revision.
  const known = storage.cache.get(namespace, name)?.object
  if (!known || body.metadata !== known.metadata || !isAllButStatus(body, known)) return
  const { apiVersion, kind: kindName } = body
  const sent = { apiVersion, kind: kindName, metadata: {}, status: body.status }
  const { status } = decodeDraft(exchange, kind, sent) as { status?: unknown }
  const { status: _, ...kept } = known as KubernetesObject & { status?: unknown }
  return { ...kept, metadata: { ...known.metadata }, ...(status === undefined ? {} : { status }) }
}

/** The draft of a write with the metadata that the cache has now; undefined where they may be others. */
export function draftWithKnownMetadata(write: Write, body: unknown): KubernetesObject | undefined {
  const { exchange, resource, namespace, name } = write
  const { kind, storage } = resource
  if (!isShownAsStored(write) || !isPlainObject(body) || !Object.isFrozen(body.metadata)) return
  const metadata = storage.cache.get(namespace, name)?.object.metadata
  if (body.metadata !== metadata || !metadata) return
  return draftOf(exchange, kind, { value: body, duplicates: [], metadata: ownMetadata(metadata) })
}

/** A draft's own, with parts of its own where steps of admission change them in place. */
function ownMetadata(metadata: KubernetesObject['metadata']): KubernetesObject['metadata'] {
  const { labels, annotations, finalizers } = metadata
  return {
    ...metadata,
    ...(labels ? { labels: { ...labels } } : {}),
    ...(annotations ? { annotations: { ...annotations } } : {}),
    ...(finalizers ? { finalizers: [...finalizers] } : {}),
  }
}

/** What has to be decoded of a patched object, and what is known of the rest. */
interface Undecoded {
  readonly value: PlainObject
  /** Stand for those of the value. They go into the draft. */
  readonly metadata?: KubernetesObject['metadata']
  /** What the decoded draft is completed with. */
  readonly rest?: Partial<KubernetesObject>
}

/**
 * Of a patched object, what has to be decoded: not the metadata where the patch left them as they were, which are the larger half of many objects; and
 * where a patch of a status left all else as the cache has it, only the status.
 */
export function toDecode(write: Write, patched: PlainObject, known: KubernetesObject): Undecoded {
  const isKept = isSame(patched.metadata, known.metadata) && isShownAsStored(write)
  const metadata = isKept ? { metadata: ownMetadata(known.metadata) } : {}
  if (!keepsAllButStatus(write) || !isAllButStatus({ ...patched, metadata: known.metadata }, known))
    return { value: patched, ...metadata }
  const { status, metadata: its } = patched
  const { apiVersion, kind, metadata: _, status: __, ...rest } = known as Known
  const value = { apiVersion, kind, metadata: its, ...(status === undefined ? {} : { status }) }
  return { value, rest, ...metadata }
}

/** Patches of a status mostly name the object's uid as a condition: metadata of their own, and nothing new in them. */
function isSame(patched: unknown, known: KubernetesObject['metadata']): boolean {
  if (patched === known) return true
  if (!isPlainObject(patched)) return false
  const fields = known as PlainObject
  const names = Object.keys(fields)
  if (names.length !== Object.keys(patched).length) return false
  return names.every(name => Object.hasOwn(patched, name) && patched[name] === fields[name])
}

type Known = KubernetesObject & { readonly status?: unknown }

/** Whether the write is one of a status that can be decoded alone, of a kind whose objects are shown as they are stored. */
function keepsAllButStatus(write: Write): boolean {
  const { resource, subresource } = write
  if (subresource !== 'status' || !isShownAsStored(write)) return false
  return rulesOf(resource).subresources.status === true && !resource.kind.statusDefaultsNeedSpec
}

/** What is shown of such a kind has been decoded by its schema. */
function isShownAsStored({ resource: { kind, view } }: Write): boolean {
  return !kind.custom && !view.fromStored
}

function isAllButStatus(body: PlainObject, known: KubernetesObject): boolean {
  const fields = known as unknown as PlainObject
  return [...Object.keys(fields), ...Object.keys(body)].every(
    field => field === 'status' || body[field] === fields[field],
  )
}
