import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Random } from '#base/random.ts'
import { seededRandom } from '../testing/hollow-cluster.ts'
import type { Delivery, Held, History, Operation, Watch } from './checkers.ts'
import { violationsOf } from './checkers.ts'
import { isWrite } from './history.ts'
import { generatedHistory } from './testing/generated.ts'

const HISTORIES = 60
const LENGTH = 120

const histories = Array.from({ length: HISTORIES }, (_, seed) =>
  generatedHistory(seededRandom(seed + 1), LENGTH),
)

test('a server that is right is found right', () => {
  for (const [seed, history] of histories.entries())
    assert.deepEqual(violationsOf(history), [], `seed ${seed + 1}`)
})

/** Spoils a history, or answers undefined where it has no place for this fault. */
type Fault = (history: History, random: Random) => History | undefined

const pick = <T>(random: Random, all: readonly T[]): T | undefined =>
  all[random.integer(all.length)]

const withOperation = (history: History, one: Operation, next: Operation): History => ({
  ...history,
  operations: history.operations.map(each => (each === one ? next : each)),
})

const objectOf = ({ answer }: Operation): Held | undefined =>
  answer?.kind === 'object' ? answer.object : undefined

const writes = (history: History) =>
  history.operations.filter(one => one.asked.verb !== 'get' && objectOf(one))

/** A read of an object that nobody was changing meanwhile, so that only one answer is right. */
function quietRead(history: History, random: Random): Operation | undefined {
  const isQuiet = ({ asked, began, ended = 0 }: Operation) =>
    !history.operations.some(
      other =>
        isWrite(other.asked) &&
        'name' in other.asked &&
        'name' in asked &&
        other.asked.name === asked.name &&
        other.began < ended &&
        (other.ended ?? Number.POSITIVE_INFINITY) > began,
    )
  return pick(
    random,
    history.operations.filter(one => one.asked.verb === 'get' && objectOf(one) && isQuiet(one)),
  )
}

/** Changes the deliveries of one watch, at the place of a random event. */
const withEvents =
  (change: (all: Delivery[], at: number) => Delivery[] | undefined, of = 'parts'): Fault =>
  (history, random) => {
    const watch = history.watches.find(({ id }) => id === of) as Watch
    const part = pick(
      random,
      watch.parts.filter(({ deliveries }) => deliveries.length > 1),
    )
    if (!part) return undefined
    const events = part.deliveries.flatMap(({ type }, at) => (type === 'BOOKMARK' ? [] : [at]))
    const at = pick(random, events)
    const deliveries = at === undefined ? undefined : change([...part.deliveries], at)
    if (!deliveries) return undefined
    const parts = watch.parts.map(each => (each === part ? { ...part, deliveries } : each))
    const watches = history.watches.map(each => (each === watch ? { ...watch, parts } : each))
    return { ...history, watches }
  }

const withoutRevision = (history: History, revision: number): History => ({
  ...history,
  watches: history.watches.map(watch => ({
    ...watch,
    parts: watch.parts.map(part => ({
      ...part,
      deliveries: part.deliveries.filter(each => each.revision !== revision),
    })),
  })),
})

/** Changes what a read showed. */
const withRead =
  (change: (object: Held, history: History) => Held | undefined): Fault =>
  (history, random) => {
    const read = quietRead(history, random)
    const object = read && change(objectOf(read) as Held, history)
    if (!read || !object) return undefined
    return withOperation(history, read, { ...read, answer: { kind: 'object', object } })
  }

const withList =
  (change: (objects: Held[], revision: number) => [Held[], number] | undefined): Fault =>
  (history, random) => {
    const lists = history.operations.filter(
      ({ answer }) => answer?.kind === 'list' && answer.objects.length > 1,
    )
    const list = pick(random, lists)
    if (list?.answer?.kind !== 'list') return undefined
    const changed = change([...list.answer.objects], list.answer.revision)
    if (!changed) return undefined
    const [objects, revision] = changed
    return withOperation(history, list, { ...list, answer: { kind: 'list', objects, revision } })
  }

const faults: Readonly<Record<string, Fault>> = {
  'a lost write': (history, random) => {
    const revision = pick(random, writes(history).map(objectOf))?.revision
    return revision === undefined ? undefined : withoutRevision(history, revision)
  },
  'a lost deletion': (history, random) => {
    const whole = history.watches[0]?.parts[0]?.deliveries ?? []
    const deletion = pick(
      random,
      whole.filter(({ type, object }) =>
        history.operations.some(
          ({ answer }) =>
            type === 'DELETED' && answer?.kind === 'deleted' && answer.uid === object?.uid,
        ),
      ),
    )
    return deletion && withoutRevision(history, deletion.revision)
  },
  'a stale read': withRead((object, { operations }) => {
    const older = operations
      .flatMap(one => objectOf(one) ?? [])
      .filter(({ name, revision }) => name === object.name && revision < object.revision)
      .sort((a, b) => a.revision - b.revision)
    return older[0]
  }),
  'a read of what was never written': withRead(object => ({
    ...object,
    data: { ...object.data, value: 'never' },
  })),
  'a read at another revision': withRead(object => ({ ...object, revision: object.revision + 1 })),
  'a read that finds nothing': (history, random) => {
    const read = quietRead(history, random)
    return (
      read &&
      withOperation(history, read, { ...read, answer: { kind: 'refused', reason: 'NotFound' } })
    )
  },
  'a create that is refused, and happened': (history, random) => {
    const create = pick(
      random,
      history.operations.filter(one => one.asked.verb === 'create' && objectOf(one)),
    )
    const answer = { kind: 'refused', reason: 'AlreadyExists' } as const
    return create && withOperation(history, create, { ...create, answer })
  },
  'a revision given twice': (history, random) => {
    const one = pick(random, writes(history))
    const other = pick(random, writes(history))
    if (!one || !other || one === other) return undefined
    const object = { ...(objectOf(one) as Held), revision: objectOf(other)?.revision ?? 0 }
    return withOperation(history, one, { ...one, answer: { kind: 'object', object } })
  },
  'a lost update': (history, random) => {
    const patches = history.operations.filter(one => one.asked.verb === 'patch' && objectOf(one))
    const revision = pick(random, patches.map(objectOf))?.revision
    if (revision === undefined) return undefined
    // Everybody agrees that the patch left nothing of what was there.
    const spoil = (object: Held | undefined) =>
      object?.revision === revision
        ? { ...object, data: { last: object.data.last ?? '', none: 'x' } }
        : object
    return {
      operations: history.operations.map(each => {
        const object = spoil(objectOf(each))
        return object ? { ...each, answer: { kind: 'object', object } } : each
      }),
      watches: history.watches.map(watch => ({
        ...watch,
        parts: watch.parts.map(part => ({
          ...part,
          deliveries: part.deliveries.map(each => {
            const object = spoil(each.object)
            return object ? { ...each, object } : each
          }),
        })),
      })),
    }
  },
  'a write that came before what was known': (history, random) => {
    const write = pick(random, writes(history))
    const last = Math.max(...history.operations.map(({ ended = 0 }) => ended))
    // It happened long before it began.
    return write && withOperation(history, write, { ...write, began: last + 1, ended: last + 2 })
  },
  'an event that is missing': withEvents((all, at) => all.toSpliced(at, 1)),
  'an event that is missing to a selector': withEvents((all, at) => all.toSpliced(at, 1), 'odd'),
  'an event that is missing to a name': withEvents((all, at) => all.toSpliced(at, 1), 'a'),
  'an event told twice': withEvents((all, at) => all.toSpliced(at, 0, all[at] as Delivery)),
  'events out of order': withEvents((all, at) => {
    const next = all[at + 1]
    if (!next || next.type === 'BOOKMARK') return undefined
    return all.toSpliced(at, 2, next, all[at] as Delivery)
  }),
  'an event of another type': withEvents((all, at) => {
    const one = all[at] as Delivery
    return all.with(at, { ...one, type: one.type === 'DELETED' ? 'MODIFIED' : 'DELETED' })
  }, 'even'),
  'an event with another state': withEvents((all, at) => {
    const one = all[at] as Delivery
    const object = { ...(one.object as Held), group: 'neither' }
    return all.with(at, { ...one, object })
  }),
  'an event that nobody caused': withEvents((all, at) => {
    const { object, tick } = all[at] as Delivery
    const phantom = { ...(object as Held), name: 'phantom', revision: 1e6, uid: 'x' }
    return [...all, { tick, type: 'ADDED', revision: 1e6, object: phantom }]
  }, 'whole'),
  'a bookmark ahead of events': withEvents((all, at) => {
    const { tick, revision } = all[at] as Delivery
    return all.toSpliced(at, 0, { tick, type: 'BOOKMARK', revision })
  }),
  'a bookmark that goes back': withEvents((all, at) => {
    const { tick, revision } = all[at] as Delivery
    return all.toSpliced(at + 1, 0, { tick, type: 'BOOKMARK', revision: revision - 1 })
  }),
  'a resumption with a gap': (history, random) => {
    const watch = history.watches.find(({ id }) => id === 'parts') as Watch
    const at = 1 + random.integer(Math.max(1, watch.parts.length - 1))
    const part = watch.parts[at]
    const [first] = part?.deliveries ?? []
    if (!part || !first) return undefined
    const parts = watch.parts.with(at, {
      from: first.revision,
      deliveries: part.deliveries.slice(1),
    })
    const watches = history.watches.map(each => (each === watch ? { ...watch, parts } : each))
    return { ...history, watches }
  },
  'a list that leaves one out': withList((objects, revision) => [objects.slice(1), revision]),
  'a list with one twice': withList((objects, revision) => [
    [...objects, objects[0] as Held],
    revision,
  ]),
  'a list of a revision before': withList((objects, revision) => [objects, revision - 60]),
  'a list with a state of another time': withList((objects, revision) => {
    const [first, ...others] = objects as [Held]
    return [[{ ...first, revision: first.revision - 1 }, ...others], revision]
  }),
}

test('every planted fault is objected to, wherever it is planted', context => {
  let planted = 0
  for (const [what, fault] of Object.entries(faults)) {
    let places = 0
    for (const [seed, history] of histories.entries()) {
      const spoilt = fault(history, seededRandom(seed))
      if (!spoilt) continue
      places++
      assert.notDeepEqual(violationsOf(spoilt), [], `${what}, seed ${seed + 1}`)
    }
    assert.ok(places > HISTORIES / 4, `${what} found only ${places} places`)
    planted += places
  }
  const { length } = Object.keys(faults)
  context.diagnostic(`planted faults caught: ${planted}/${planted} of ${length} sorts`)
})

const held = (name: string, revision: number): Held => ({
  name,
  uid: `u-${name}`,
  revision,
  data: { last: `${name}${revision}` },
  group: 'odd',
})
const create = (name: string, revision: number, began: number): Operation => {
  const object = held(name, revision)
  const { data, group } = object
  const answer = { kind: 'object', object } as const
  return {
    client: 1,
    began,
    ended: began + 1,
    asked: { verb: 'create', name, data, group },
    answer,
  }
}
const added = (name: string, revision: number, tick: number): Delivery => ({
  tick,
  type: 'ADDED',
  revision,
  object: held(name, revision),
})

/** Two objects, and a watch that begins with the present state. */
function begun(initial: readonly Delivery[], end = 6): History {
  const later = added('c', 7, 20)
  const whole = [added('a', 5, 2), added('b', 6, 4), later]
  const bookmark: Delivery = { tick: 9, type: 'BOOKMARK', revision: end, isInitialEnd: true }
  return {
    operations: [create('a', 5, 1), create('b', 6, 3), create('c', 7, 15)],
    watches: [
      { id: 'whole', upTo: 7, parts: [{ from: 4, deliveries: whole }] },
      {
        id: 'begun',
        upTo: 7,
        parts: [{ from: undefined, deliveries: [...initial, bookmark, later] }],
      },
    ],
  }
}

test('initial events are the state of their bookmark', () => {
  const all = [added('a', 5, 8), added('b', 6, 8)]
  assert.deepEqual(violationsOf(begun(all)), [])
  for (const [what, wrong] of Object.entries({
    'one is missing': begun(all.slice(1)),
    'one is told twice': begun([...all, added('a', 5, 8)]),
    'one is from later': begun([...all, added('c', 7, 8)]),
    'one is of another revision': begun([added('a', 4, 8), added('b', 6, 8)]),
    'the bookmark is ahead': begun(all, 7),
  }))
    assert.notDeepEqual(violationsOf(wrong), [], what)
})

test('a watch that was told that its revision is gone may begin anew; any other may not', () => {
  const { operations, watches } = begun([added('a', 5, 8), added('b', 6, 8)])
  const gap = { from: 6, deliveries: [added('c', 7, 20)] }
  const broken = (isExpired: boolean): Watch => ({
    id: 'again',
    upTo: 7,
    parts: [
      { from: 4, deliveries: [] },
      ...(isExpired ? [{ from: 4, deliveries: [], isExpired }] : []),
      gap,
    ],
  })
  const violations = (watch: Watch) => violationsOf({ operations, watches: [...watches, watch] })
  assert.deepEqual(violations(broken(true)), [])
  assert.match(violations(broken(false)).join(), /resumed from 6, having seen 4/)
})
