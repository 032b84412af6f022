/**
 * Answers in CBOR, loaded with the first client that offers it. As with protobuf, the item of one revision of an object is
 * made once and shared by every GET, LIST and WATCH.
 */
import {
  encodeCbor,
  encodeCborFrame,
  encodeCborValue,
  encodeListCbor,
  selfDescribed,
} from '#api/machinery/cbor.ts'
import { apiVersionOf } from '#api/machinery/kind.ts'
import { type MetaKind, statusKind } from '#api/machinery/meta-kinds.ts'
import type { Encodable } from './protobuf.ts'
import type { Representation } from './storage/stored-object.ts'
import type { EncodedEvent } from './watch-cache/cache-event.ts'

export { decodeCbor } from '#api/machinery/cbor.ts'

// By the object, not by who shows it: of objects that nobody reads these go when the object does (see FormCache).
const items = new WeakMap<object, Uint8Array>()
const listItems = new WeakMap<object, Uint8Array>()
const frames = new WeakMap<EncodedEvent, Uint8Array>()

function itemOf(kind: MetaKind, { object }: Representation): Uint8Array {
  let item = items.get(object)
  if (!item) {
    item = encodeCbor(kind.shape, object)
    items.set(object, item)
  }
  return item
}

/** An item of a list, which tells of built-in kinds once for all what they are. */
export function cborItemOf(kind: MetaKind & { readonly custom?: unknown }, shown: Representation) {
  if (kind.custom) return itemOf(kind, shown)
  const { object } = shown
  let item = listItems.get(object)
  if (!item) {
    const { kind: _, apiVersion: __, ...rest } = object
    item = encodeCbor(kind.shape, rest)
    listItems.set(object, item)
  }
  return item
}

/** A stored object as a body. */
export const cborOf = (kind: MetaKind, shown: Representation): Uint8Array =>
  selfDescribed(itemOf(kind, shown))

/** A value that was made for one answer; `kind` says which of its texts are bytes. */
export function cborOfValue(value: unknown, kind?: Encodable): Uint8Array {
  const isOfKind = kind !== undefined && (value as { kind?: string }).kind === kind.kind
  return selfDescribed(isOfKind ? encodeCbor(kind.shape, value as object) : encodeCborValue(value))
}

/** The body of a list of items (see `cborItemOf`), in pieces. */
export function cborOfList(
  kind: MetaKind & { readonly listKind: string },
  metadata: object,
  items: readonly Uint8Array[],
): Uint8Array[] {
  return encodeListCbor({ kind: kind.listKind, apiVersion: apiVersionOf(kind) }, metadata, items)
}

/** The frame of an event, the same for all its watchers. */
export function cborFrameOf(event: EncodedEvent, kind: MetaKind): Uint8Array {
  let frame = frames.get(event)
  if (!frame) {
    const { type, object } = event.event
    const item = event.shown
      ? itemOf(kind, event.shown)
      : encodeCbor(kindOf(type, kind).shape, object)
    frame = encodeCborFrame(type, item)
    frames.set(event, frame)
  }
  return frame
}

/** The frame of an event that only one watcher sees. */
export const cborFrameFor = (type: string, object: object, kind: MetaKind): Uint8Array =>
  encodeCborFrame(type, encodeCbor(kindOf(type, kind).shape, object))

const kindOf = (type: string, kind: MetaKind) => (type === 'ERROR' ? statusKind : kind)
