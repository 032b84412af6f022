/**
 * One change of one object as watches tell it. Every form of it (ADDED, MODIFIED or DELETED, by version, as value or
 * as bytes) is made at most once and handed to all watchers alike.
 */

import type { AnyKind } from '#api/machinery/kind.ts'
import { encodeWatchFrame } from '#api/machinery/protobuf-envelope.ts'
import type { WatchEvent } from '#client/transport.ts'
import type { Revision } from '#store'
import { protobufOf } from '../protobuf.ts'
import type { Representation, StoredObject } from '../storage/stored-object.ts'
import type { View } from '../storage/view.ts'

export type ChangeType = 'ADDED' | 'MODIFIED' | 'DELETED'

/** An event in all its forms. `bytes` is a line of the watch's JSON stream, `frame` a frame of its protobuf stream. */
export interface EncodedEvent {
  readonly event: WatchEvent
  readonly bytes: Uint8Array
  /** What `bytes` is put together from, for those who put together more. */
  readonly parts: readonly Uint8Array[]
  readonly frame: Uint8Array
  /** The stored object that is shown, where the event is about one; other forms of it are shared. */
  readonly shown?: Representation
}

interface Encoded {
  readonly type: ChangeType
  readonly view: View
  readonly encoded: EncodedEvent
}

export class CacheEvent {
  readonly revision: Revision
  readonly type: ChangeType
  /** The new state; of a deletion the last state, at the revision of the deletion. */
  readonly current: StoredObject
  /** The state before, at the revision of this event: what a watcher is told when its selector stops matching. */
  readonly previous: StoredObject | undefined
  /** Mostly one: few kinds are watched in several versions, and few watches see a change as another than it is. */
  #encoded: Encoded[] | undefined

  constructor(
    revision: Revision,
    type: ChangeType,
    current: StoredObject,
    previous?: StoredObject,
  ) {
    this.revision = revision
    this.type = type
    this.current = current
    this.previous = previous
  }

  /** Gives up all forms that can be made anew. */
  forget(): void {
    this.#encoded = undefined
    this.previous?.forget()
  }

  /** This change told as `type`: DELETED shows the previous state, everything else the current one. */
  as(type: ChangeType, view: View): EncodedEvent {
    const known = this.#encoded?.find(each => each.type === type && each.view === view)
    if (known) return known.encoded
    const shown = type === 'DELETED' ? (this.previous ?? this.current) : this.current
    const encoded = encodeEvent(type, shown.in(view), view.kind)
    this.#encoded = (this.#encoded ?? []).concat({ type, view, encoded })
    return encoded
  }
}

const encoder = new TextEncoder()
const OPENINGS = {
  ADDED: encoder.encode('{"type":"ADDED","object":'),
  MODIFIED: encoder.encode('{"type":"MODIFIED","object":'),
  DELETED: encoder.encode('{"type":"DELETED","object":'),
}
const CLOSING = encoder.encode('}\n')

/** Forms are made when asked for: watchers in process never pay for bytes, remote ones never for values. */
export function encodeEvent(type: ChangeType, shown: Representation, kind: AnyKind): EncodedEvent {
  return new LazyEvent(type, shown, kind)
}

class LazyEvent implements EncodedEvent {
  readonly shown: Representation
  readonly #type: ChangeType
  readonly #kind: AnyKind
  #event: WatchEvent | undefined
  #bytes: Uint8Array | undefined
  #frame: Uint8Array | undefined

  constructor(type: ChangeType, shown: Representation, kind: AnyKind) {
    this.#type = type
    this.shown = shown
    this.#kind = kind
  }
  get event(): WatchEvent {
    this.#event ??= Object.freeze({ type: this.#type, object: this.shown.object })
    return this.#event
  }
  get bytes(): Uint8Array {
    this.#bytes ??= Buffer.concat(this.parts)
    return this.#bytes
  }
  get parts(): readonly Uint8Array[] {
    return [OPENINGS[this.#type], this.shown.bytes, CLOSING]
  }
  get frame(): Uint8Array {
    this.#frame ??= encodeWatchFrame(this.#type, protobufOf(this.#kind, this.shown))
    return this.#frame
  }
}
