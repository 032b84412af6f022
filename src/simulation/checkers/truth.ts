/** What really happened, in the order of revisions, put together from everything that clients were told. */
import { contentOf, type Held, type History, isWhole, type Operation } from './history.ts'

export interface Happening {
  readonly revision: number
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  readonly object: Held
  /** Of the same object, where it was there. */
  readonly previous: Held | undefined
}

/** The table of objects at every revision. */
export class Truth {
  readonly happenings: readonly Happening[]
  readonly last: number
  readonly #byName: ReadonlyMap<string, readonly Happening[]>

  constructor(happenings: readonly Happening[]) {
    this.happenings = happenings
    this.last = happenings.at(-1)?.revision ?? 0
    this.#byName = Map.groupBy(happenings, ({ object }) => object.name)
  }

  get names(): Iterable<string> {
    return this.#byName.keys()
  }

  of(name: string): readonly Happening[] {
    return this.#byName.get(name) ?? []
  }

  /** What the object was at a revision; undefined where it was not there. */
  at(name: string, revision: number): Held | undefined {
    const all = this.of(name)
    const happening = all[firstAbove(all, revision) - 1]
    return happening?.type === 'DELETED' ? undefined : happening?.object
  }

  /** The first thing that happened to it after a revision, of those that `fits` lets through. */
  next(
    name: string,
    revision: number,
    fits: (happening: Happening) => unknown = () => true,
  ): Happening | undefined {
    const all = this.of(name)
    for (let at = firstAbove(all, revision); at < all.length; at++)
      if (fits(all[at] as Happening)) return all[at]
    return undefined
  }

  all(revision: number): ReadonlyMap<string, Held> {
    const found = new Map<string, Held>()
    for (const name of this.names) {
      const object = this.at(name, revision)
      if (object) found.set(name, object)
    }
    return found
  }
}

/** The index of the first that is above the revision. */
export function firstAbove(sorted: readonly { revision: number }[], revision: number): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((sorted[middle] as { revision: number }).revision <= revision) low = middle + 1
    else high = middle
  }
  return low
}

type Told = Pick<Happening, 'type' | 'object'>

/** Whoever told something else about a revision is a violation, and so is what no table of objects could do. */
export function truthOf(history: History): { truth: Truth; violations: string[] } {
  const violations: string[] = []
  const told = new Map<number, Told & { by: string }>()
  const take = (by: string, { type, object }: Told) => {
    const known = told.get(object.revision)
    if (!known) told.set(object.revision, { type, object, by })
    else if (known.type !== type || contentOf(known.object) !== contentOf(object))
      violations.push(
        `revision ${object.revision} is ${show(known)} to ${known.by}, and ${show({ type, object })} to ${by}`,
      )
  }
  for (const operation of history.operations) {
    const written = writtenBy(operation)
    if (written) take(`client ${operation.client}`, written)
  }
  for (const watch of history.watches.filter(isWhole))
    for (const { from, deliveries } of watch.parts)
      for (const { type, object, revision } of deliveries)
        if (type !== 'BOOKMARK' && object && from !== undefined && object.revision === revision)
          take(`watch ${watch.id}`, { type, object })
  const happenings: Happening[] = []
  const present = new Map<string, Held>()
  for (const { type, object, by } of [...told.values()].sort(byRevision)) {
    const previous = present.get(object.name)
    const wrong = impossible({ type, object }, previous)
    if (wrong) violations.push(`${show({ type, object })}, told by ${by}: ${wrong}`)
    if (type === 'DELETED') present.delete(object.name)
    else present.set(object.name, object)
    happenings.push({ type, object, revision: object.revision, previous })
  }
  return { truth: new Truth(happenings), violations }
}

const byRevision = (one: Told, other: Told) => one.object.revision - other.object.revision

function writtenBy({ asked, answer }: Operation): Told | undefined {
  if (answer?.kind !== 'object' || asked.verb === 'get') return undefined
  return { type: asked.verb === 'create' ? 'ADDED' : 'MODIFIED', object: answer.object }
}

function impossible({ type, object }: Told, previous: Held | undefined): string | undefined {
  if (type === 'ADDED')
    return previous && `it was there already, since revision ${previous.revision}`
  if (!previous) return 'it was not there'
  if (previous.uid !== object.uid) return `it was another one, ${previous.uid}`
  if (type === 'DELETED' && contentOf(previous) !== contentOf(object))
    return `its last state was ${JSON.stringify(previous.data)}`
  return undefined
}

export const show = ({ type, object }: Told): string =>
  `${type} ${object.name} ${JSON.stringify(object.data)} at ${object.revision}`
