/** One client: asks one thing after the other on its connection, and writes down what came of it. */
import type { ClientHttp2Session } from 'node:http2'
import type { Random } from '#base/random.ts'
import type { Answer, Asked, Held } from '../../../src/simulation/checkers/checkers.ts'
import { ask, type Reply, type Request } from './ask.ts'
import type { Recording } from './recording.ts'
import { bodyOf, GROUPS, heldOf, PATH, type StoredMap } from './table.ts'

/** One in so many is given up before it can be answered, and may happen all the same. */
const IMPATIENT_EVERY = 40
const PAUSE_MS = 10
const MERGE = 'application/merge-patch+json'

export interface ClientOptions {
  readonly recording: Recording
  readonly random: Random
  readonly names: readonly string[]
  /** How all of the names begin: there may be other objects. */
  readonly prefix: string
  readonly client: number
  /** Never waits for a write, so that it goes on where writes do not. */
  readonly isReader: boolean
}

/** Of the dice of a client, those of reads begin here. */
const WRITES = 70

export class LoadClient {
  readonly #options: ClientOptions
  /** What it saw last of each name: it may have changed since. */
  readonly #known = new Map<string, number>()
  #writes = 0

  constructor(options: ClientOptions) {
    this.#options = options
  }

  /** Until the signal, or until the connection is of no use any more. */
  async run(session: ClientHttp2Session, signal: AbortSignal): Promise<void> {
    while (!signal.aborted && !session.destroyed && !session.closed) {
      const isAnswered = await this.once(session, this.#next())
      // A server that cannot answer is not to be asked all the time.
      if (!isAnswered) await new Promise(resolve => setTimeout(resolve, PAUSE_MS))
    }
  }

  /** False where no answer came. */
  async once(session: ClientHttp2Session, asked: Asked): Promise<boolean> {
    const { recording, client, random } = this.#options
    const operation = recording.begin(client, asked)
    const isImpatient = random.integer(IMPATIENT_EVERY) === 0
    const request = requestFor(asked)
    const reply = await ask(session, {
      ...request,
      ...(isImpatient ? { patienceMs: random.integer(3) } : {}),
    })
    const answer = reply && answerTo(asked, reply, this.#options.prefix)
    if (!answer) return false
    recording.end(operation, answer)
    if (answer.kind === 'object') this.#know(answer.object)
    if (answer.kind === 'list') for (const object of answer.objects) this.#know(object)
    return true
  }

  #know({ name, revision }: Held): void {
    this.#known.set(name, revision)
  }

  #next(): Asked {
    const { random, names, client, isReader } = this.#options
    const one = <T>(all: readonly T[]): T => all[random.integer(all.length)] as T
    const name = one(names)
    const group = one(GROUPS)
    const last = `${client}.${++this.#writes}`
    const known = this.#known.get(name)
    const pinned = known !== undefined && random.integer(3) > 0 ? { expected: known } : {}
    const data = { last, value: last }
    const dice = isReader ? WRITES + random.integer(100 - WRITES) : random.integer(100)
    if (dice < 22) return { verb: 'create', name, group, data }
    if (dice < 42) return { verb: 'update', name, group, data, ...pinned }
    if (dice < 57) return { verb: 'patch', name, data: { last, [`by${client % 4}`]: last } }
    if (dice < WRITES) return { verb: 'delete', name, ...pinned }
    if (dice < 87) return { verb: 'get', name }
    if (dice < 91) return { verb: 'get', name, notBefore: dice < 89 ? 0 : (known ?? 0) }
    if (dice < 93) return { verb: 'list' }
    if (dice < 95) return { verb: 'list', group }
    const at = Math.max(0, ...this.#known.values())
    if (at === 0) return { verb: 'list' }
    return { verb: 'list', at, match: dice < 99 ? 'Exact' : 'NotOlderThan' }
  }
}

function requestFor(asked: Asked): Request {
  switch (asked.verb) {
    case 'create':
      return { method: 'POST', path: PATH, body: bodyOf(asked.name, asked.group, asked.data) }
    case 'update':
      return {
        method: 'PUT',
        path: `${PATH}/${asked.name}`,
        body: bodyOf(asked.name, asked.group, asked.data, asked.expected),
      }
    case 'patch':
      return {
        method: 'PATCH',
        path: `${PATH}/${asked.name}`,
        type: MERGE,
        body: { data: asked.data },
      }
    case 'delete': {
      const preconditions = { resourceVersion: String(asked.expected) }
      const body = asked.expected === undefined ? {} : { body: { preconditions } }
      return { method: 'DELETE', path: `${PATH}/${asked.name}`, ...body }
    }
    case 'get': {
      const query = asked.notBefore === undefined ? '' : `?resourceVersion=${asked.notBefore}`
      return { method: 'GET', path: `${PATH}/${asked.name}${query}` }
    }
    case 'list': {
      const query = new URLSearchParams()
      if (asked.group !== undefined) query.set('labelSelector', `group=${asked.group}`)
      if (asked.at !== undefined) query.set('resourceVersion', String(asked.at))
      if (asked.match !== undefined) query.set('resourceVersionMatch', asked.match)
      return { method: 'GET', path: `${PATH}?${query}` }
    }
  }
}

/** What it means; undefined where nobody can know whether it happened. Throws for what no server may answer. */
function answerTo(asked: Asked, { status, json }: Reply, prefix: string): Answer | undefined {
  if (status === 429 || status >= 500) return undefined
  if (status === 404 || status === 409 || status === 410) {
    const { reason } = json
    if (['NotFound', 'AlreadyExists', 'Conflict', 'Expired'].includes(reason))
      return { kind: 'refused', reason }
  } else if (status < 300 && asked.verb === 'list') {
    const objects = (json.items as StoredMap[])
      .map(heldOf)
      .filter(({ name }) => name.startsWith(prefix))
    return { kind: 'list', revision: Number(json.metadata.resourceVersion), objects }
  } else if (status < 300 && asked.verb === 'delete')
    return { kind: 'deleted', uid: json.details.uid }
  else if (status < 300) return { kind: 'object', object: heldOf(json) }
  throw new Error(`${asked.verb} was answered ${status}: ${JSON.stringify(json)}`)
}
