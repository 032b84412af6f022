/**
 * Changes of one resource that were committed together, in order. Whoever wants all of them is told once, with the same bytes as everybody
 * else: what a watch costs for each event is then shared by the group.
 */
import type { Revision } from '#store'
import type { View } from '../storage/view.ts'
import type { CacheEvent, EncodedEvent } from './cache-event.ts'

/** Small events are put together to so much, which is what one frame of HTTP/2 holds. */
const PIECE_BYTES = 16 * 1024

/** A group in one version. `bytes` and `frames` are pieces of the watch's JSON and protobuf streams. */
export interface EncodedGroup {
  readonly events: readonly EncodedEvent[]
  readonly bytes: readonly Uint8Array[]
  readonly frames: readonly Uint8Array[]
}

export class EventGroup {
  readonly events: readonly CacheEvent[]
  readonly #encoded = new Map<View, EncodedGroup>()

  constructor(events: readonly CacheEvent[]) {
    this.events = events
  }

  /** Of the first, which is the lowest. */
  get revision(): Revision {
    return this.events[0]?.revision ?? 0
  }

  in(view: View): EncodedGroup {
    let encoded = this.#encoded.get(view)
    if (!encoded) {
      encoded = encodedGroup(this.events.map(event => event.as(event.type, view)))
      this.#encoded.set(view, encoded)
    }
    return encoded
  }
}

function encodedGroup(events: readonly EncodedEvent[]): EncodedGroup {
  let bytes: readonly Uint8Array[] | undefined
  let frames: readonly Uint8Array[] | undefined
  return {
    events,
    get bytes() {
      bytes ??= gathered(events.map(event => event.parts))
      return bytes
    },
    get frames() {
      frames ??= gathered(events.map(event => [event.frame]))
      return frames
    },
  }
}

/** Large ones are not copied. */
function gathered(events: readonly (readonly Uint8Array[])[]): Uint8Array[] {
  const pieces: Uint8Array[] = []
  let parts: Uint8Array[] = []
  let size = 0
  const finish = () => {
    if (parts.length > 0)
      pieces.push(parts.length === 1 ? (parts[0] as Uint8Array) : Buffer.concat(parts, size))
    parts = []
    size = 0
  }
  for (const event of events) {
    const length = event.reduce((sum, part) => sum + part.length, 0)
    if (size + length > PIECE_BYTES) finish()
    if (length > PIECE_BYTES) pieces.push(...event)
    else {
      parts.push(...event)
      size += length
    }
  }
  finish()
  return pieces
}
