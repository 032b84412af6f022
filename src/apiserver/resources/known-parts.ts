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
export function draftWithKnownMetadata(
  { exchange, resource, namespace, name }: Write,
  body: unknown,
): KubernetesObject | undefined {
  const { kind, storage, view } = resource
  if (kind.custom || view.fromStored || !isPlainObject(body) || !Object.isFrozen(body.metadata))
    return
  const metadata = storage.cache.get(namespace, name)?.object.metadata
  if (body.metadata !== metadata || !metadata) return
  const { labels, annotations, finalizers } = metadata
  const own = {
    ...metadata,
    ...(labels ? { labels: { ...labels } } : {}),
    ...(annotations ? { annotations: { ...annotations } } : {}),
    ...(finalizers ? { finalizers: [...finalizers] } : {}),
  }
  return draftOf(exchange, kind, { value: body, duplicates: [], metadata: own })
}

/**
 * Of a patched object, what has to be decoded: where a patch of a status left all else as the cache has it, metadata and status.
 * `rest` is what the decoded draft is completed with.
 */
export function toDecode(
  write: Write,
  patched: PlainObject,
  known: KubernetesObject,
): { readonly value: PlainObject; readonly rest?: Partial<KubernetesObject> } {
  if (!keepsAllButStatus(write) || !isAllButStatus({ ...patched, metadata: known.metadata }, known))
    return { value: patched }
  const { apiVersion, kind, metadata, status } = patched
  const { metadata: _, status: __, ...rest } = known as KubernetesObject & { status?: unknown }
  return {
    value: { apiVersion, kind, metadata, ...(status === undefined ? {} : { status }) },
    rest,
  }
}

/** Whether the write is one of a status, of a kind whose objects are shown as they are stored. */
function keepsAllButStatus({ resource, subresource }: Write): boolean {
  const { kind, view } = resource
  if (subresource !== 'status' || kind.custom || view.fromStored) return false
  return rulesOf(resource).subresources.status === true
}

function isAllButStatus(body: PlainObject, known: KubernetesObject): boolean {
  const fields = known as unknown as PlainObject
  return [...Object.keys(fields), ...Object.keys(body)].every(
    field => field === 'status' || body[field] === fields[field],
  )
}
