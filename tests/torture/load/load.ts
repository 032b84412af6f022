/**
 * Clients that read and write a few objects, and watchers that follow them, over connections that may break at any moment. What
 * they did and saw is a history for the checkers.
 */
import { type ClientHttp2Session, connect } from 'node:http2'
import type { Random } from '#base/random.ts'
import { ask } from './ask.ts'
import { LoadClient } from './client.ts'
import type { Recording } from './recording.ts'
import { GROUPS, PATH } from './table.ts'
import { LoadWatcher, type Selection } from './watcher.ts'

/** Where the server is now, and with what to go there: options of a TLS connection. */
export interface Target {
  readonly url: string
  readonly tls: object
}

export interface LoadOptions {
  readonly recording: Recording
  readonly random: Random
  readonly clients: number
  /** So many of the clients read only; none by default. */
  readonly readers?: number
  readonly names: number
  /** Begins the names, so that several loads share a server. */
  readonly prefix?: string
  /** Beside one that sees everything: of everything, of groups and of names in turn. */
  readonly watchers: number
  /** Some of the others follow only now and then, and come back to what is forgotten. */
  readonly hasSleepers?: boolean
}

/** Enough that a thousand watches need few connections, few enough for any server. */
const WATCHES_PER_SESSION = 20
/** Sleepers follow after one start of so many. */
const SLEEP_STARTS = 5
/** As long as a test of members that are cut off gives a server to go on: the store may have to elect, on a machine that has other things to do. */
const LAST_LIST_MS = 90_000

const targetOf = (targets: readonly Target[], at: number): Target =>
  targets[Math.floor(at) % targets.length] as Target

export class Load {
  readonly #options: LoadOptions
  readonly #names: readonly string[]
  readonly #prefix: string
  readonly #clients: readonly LoadClient[]
  #watchers: readonly LoadWatcher[] = []
  #sessions: ClientHttp2Session[] = []
  #starts = 0
  #following: Promise<unknown>[] = []
  #stopping = new AbortController()
  #running: Promise<unknown> = Promise.resolve()

  constructor(options: LoadOptions) {
    const { recording, random } = options
    const prefix = `t-${options.prefix ?? ''}`
    this.#prefix = prefix
    this.#options = options
    this.#names = Array.from({ length: options.names }, (_, index) => `${prefix}${index}`)
    const names = this.#names
    this.#clients = Array.from({ length: options.clients }, (_, client) => {
      const isReader = client >= options.clients - (options.readers ?? 0)
      return new LoadClient({ recording, random, names, prefix, client, isReader })
    })
  }

  get watchers(): readonly LoadWatcher[] {
    return this.#watchers
  }

  /** Connects all, and goes on with what each did before. */
  async start(targets: readonly Target[]): Promise<void> {
    this.#stopping = new AbortController()
    const { signal } = this.#stopping
    if (this.#watchers.length === 0) this.#watchers = await this.#makeWatchers(targetOf(targets, 0))
    this.#starts++
    this.#follow(targets)
    this.#running = Promise.all(
      this.#clients.map((client, at) => client.run(this.#open(targetOf(targets, at)), signal)),
    )
  }

  /** Ends all connections, also those that wait for a server that lost its store; what was not answered by then never is. */
  async broken(): Promise<void> {
    this.#stopping.abort()
    for (const session of this.#sessions.splice(0)) session.destroy()
    await this.#running
    await Promise.all(this.#following)
  }

  /** Lets the clients finish what they are at; the watchers go on. */
  async pause(): Promise<void> {
    this.#stopping.abort()
    await this.#running
  }

  /** Afterwards every watcher has seen everything, and a last list has shown it; then the objects are removed. */
  async finish(targets: readonly Target[]): Promise<void> {
    await this.pause()
    for (const watcher of this.#watchers) watcher.leave()
    await Promise.all(this.#following)
    for (const session of this.#sessions.splice(0)) session.destroy()
    const revision = await this.#lastList(targetOf(targets, 0))
    await Promise.all(
      this.#spread(targets).map(([watcher, session]) => watcher.finish(session, revision)),
    )
    const session = this.#open(targetOf(targets, 0))
    await ask(session, { method: 'DELETE', path: `${PATH}?labelSelector=group` })
    for (const session of this.#sessions.splice(0)) session.destroy()
  }

  /** A server whose store comes back may take a moment, and a client may lose patience, or its connection. */
  async #lastList(target: Target): Promise<number> {
    const { recording } = this.#options
    let session = this.#open(target)
    for (const started = performance.now(); performance.now() - started < LAST_LIST_MS; ) {
      if (session.destroyed || session.closed) session = this.#open(target)
      await this.#clients[0]?.once(session, { verb: 'list' })
      const last = recording.operations.at(-1)?.answer
      if (last?.kind === 'list') return last.revision
      await new Promise(resolve => setTimeout(resolve, 50))
    }
    throw new Error('the last list was not answered')
  }

  #open({ url, tls }: Target): ClientHttp2Session {
    const session = connect(url, tls)
    session.setMaxListeners(0)
    session.on('error', () => {})
    this.#sessions.push(session)
    return session
  }

  /** Before the first write, so that the first of them sees every one. */
  async #makeWatchers(target: Target): Promise<LoadWatcher[]> {
    const { recording, watchers } = this.#options
    const reply = await ask(this.#open(target), { method: 'GET', path: PATH })
    if (reply?.status !== 200) throw new Error(`a list was answered ${reply?.status}`)
    const from = Number(reply.json.metadata.resourceVersion)
    const prefix = this.#prefix
    const all = new LoadWatcher({ recording, prefix, id: 'all', selection: {}, from })
    const others = Array.from({ length: watchers }, (_, index) => {
      const start = index % 2 === 0 ? from : undefined
      const selection = this.#selection(index)
      return new LoadWatcher({ recording, prefix, id: String(index), selection, from: start })
    })
    return [all, ...others]
  }

  #selection(index: number): Selection {
    const { names, length } = { names: this.#names, length: this.#names.length }
    if (index % 3 === 0) return {}
    if (index % 3 === 1) return { group: GROUPS[index % GROUPS.length] ?? '' }
    return { name: names[index % length] ?? '' }
  }

  #follow(targets: readonly Target[]): void {
    const { signal } = this.#stopping
    this.#following = this.#spread(targets).map(async ([watcher, session], index) => {
      // Some are sent away by the server every second, and come back.
      const seconds = index % 4 === 3 ? 1 : undefined
      if (this.#options.hasSleepers && index % 5 === 4 && this.#starts % SLEEP_STARTS !== 1) return
      while (!signal.aborted && !session.destroyed && !session.closed)
        await watcher.follow(session, seconds)
    })
  }

  /** After each start they are with another server, if there are several. */
  #spread(targets: readonly Target[]): [LoadWatcher, ClientHttp2Session][] {
    let session: ClientHttp2Session | undefined
    return this.#watchers.map((watcher, index) => {
      if (!session || index % WATCHES_PER_SESSION === 0)
        session = this.#open(targetOf(targets, index / WATCHES_PER_SESSION + this.#starts))
      return [watcher, session]
    })
  }
}
