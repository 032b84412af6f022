/**
 * What clients of the API did and saw, as far as it can be judged. One table of objects, every write of which is marked: it
 * puts an id of its own into `data.last`. Ticks count what one recording program did: whatever ended at a smaller tick than another
 * thing began was over before it in real time.
 */

/** An object as somebody was shown it. For one that was deleted, its last state at the revision of the deletion. */
export interface Held {
  readonly name: string
  readonly uid: string
  readonly revision: number
  readonly data: Readonly<Record<string, string>>
  /** A label that selectors ask for. */
  readonly group: string
}

export type Asked =
  | {
      readonly verb: 'create'
      readonly name: string
      readonly data: Held['data']
      readonly group: string
    }
  | {
      readonly verb: 'update'
      readonly name: string
      readonly data: Held['data']
      readonly group: string
      /** The resourceVersion that it must replace. */
      readonly expected?: number
    }
  /** Merged into the data that is there. */
  | { readonly verb: 'patch'; readonly name: string; readonly data: Held['data'] }
  | { readonly verb: 'delete'; readonly name: string; readonly expected?: number }
  /** Reads that name no revision are to show every write that was acknowledged before. */
  | { readonly verb: 'get'; readonly name: string; readonly notBefore?: number }
  | {
      readonly verb: 'list'
      readonly group?: string
      readonly at?: number
      readonly match?: 'Exact' | 'NotOlderThan'
    }

export type Answer =
  | { readonly kind: 'object'; readonly object: Held }
  | { readonly kind: 'deleted'; readonly uid: string }
  | { readonly kind: 'list'; readonly revision: number; readonly objects: readonly Held[] }
  | {
      readonly kind: 'refused'
      readonly reason: 'AlreadyExists' | 'NotFound' | 'Conflict' | 'Expired'
    }

export interface Operation {
  readonly client: number
  readonly asked: Asked
  readonly began: number
  /** Both are missing where no answer came: a write may then have happened, at any time after it began, or never. */
  readonly ended?: number
  readonly answer?: Answer
}

export interface Delivery {
  readonly tick: number
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK'
  readonly revision: number
  /** Bookmarks have none. */
  readonly object?: Held
  /** The bookmark that ends the initial events. */
  readonly isInitialEnd?: boolean
}

/** One connection of a watch. */
export interface WatchPart {
  /** It tells what comes after this revision; undefined where it begins with the present state as ADDED and a bookmark. */
  readonly from: number | undefined
  readonly deliveries: readonly Delivery[]
  /** The server said that it no longer knows what came after `from`: what is missing was announced. */
  readonly isExpired?: boolean
}

export interface Watch {
  readonly id: string
  /** Which objects it asked for; all of them, where it names nothing. */
  readonly name?: string
  readonly group?: string
  /** Each resumes from the last revision that the ones before it saw. */
  readonly parts: readonly WatchPart[]
  /** By the end it must have seen everything up to here. */
  readonly upTo: number
}

export interface History {
  readonly operations: readonly Operation[]
  /** At least one of them asks for everything, from before the first write to after the last. */
  readonly watches: readonly Watch[]
}

export const isWrite = ({ verb }: Asked): boolean => verb !== 'get' && verb !== 'list'

export const isWhole = ({ name, group }: Watch): boolean =>
  name === undefined && group === undefined

/** Equal for equal states, whatever their revision. */
export function contentOf({ name, uid, data, group }: Held): string {
  const sorted = Object.keys(data)
    .sort()
    .map(key => [key, data[key]])
  return JSON.stringify([name, uid, group, sorted])
}
