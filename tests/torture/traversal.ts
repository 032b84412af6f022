/**
 * Whole traversals in pages while somebody writes: each shows every object of its revision once and as it was then. Where history is
 * forgotten between two pages, the client is told (410), and the token that it gets goes on without losing or repeating what nobody touched.
 */
import { type ClientHttp2Session, connect } from 'node:http2'
import { setTimeout as pause } from 'node:timers/promises'
import { kinds as allKinds } from '#api/kinds.ts'
import { createApiServer } from '#apiserver'
import { silentLog } from '#base/log.ts'
import type { Random } from '#base/random.ts'
import { systemClock } from '#host/clock.ts'
import { systemRandom } from '#host/random.ts'
import type { Store } from '#store'
import { createMemoryStore } from '#store/memory/memory-store.ts'
import { serve, trust } from '../../src/client/testing/serving.ts'
import { seededRandom } from '../../src/simulation/testing/hollow-cluster.ts'
import { ask } from './load/ask.ts'
import { PATH } from './load/table.ts'
import { assertNone, type Subject } from './subject.ts'

const PAGES = 20
const CREATORS = 50

export interface TraversalOptions {
  readonly objects: number
  readonly traversals: number
  /** Writes a second, beside the traversals. */
  readonly writes: number
  readonly seed: number
  /** Spoils the pages, to prove that this is noticed. */
  readonly spoil?: (items: Item[]) => Item[]
}

export const traversal: Subject = {
  doc: 'lists in pages under writes, also over compactions, show every object once',
  flags: { objects: 10_000, traversals: 100, writes: 200 },
  async run(values, tell) {
    tell(await traverse(values as unknown as TraversalOptions))
  },
}

export interface Item {
  readonly name: string
  readonly revision: number
}

/** Answers with what it did; throws with the violations. */
export async function traverse(options: TraversalOptions): Promise<string> {
  // The server itself would write APIServices as time passes, and revisions would be others than the writer's.
  const kinds = allKinds.filter(({ plural }) => plural !== 'apiservices')
  const store = createMemoryStore()
  const server = createApiServer({
    ...{ store, kinds, clock: systemClock, random: systemRandom, log: silentLog },
  })
  await server.ready()
  const user = { name: 'admin', groups: ['system:masters'] }
  await using served = await serve(request => server.handle(request, { user }))
  const session = connect(served.url, trust)
  session.setMaxListeners(0)
  try {
    return await new Traversals(options, session, store).run()
  } finally {
    session.destroy()
    await server.stop()
  }
}

class Traversals {
  readonly #options: TraversalOptions
  readonly #session: ClientHttp2Session
  readonly #store: Store
  readonly #random: Random
  /** Everything that was written, in order; a deletion leaves nothing. */
  readonly #log: { readonly revision: number; readonly name: string; readonly isThere: boolean }[] =
    []
  readonly #present = new Set<string>()
  #made = 0
  #isOver = false

  constructor(options: TraversalOptions, session: ClientHttp2Session, store: Store) {
    this.#options = options
    this.#session = session
    this.#store = store
    this.#random = seededRandom(options.seed)
  }

  async run(): Promise<string> {
    const { objects, traversals } = this.#options
    for (let at = 0; at < objects; at += CREATORS)
      await Promise.all(
        Array.from({ length: Math.min(CREATORS, objects - at) }, () => this.#create()),
      )
    this.#log.sort((one, other) => one.revision - other.revision)
    const writing = this.#write()
    const violations: string[] = []
    let pages = 0
    let expired = 0
    try {
      for (let at = 0; at < traversals; at++) {
        const seen = await this.#traverse(at % 4 === 3)
        violations.push(...seen.violations.map(text => `traversal ${at}: ${text}`))
        pages += seen.pages
        expired += seen.expired
      }
    } finally {
      this.#isOver = true
      await writing
    }
    const written = this.#log.length - objects
    const line = `${traversals} traversals of ${objects} objects, ${pages} pages, ${written} writes beside, ${expired} compactions between pages`
    assertNone(violations, line)
    return `${line}: 0 lost, 0 twice`
  }

  async #create(): Promise<void> {
    const name = `t-${this.#random.integer(1_000_000)}-${this.#made++}`
    const { json } = await this.#ask('POST', PATH, { metadata: { name } })
    this.#note(name, Number(json.metadata.resourceVersion), true)
  }

  #note(name: string, revision: number, isThere: boolean): void {
    this.#log.push({ name, revision, isThere })
    if (isThere) this.#present.add(name)
    else this.#present.delete(name)
  }

  /** One write after the other, so that each revision is known. */
  async #write(): Promise<void> {
    const { writes } = this.#options
    for (const [started, count] = [performance.now(), { done: 0 }]; !this.#isOver; count.done++) {
      await this.#writeOne()
      const aheadMs = (count.done * 1000) / writes - (performance.now() - started)
      if (aheadMs > 0) await pause(aheadMs)
    }
  }

  async #writeOne(): Promise<void> {
    const dice = this.#random.integer(3)
    if (dice === 0) return this.#create()
    const names = [...this.#present]
    const name = names[this.#random.integer(names.length)] ?? ''
    if (dice === 1) {
      const body = { metadata: { name }, data: { at: String(this.#log.length) } }
      const { json } = await this.#ask('PUT', `${PATH}/${name}`, body)
      this.#note(name, Number(json.metadata.resourceVersion), true)
      return
    }
    await this.#ask('DELETE', `${PATH}/${name}`)
    // Nobody else writes.
    this.#note(name, this.#store.revision, false)
  }

  async #traverse(isCompacted: boolean) {
    const { objects } = this.#options
    const before = this.#log.length
    const limit = Math.ceil(objects / PAGES)
    const compactAt = isCompacted ? 1 + this.#random.integer(PAGES - 2) : -1
    const items: Item[] = []
    let token = ''
    let pages = 0
    let expired = 0
    let revision = 0
    do {
      if (pages === compactAt) await this.#compact()
      const query = `limit=${limit}${token && `&continue=${token}`}`
      const { status, json } = await this.#ask('GET', `${PATH}?${query}`)
      token = json.metadata.continue ?? ''
      if (status === 410) {
        expired++
        if (!token) return { pages, expired, violations: ['410 came without a token'] }
        continue
      }
      pages++
      revision ||= Number(json.metadata.resourceVersion)
      const page = (json.items as { metadata: { name: string; resourceVersion: string } }[]).map(
        ({ metadata }) => ({ name: metadata.name, revision: Number(metadata.resourceVersion) }),
      )
      items.push(...(this.#options.spoil?.(page) ?? page))
    } while (token)
    const untouched = new Set(this.#log.slice(before).map(({ name }) => name))
    const wanted = this.#stateAt(revision)
    const violations =
      expired === 0 ? differences(items, wanted) : differences(items, wanted, untouched)
    if (isCompacted && expired === 0) violations.push('a compaction between pages was not noticed')
    return { pages, expired, violations }
  }

  /** Everything before now is forgotten, once there is something that the list needs. */
  async #compact(): Promise<void> {
    const { length } = this.#log
    while (this.#log.length < length + 2) await pause(2)
    await this.#store.compact(this.#store.revision)
  }

  #stateAt(revision: number): Map<string, number> {
    const state = new Map<string, number>()
    for (const write of this.#log) {
      if (write.revision > revision) break
      if (write.isThere) state.set(write.name, write.revision)
      else state.delete(write.name)
    }
    return state
  }

  async #ask(method: string, path: string, body?: object) {
    const reply = await ask(this.#session, { method, path, ...(body ? { body } : {}) })
    if (!reply || (reply.status >= 300 && reply.status !== 410))
      throw new Error(`${method} ${path} was answered ${reply?.status}: ${reply?.json?.message}`)
    return reply
  }
}

/** Of all objects, or of those that nobody touched meanwhile. */
function differences(
  items: readonly Item[],
  wanted: ReadonlyMap<string, number>,
  touched: ReadonlySet<string> = new Set(),
): string[] {
  const errors: string[] = []
  const seen = new Set<string>()
  for (const { name, revision } of items) {
    if (seen.has(name)) errors.push(`${name} came twice`)
    seen.add(name)
    if (!touched.has(name) && wanted.get(name) !== revision)
      errors.push(`${name} came as of ${revision}, but was of ${wanted.get(name)}`)
  }
  for (const name of wanted.keys())
    if (!touched.has(name) && !seen.has(name)) errors.push(`${name} is missing`)
  return errors
}
