/** One watcher: follows a selection over as many connections as it takes, and writes down every event. */
import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2'
import type { Delivery } from '../../../src/simulation/checkers/checkers.ts'
import type { RecordedPart, RecordedWatch, Recording } from './recording.ts'
import { heldOf, PATH, type StoredMap } from './table.ts'

export interface WatcherOptions {
  readonly recording: Recording
  readonly id: string
  /** How the names of the objects begin that are written down. */
  readonly prefix: string
  readonly selection: Selection
  /** Where it begins; undefined for the present state. */
  readonly from: number | undefined
}

export interface Selection {
  readonly name?: string
  readonly group?: string
}

const GONE = 410

/** Watches of a second that tell nothing, after which there is nothing more to tell. */
const SILENT_ENDS = 2

export class LoadWatcher {
  readonly #recording: Recording
  readonly #prefix: string
  readonly #watch: RecordedWatch
  /** What it has seen; undefined begins with the present state. */
  #reached: number | undefined
  #stream: ClientHttp2Stream | undefined

  constructor({ recording, id, prefix, selection, from }: WatcherOptions) {
    this.#prefix = prefix
    this.#recording = recording
    this.#watch = { id, ...selection, parts: [], upTo: 0 }
    this.#reached = from
    recording.watches.push(this.#watch)
  }

  get reached(): number | undefined {
    return this.#reached
  }

  /**
   * Goes on from where it was. Resolves when the server has ended the watch, after `seconds` where they are given, or when the connection
   * broke; with true if it ended in good order.
   */
  follow(session: ClientHttp2Session, seconds?: number): Promise<boolean> {
    const part: RecordedPart = { from: this.#reached, deliveries: [] }
    return new Promise((resolve, reject) => {
      if (session.destroyed || session.closed) return resolve(false)
      this.#watch.parts.push(part)
      const stream = session.request({ ':path': this.#pathFor(seconds) }, { endStream: true })
      this.#stream = stream
      let rest = ''
      let isWhole = false
      let wrong: unknown
      stream.setEncoding('utf8')
      stream.on('response', ({ ':status': status }) => {
        // A server without its store says so here, too.
        if (status !== 200 && Number(status) < 500)
          wrong = new Error(`a watch was answered ${status}`)
      })
      stream.on('data', text => {
        const lines = (rest + text).split('\n')
        rest = lines.pop() ?? ''
        try {
          for (const line of lines) this.#take(part, JSON.parse(line))
        } catch (error) {
          wrong ??= error
        }
      })
      stream.on('end', () => {
        isWhole = rest === ''
      })
      stream.on('error', () => {})
      stream.on('close', () => {
        // A state that was not told to its end was not told.
        if (this.#reached === undefined && !part.isExpired) this.#watch.parts.pop()
        if (wrong) reject(wrong)
        else resolve(isWhole && !stream.aborted && stream.rstCode === 0)
      })
    })
  }

  /** Leaves the connection of its own accord. */
  leave(): void {
    this.#stream?.close(8)
  }

  /**
   * Sees everything up to now: what new watches have to tell. Afterwards it must have seen all. A server may end a watch after its second without having
   * come to tell anything, as one does that shares its processor with many, so several in a row must have nothing to tell.
   */
  async finish(session: ClientHttp2Session, upTo: number): Promise<void> {
    this.leave()
    for (let silent = 0; silent < SILENT_ENDS; ) {
      const isEnded = await this.follow(session, 1)
      if (session.destroyed) throw new Error('the connection broke at the end')
      if (!isEnded || this.#reached === undefined) continue
      const told = this.#watch.parts.at(-1)?.deliveries ?? []
      silent = told.some(({ type }) => type !== 'BOOKMARK') ? 0 : silent + 1
    }
    this.#watch.upTo = upTo
  }

  #pathFor(seconds: number | undefined): string {
    const { name, group } = this.#watch
    const query = new URLSearchParams({ watch: '1', allowWatchBookmarks: 'true' })
    if (seconds !== undefined) query.set('timeoutSeconds', String(seconds))
    if (name !== undefined) query.set('fieldSelector', `metadata.name=${name}`)
    if (group !== undefined) query.set('labelSelector', `group=${group}`)
    if (this.#reached !== undefined) query.set('resourceVersion', String(this.#reached))
    else {
      query.set('sendInitialEvents', 'true')
      query.set('resourceVersionMatch', 'NotOlderThan')
    }
    return `${PATH}?${query}`
  }

  #take(
    part: RecordedPart,
    { type, object }: { type: string; object: StoredMap & { code?: number } },
  ) {
    if (type === 'ERROR') {
      const code = object.code ?? 0
      if (code === GONE) {
        part.isExpired = true
        this.#reached = undefined
      }
      // A server without its store says so, and the watch goes on from where it was.
      else if (code < 500) throw new Error(`a watch ended with ${JSON.stringify(object)}`)
      return
    }
    const held = heldOf(object)
    const { revision } = held
    const isEnd = object.metadata.annotations?.['k8s.io/initial-events-end'] === 'true'
    const isEvent = type !== 'BOOKMARK' && held.name.startsWith(this.#prefix)
    // An object of somebody else says as much as a bookmark: how far the watch has come.
    if (isEvent || isEnd || this.#reached !== undefined)
      part.deliveries.push({
        tick: this.#recording.tick(),
        type: isEvent ? (type as Delivery['type']) : 'BOOKMARK',
        revision,
        ...(isEvent ? { object: held } : {}),
        ...(isEnd ? { isInitialEnd: true } : {}),
      })
    if (this.#reached !== undefined || isEnd) this.#reached = revision
  }
}
