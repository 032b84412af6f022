/**
 * Answers in protobuf. The message of one revision of an object is made when somebody first wants it and shared by every
 * GET, LIST and WATCH from then on; what only JSON speakers read never costs anything.
 */

import { type MetaKind, partialObjectMetadataKind, statusKind } from '#api/machinery/meta-kinds.ts'
import { encodeProtobuf } from '#api/machinery/protobuf.ts'
import {
  encodeListProtobuf,
  encodeObjectProtobuf,
  encodeWatchFrame,
  messageIn,
} from '#api/machinery/protobuf-envelope.ts'
import type { Representation } from './storage/stored-object.ts'

/** Enough of a kind to write objects and lists of it. */
export type Encodable = MetaKind & { readonly listKind?: string }

/** The bare message of a stored object, as lists hold it: a part of its body. */
export function messageOf(kind: MetaKind, shown: Representation): Uint8Array {
  return messageIn(protobufOf(kind, shown))
}

/** A stored object in its envelope, as bodies and watch frames hold it. */
export function protobufOf(kind: MetaKind, shown: Representation): Uint8Array {
  shown.protobuf ??= encodeObjectProtobuf(kind, shown.object)
  return shown.protobuf
}

const OLD_PARTIAL_METADATA = { ...partialObjectMetadataKind, version: 'v1beta1' }

/** A value that was made for one answer; undefined where it is of none of the kinds that have messages. */
export function encodeValueProtobuf(value: unknown, kind?: Encodable): Uint8Array | undefined {
  const { kind: name, apiVersion = '' } = value as { kind?: string; apiVersion?: string }
  const partial = apiVersion.endsWith('/v1beta1') ? OLD_PARTIAL_METADATA : partialObjectMetadataKind
  for (const known of [kind, statusKind, partial] as (Encodable | undefined)[]) {
    if (known?.kind === name && known) return encodeObjectProtobuf(known, value as object)
    if (known?.listKind !== undefined && known.listKind === name)
      return encodeListOf({ ...known, listKind: known.listKind }, value as ListValue)
  }
  return undefined
}

interface ListValue {
  readonly metadata: object
  readonly items: readonly object[]
}

function encodeListOf(kind: MetaKind & { listKind: string }, { metadata, items }: ListValue) {
  const encoded = items.map(item => encodeProtobuf(kind.shape, item))
  return Buffer.concat(encodeListProtobuf(kind, metadata, encoded))
}

/** The frame of an event that only one watcher sees. */
export function frameOf(type: string, object: object, kind: MetaKind): Uint8Array {
  const shown = type === 'ERROR' ? statusKind : kind
  return encodeWatchFrame(type, encodeObjectProtobuf(shown, object))
}
