/** Where the store's keys lie in etcd: below a prefix that takes the place of their own root. */

/** All keys there are, in etcd's words: from the first possible one to the end. */
export const ALL_KEYS = { key: Uint8Array.of(0), rangeEnd: Uint8Array.of(0) }

export interface KeySpace {
  /** How all keys of the store begin here, e.g. `/registry/`; may be empty. */
  readonly root: string
  /** How they begin in etcd (`--etcd-prefix` and a slash); not empty. */
  readonly prefix: string
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** Throws a RangeError for a key that is not below the root. */
export function etcdKey({ root, prefix }: KeySpace, key: string): Uint8Array {
  if (!key.startsWith(root)) throw new RangeError(`${key} is not below ${root}`)
  return encoder.encode(prefix + key.slice(root.length))
}

/** Undefined for somebody else's key. */
export function storeKey({ root, prefix }: KeySpace, key: Uint8Array): string | undefined {
  const text = decoder.decode(key)
  return text.startsWith(prefix) ? root + text.slice(prefix.length) : undefined
}

/** etcd's range of all keys that begin so, from `start` on where that lies in it. */
export function rangeOf(space: KeySpace, prefix: string, start = ''): KeyRange {
  // A prefix above the root, such as '', is that of the whole store.
  const first = etcdKey(space, prefix.length < space.root.length ? space.root : prefix)
  const from = start > prefix ? etcdKey(space, start) : first
  return { key: from, rangeEnd: endOf(first) }
}

export interface KeyRange {
  readonly key: Uint8Array
  readonly rangeEnd: Uint8Array
}

/** The first key behind all that begin so; a zero byte, which is none, where there is no such key. */
function endOf(prefix: Uint8Array): Uint8Array {
  const end = prefix.slice()
  for (let at = end.length - 1; at >= 0; at--) {
    const byte = end[at] as number
    if (byte < 0xff) {
      end[at] = byte + 1
      return end.subarray(0, at + 1)
    }
  }
  return ALL_KEYS.rangeEnd
}
