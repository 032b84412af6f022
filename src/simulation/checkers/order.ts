/**
 * Whether there is one order of everything that clients did which agrees with revisions and with real time (strict
 * serializability). The order of writes is known, since each tells its revision; so an operation is a position in the revisions, and
 * all that is left is to find for every other one a position that its answer allows and that is not before any operation that had ended when
 * it began. The least such position is always the best choice, so no search is needed.
 */
import { contentOf, type Held, type History, type Operation } from './history.ts'
import { deletionsByUid } from './model.ts'
import type { Truth } from './truth.ts'

interface Observation {
  readonly ended: number
  readonly position: number
  /** Who knew. */
  readonly by: string
}

const NOTHING: Observation = { ended: 0, position: 0, by: 'nobody' }

export function orderViolations(history: History, truth: Truth): string[] {
  const judge = new Judge(truth)
  const positions = new Map<Operation, Observation>()
  // Whoever saw an event knows that its revision was reached.
  const seen: Observation[] = history.watches.flatMap(({ id, parts }) =>
    parts.flatMap(({ deliveries }) =>
      deliveries.map(({ tick, revision, type }) => ({
        ended: tick,
        position: revision,
        by: `watch ${id} by a ${type}`,
      })),
    ),
  )
  seen.sort((one, other) => one.ended - other.ended)
  const byEnd = history.operations
    .filter(({ ended }) => ended !== undefined)
    .sort((one, other) => (one.ended as number) - (other.ended as number))
  let least = NOTHING
  const learn = (one: Observation | undefined) => {
    if (one && one.position > least.position) least = one
  }
  let nextEnded = 0
  let nextSeen = 0
  for (const operation of [...history.operations].sort((a, b) => a.began - b.began)) {
    for (; endOf(byEnd[nextEnded]) < operation.began; nextEnded++)
      learn(positions.get(byEnd[nextEnded] as Operation))
    for (; (seen[nextSeen]?.ended ?? Number.POSITIVE_INFINITY) < operation.began; nextSeen++)
      learn(seen[nextSeen])
    const position = judge.positionOf(operation, least)
    const { client, ended = 0 } = operation
    const by = `client ${client} by a ${operation.asked.verb}`
    if (position !== undefined) positions.set(operation, { ended, position, by })
  }
  return judge.violations
}

const endOf = (operation: Operation | undefined) => operation?.ended ?? Number.POSITIVE_INFINITY

class Judge {
  readonly violations: string[] = []
  readonly #truth: Truth
  readonly #revisionOfMark = new Map<string, number>()
  readonly #revisionOfDeletion: ReadonlyMap<string, number>

  constructor(truth: Truth) {
    this.#truth = truth
    this.#revisionOfDeletion = deletionsByUid(truth)
    for (const { type, object, revision } of truth.happenings)
      if (type !== 'DELETED') this.#revisionOfMark.set(object.data.last ?? '', revision)
  }

  /** What is complained of is to say who knew more, and since when. */
  #least = NOTHING

  /** Undefined where the operation has none, or says nothing about real time. */
  positionOf(operation: Operation, known: Observation): number | undefined {
    const { asked, answer } = operation
    this.#least = known
    const least = known.position
    if (asked.verb === 'list') return this.#listed(operation, least)
    if (asked.verb === 'get') return this.#got(operation, least)
    if (answer?.kind === 'refused') return this.#refused(operation, least)
    const revision =
      asked.verb === 'delete'
        ? answer?.kind === 'deleted' && this.#revisionOfDeletion.get(answer.uid)
        : this.#revisionOfMark.get(asked.data.last ?? '')
    if (!revision) return undefined
    if (revision <= least)
      this.#complain(operation, `happened at ${revision}, though ${least} was known before`)
    return revision
  }

  #got(operation: Operation, least: number): number | undefined {
    const { asked, answer } = operation
    if (asked.verb !== 'get' || !answer) return undefined
    const from = asked.notBefore ?? least
    if (answer.kind === 'refused')
      return answer.reason === 'NotFound'
        ? this.#whenAbsent(operation, asked.name, from)
        : this.#complain(operation, `was refused as ${answer.reason}`)
    if (answer.kind !== 'object') return undefined
    const { object } = answer
    const wrong = this.#wrongState(object)
    if (wrong) return this.#complain(operation, wrong)
    const next = this.#truth.next(asked.name, object.revision)
    if (next && next.revision <= from)
      return this.#complain(
        operation,
        `showed ${object.revision}, though ${next.revision} was there, and ${from} known`,
      )
    // What names a revision may be old, and tells nothing about now.
    return asked.notBefore === undefined ? Math.max(least, object.revision) : undefined
  }

  #listed(operation: Operation, least: number): number | undefined {
    const { asked, answer } = operation
    if (asked.verb !== 'list' || answer?.kind !== 'list') return undefined
    const { at, match, group } = asked
    const { revision } = answer
    if (match === 'Exact' && revision !== at)
      return this.#complain(operation, `showed ${revision} instead of ${at}`)
    if (revision < (at ?? least))
      return this.#complain(operation, `showed ${revision}, though ${at ?? least} was known`)
    const shown = new Map(answer.objects.map(object => [object.name, object]))
    if (shown.size < answer.objects.length) this.#complain(operation, 'showed an object twice')
    for (const [name, object] of this.#truth.all(revision))
      if ((group === undefined || object.group === group) && !shown.has(name))
        this.#complain(operation, `at ${revision} left out ${name}`)
    for (const object of answer.objects) {
      const is = this.#truth.at(object.name, revision)
      if (!is || is.revision !== object.revision || contentOf(is) !== contentOf(object))
        this.#complain(
          operation,
          `at ${revision} showed ${object.name} of ${object.revision}, but it was ${is?.revision}`,
        )
      else if (group !== undefined && is.group !== group)
        this.#complain(operation, `showed ${object.name} of group ${is.group}`)
    }
    return at === undefined ? revision : undefined
  }

  #refused(operation: Operation, least: number): number | undefined {
    const { asked, answer } = operation
    if (answer?.kind !== 'refused' || !('name' in asked)) return undefined
    if (answer.reason === 'NotFound') return this.#whenAbsent(operation, asked.name, least)
    const expected = 'expected' in asked ? asked.expected : undefined
    if (answer.reason === 'Conflict' && expected === undefined) return undefined
    const fits = (object: Held | undefined) =>
      object && (answer.reason !== 'Conflict' || object.revision !== expected)
    if (fits(this.#truth.at(asked.name, least))) return least
    const later = this.#truth.next(
      asked.name,
      least,
      ({ type, object }) => type !== 'DELETED' && fits(object),
    )
    return later?.revision ?? this.#complain(operation, `was refused as ${answer.reason}, wrongly`)
  }

  #whenAbsent(operation: Operation, name: string, least: number): number | undefined {
    if (!this.#truth.at(name, least)) return least
    const gone = this.#truth.next(name, least, ({ type }) => type === 'DELETED')
    return gone?.revision ?? this.#complain(operation, `found no ${name}, which was there`)
  }

  #wrongState(object: Held): string | undefined {
    const is = this.#truth.at(object.name, object.revision)
    if (is && is.revision === object.revision && contentOf(is) === contentOf(object)) return
    return `showed ${JSON.stringify(object.data)} of ${object.revision}, but it was ${JSON.stringify(is?.data)} of ${is?.revision}`
  }

  #complain({ client, asked, began }: Operation, what: string): undefined {
    const name = 'name' in asked ? ` of ${asked.name}` : ''
    const { position, by, ended } = this.#least
    this.violations.push(
      `the ${asked.verb}${name} by client ${client} at tick ${began} ${what} (${position} was known to ${by} at tick ${ended})`,
    )
  }
}
