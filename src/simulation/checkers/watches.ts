/**
 * The six promises of a watch: ordered, unique, reliable, atomic, resumable, bookmarkable. A watch of the API tells one object an event
 * and one revision changes one object, so atomic holds where the others do.
 */
import { contentOf, type Delivery, type Held, type Watch, type WatchPart } from './history.ts'
import { firstAbove, type Happening, type Truth } from './truth.ts'

interface Wanted {
  readonly revision: number
  readonly type: Happening['type']
  readonly content: string
}

/** Judges many watches of one truth, and works out once what each selection must have seen. */
export class WatchJudge {
  readonly #truth: Truth
  readonly #wanted = new Map<string, readonly Wanted[]>()

  constructor(truth: Truth) {
    this.#truth = truth
  }

  violations(watch: Watch): string[] {
    const errors: string[] = []
    const complain = (what: string) => void errors.push(`watch ${watch.id}: ${what}`)
    const wanted = this.#wantedBy(watch)
    let last: number | undefined
    for (const part of watch.parts) {
      if (part.isExpired) {
        last = undefined
        continue
      }
      if (last !== undefined && part.from !== last)
        complain(`resumed from ${part.from}, having seen ${last}`)
      last = this.#follow(watch, part, wanted, complain)
    }
    if (last !== undefined) missing(wanted, last, watch.upTo, complain)
    return errors
  }

  /** Walks over one connection; answers with the revision that it has reached. */
  #follow(
    watch: Watch,
    { from, deliveries }: WatchPart,
    wanted: readonly Wanted[],
    complain: (what: string) => void,
  ): number | undefined {
    let last = from
    const initial: Delivery[] = []
    for (const delivery of deliveries) {
      const { type, revision, object, isInitialEnd } = delivery
      if (last === undefined) {
        if (!isInitialEnd) initial.push(delivery)
        else {
          this.#judgeInitial(watch, initial, revision, complain)
          last = revision
        }
        continue
      }
      if (type === 'BOOKMARK') {
        if (revision < last) complain(`bookmark ${revision} came after ${last}`)
        missing(wanted, last, revision, complain)
        last = Math.max(last, revision)
        continue
      }
      if (revision === last) complain(`${revision} was told twice, or after its bookmark`)
      else if (revision < last) complain(`${revision} was told after ${last}`)
      else missing(wanted, last, revision - 1, complain)
      judgeEvent(wanted, { type, revision, object }, complain)
      last = Math.max(last, revision)
    }
    return last
  }

  #judgeInitial(
    watch: Watch,
    told: readonly Delivery[],
    revision: number,
    complain: (what: string) => void,
  ): void {
    const shown = new Map(told.map(({ object }) => [object?.name, object]))
    if (shown.size < told.length) complain('told an object twice in the initial events')
    for (const [name, is] of this.#truth.all(revision)) {
      if (!selects(watch, is)) continue
      const object = shown.get(name)
      shown.delete(name)
      if (!object || object.revision !== is.revision || contentOf(object) !== contentOf(is))
        complain(
          `began with ${name} of ${object?.revision}, which at ${revision} was ${is.revision}`,
        )
    }
    for (const name of shown.keys())
      complain(`began with ${name}, which was not there at ${revision}`)
  }

  #wantedBy(watch: Watch): readonly Wanted[] {
    const key = JSON.stringify([watch.name, watch.group])
    let wanted = this.#wanted.get(key)
    if (!wanted) {
      wanted = this.#truth.happenings.flatMap(happening => wantedOf(watch, happening))
      this.#wanted.set(key, wanted)
    }
    return wanted
  }
}

const selects = ({ name, group }: Watch, object: Held) =>
  (name === undefined || object.name === name) && (group === undefined || object.group === group)

/** What begins to match is ADDED, what no longer does is DELETED, with the last state that did. */
function wantedOf(watch: Watch, { type, revision, object, previous }: Happening): Wanted[] {
  const isIn = type !== 'DELETED' && selects(watch, object)
  const wasIn = previous !== undefined && selects(watch, previous)
  if (isIn) return [{ revision, type: wasIn ? 'MODIFIED' : 'ADDED', content: contentOf(object) }]
  if (wasIn) return [{ revision, type: 'DELETED', content: contentOf(previous) }]
  return []
}

function judgeEvent(
  wanted: readonly Wanted[],
  { type, revision, object }: Pick<Delivery, 'type' | 'revision' | 'object'>,
  complain: (what: string) => void,
): void {
  const is = wanted[firstAbove(wanted, revision) - 1]
  if (is?.revision !== revision)
    complain(`told ${type} ${object?.name} at ${revision}, for nothing`)
  else if (is.type !== type || !object || is.content !== contentOf(object))
    complain(`told ${type} ${object?.name} at ${revision}, but it was ${is.type} ${is.content}`)
}

/** What lies in (after, upTo] and was not told. */
function missing(
  wanted: readonly Wanted[],
  after: number,
  upTo: number,
  complain: (what: string) => void,
): void {
  for (let at = firstAbove(wanted, after); at < wanted.length; at++) {
    const { revision, type } = wanted[at] as Wanted
    if (revision > upTo) return
    complain(`the ${type} at ${revision} is missing`)
  }
}
