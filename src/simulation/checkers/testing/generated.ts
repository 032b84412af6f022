/** Histories of a server that is right by construction: one table, changed at one tick between an operation's begin and its end. */
import type { Random } from '#base/random.ts'
import type { Answer, Asked, Delivery, Held, History, Operation, Watch } from '../history.ts'

type Writable<T> = { -readonly [K in keyof T]: T[K] }

interface Pending {
  readonly operation: Writable<Operation>
  outcome?: Answer
  isTaken: boolean
}

const NAMES = ['a', 'b', 'c', 'd']
const GROUPS = ['odd', 'even']
const CLIENTS = 5

export function generatedHistory(random: Random, length: number): History {
  const server = new Server()
  const operations: Operation[] = []
  const pending = new Map<number, Pending>()
  const abandoned: Pending[] = []
  let tick = 1
  for (let step = 0; step < length * 3; step++, tick++) {
    const client = random.integer(CLIENTS)
    const one = pending.get(client)
    if (!one) {
      const operation = { client, began: tick, asked: askedFor(random, server, step) }
      operations.push(operation)
      pending.set(client, { operation, isTaken: false })
    } else if (!one.isTaken) {
      // One in ten is given up, and may still happen later.
      if (random.integer(10) > 0) take(one, server, tick)
      else {
        abandoned.push(one)
        pending.delete(client)
      }
    } else {
      one.operation.ended = tick
      if (one.outcome) one.operation.answer = one.outcome
      pending.delete(client)
    }
    const late = random.integer(20) === 0 ? abandoned.shift() : undefined
    if (late && late.operation.asked.verb !== 'get' && late.operation.asked.verb !== 'list')
      take(late, server, ++tick)
  }
  return { operations, watches: server.watches(random) }
}

function take(one: Pending, server: Server, tick: number): void {
  one.isTaken = true
  one.outcome = server.answer(one.operation.asked, tick)
}

function askedFor(random: Random, server: Server, step: number): Asked {
  const one = <T>(all: readonly T[]) => all[random.integer(all.length)] as T
  const name = one(NAMES)
  const held = server.objects.get(name)
  const last = `w${step}`
  // Known or guessed, so that some are conflicts.
  const expected = held && random.integer(2) > 0 ? held.revision - random.integer(2) : undefined
  const pinned = expected === undefined ? {} : { expected }
  switch (random.integer(8)) {
    case 0:
    case 1:
      return { verb: 'create', name, group: one(GROUPS), data: { last, value: last } }
    case 2:
      return { verb: 'update', name, group: one(GROUPS), data: { last, value: last }, ...pinned }
    case 3:
      return { verb: 'patch', name, data: { last, [`p${step % 3}`]: last } }
    case 4:
      return { verb: 'delete', name, ...pinned }
    case 5:
    case 6:
      return { verb: 'get', name }
    default:
      return random.integer(2) > 0 ? { verb: 'list' } : { verb: 'list', group: one(GROUPS) }
  }
}

class Server {
  readonly objects = new Map<string, Held>()
  readonly #told: { delivery: Delivery; previous: Held | undefined }[] = []
  #revision = 10
  #uids = 0

  answer(asked: Asked, tick: number): Answer {
    const held = 'name' in asked ? this.objects.get(asked.name) : undefined
    if (asked.verb === 'list') {
      const objects = [...this.objects.values()].filter(
        ({ group }) => asked.group === undefined || group === asked.group,
      )
      return { kind: 'list', revision: this.#revision, objects }
    }
    if (asked.verb === 'get')
      return held ? { kind: 'object', object: held } : { kind: 'refused', reason: 'NotFound' }
    if (asked.verb === 'create') {
      if (held) return { kind: 'refused', reason: 'AlreadyExists' }
      const { name, data, group } = asked
      const uid = `u${++this.#uids}`
      return this.#put({ name, uid, data, group, revision: ++this.#revision }, undefined, tick)
    }
    if (!held) return { kind: 'refused', reason: 'NotFound' }
    if ('expected' in asked && asked.expected !== undefined && asked.expected !== held.revision)
      return { kind: 'refused', reason: 'Conflict' }
    const revision = ++this.#revision
    if (asked.verb === 'delete') {
      this.objects.delete(held.name)
      const object = { ...held, revision }
      this.#told.push({ delivery: { tick, type: 'DELETED', revision, object }, previous: held })
      return { kind: 'deleted', uid: held.uid }
    }
    const data = asked.verb === 'patch' ? { ...held.data, ...asked.data } : asked.data
    const group = asked.verb === 'patch' ? held.group : asked.group
    return this.#put({ ...held, data, group, revision }, held, tick)
  }

  #put(object: Held, previous: Held | undefined, tick: number): Answer {
    this.objects.set(object.name, object)
    const { revision } = object
    const type = previous ? 'MODIFIED' : 'ADDED'
    this.#told.push({ delivery: { tick, type, revision, object }, previous })
    return { kind: 'object', object }
  }

  watches(random: Random): Watch[] {
    const upTo = this.#revision
    const whole = this.#told.map(({ delivery }) => delivery)
    const watches: Watch[] = [
      { id: 'whole', upTo, parts: [{ from: 10, deliveries: whole }] },
      { id: 'parts', upTo, parts: this.#parts(random, whole) },
    ]
    for (const group of GROUPS)
      watches.push({
        id: group,
        group,
        upTo,
        parts: this.#parts(
          random,
          this.#selected(({ group: is }) => is === group),
        ),
      })
    const [name = ''] = NAMES
    const deliveries = this.#selected(object => object.name === name)
    watches.push({ id: name, name, upTo, parts: this.#parts(random, deliveries) })
    return watches
  }

  #selected(selects: (object: Held) => boolean): Delivery[] {
    return this.#told.flatMap(({ delivery, previous }): Delivery[] => {
      const { object, type, revision } = delivery
      const isIn = type !== 'DELETED' && object !== undefined && selects(object)
      const wasIn = previous !== undefined && selects(previous)
      if (isIn) return [{ ...delivery, type: wasIn ? 'MODIFIED' : 'ADDED' }]
      if (!wasIn) return []
      return [{ ...delivery, type: 'DELETED', object: { ...previous, revision } }]
    })
  }

  /** Cut into connections, with bookmarks in between. */
  #parts(random: Random, deliveries: readonly Delivery[]): Watch['parts'] {
    const parts: { from: number; deliveries: Delivery[] }[] = [{ from: 10, deliveries: [] }]
    let last = 10
    for (const delivery of deliveries) {
      if (random.integer(6) === 0) parts.push({ from: last, deliveries: [] })
      parts.at(-1)?.deliveries.push(delivery)
      last = delivery.revision
      if (random.integer(6) > 0) continue
      const { tick, revision } = delivery
      parts.at(-1)?.deliveries.push({ tick, revision, type: 'BOOKMARK' })
    }
    return parts
  }
}
