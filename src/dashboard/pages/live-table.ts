/**
 * A list that stays true: read page by page, so that the first rows are there at once however many there are, then kept up to date by a
 * watch, which is begun anew wherever it ends. What is too old to go on from (410) is read again behind what is shown.
 */
import { apiPath, type Resource, withQuery } from '../model/resource.ts'
import { type TableEvent, TableRows, type TableText } from '../model/table.ts'
import { type Api, ApiError, isAbort } from './api.ts'
import { now, pause } from './browser.ts'

export interface LiveQuery {
  readonly resource: Resource
  /** '' for all. */
  readonly namespace?: string
  readonly labels?: string
  readonly fields?: string
  /** Whole objects in the rows, or what identifies them. */
  readonly includes?: 'Metadata' | 'Object'
}

const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io'
/** Upstream's page size. */
const PAGE_SIZE = 500
/** More rows nobody reads; filters of the server narrow them down. */
const MAXIMUM_ROWS = 20_000
/** A server ends a watch now and then; we do before proxies on the way would. */
const WATCH_SECONDS = 290
/** How often something is read that cannot be watched, such as metrics. */
const POLL_MS = 15_000
const FIRST_DELAY_MS = 500
const LONGEST_DELAY_MS = 10_000
/** A watch that lived so long was no failure. */
const STABLE_MS = 5_000

export type LiveState =
  | 'loading'
  | 'live'
  /** Nobody answers; tried again by itself. */
  | 'waiting'
  /** Nothing to wait for: a refusal, or a query that makes no sense. */
  | 'failed'

export class LiveTable {
  rows = new TableRows()
  state: LiveState = 'loading'
  error: ApiError | undefined
  /** How many there are beyond those that are shown. */
  more = 0
  readonly #api: Api
  readonly #query: LiveQuery
  readonly #onChange: () => void
  readonly #signal: AbortSignal

  constructor(api: Api, query: LiveQuery, onChange: () => void, signal: AbortSignal) {
    this.#api = api
    this.#query = query
    this.#onChange = onChange
    this.#signal = signal
    void this.#run()
  }

  get resource(): Resource {
    return this.#query.resource
  }

  async #run(): Promise<void> {
    let isKnown = false
    let delayMs = FIRST_DELAY_MS
    while (!this.#signal.aborted) {
      const beganMs = now()
      try {
        if (!isKnown) await this.#load()
        isKnown = true
        if (this.resource.verbs.includes('watch')) await this.#watch()
        else {
          await pause(POLL_MS, this.#signal)
          isKnown = false
        }
        if (now() - beganMs > STABLE_MS) {
          delayMs = FIRST_DELAY_MS
          continue
        }
      } catch (error) {
        if (isAbort(error) || this.#signal.aborted) return
        const told =
          error instanceof ApiError ? error : new ApiError(500, { message: String(error) })
        if (told.code === 410) {
          isKnown = false
          // A list that takes longer to read than its server remembers would be begun without end.
          if (now() - beganMs > STABLE_MS) delayMs = FIRST_DELAY_MS
          await pause(delayMs, this.#signal)
          delayMs = Math.min(delayMs * 2, LONGEST_DELAY_MS)
          continue
        }
        // Whoever is refused may be let in later, but not within seconds.
        const isFinal = !told.isAway && told.code !== 429 && told.code < 500
        this.#become(isFinal ? 'failed' : 'waiting', told)
        if (isFinal) return
      }
      await pause(delayMs, this.#signal)
      delayMs = Math.min(delayMs * 2, LONGEST_DELAY_MS)
    }
  }

  #become(state: LiveState, error?: ApiError): void {
    this.state = state
    this.error = error
    this.#onChange()
  }

  #path(query: Readonly<Record<string, string | number | undefined>>): string {
    const { resource, namespace, labels, fields, includes } = this.#query
    return withQuery(apiPath(resource, { namespace }), {
      labelSelector: labels,
      fieldSelector: fields,
      includeObject: includes,
      ...query,
    })
  }

  async #load(): Promise<void> {
    const rows = new TableRows()
    // The first time rows are shown as they come, later only when all are there.
    if (this.rows.size === 0) this.rows = rows
    let next: string | undefined
    do {
      const page: TableText = await this.#api.json(
        'GET',
        this.#path({ limit: PAGE_SIZE, continue: next }),
        undefined,
        { accept: `${TABLE},application/json`, signal: this.#signal },
      )
      rows.addPage(page)
      next = page.metadata?.continue
      this.more = page.metadata?.remainingItemCount ?? 0
      if (this.rows === rows) this.#onChange()
    } while (next && rows.size < MAXIMUM_ROWS)
    if (!next) this.more = 0
    this.rows = rows
    this.#become('live')
  }

  async #watch(): Promise<void> {
    const path = this.#path({
      watch: 'true',
      allowWatchBookmarks: 'true',
      resourceVersion: this.rows.resourceVersion,
      timeoutSeconds: WATCH_SECONDS,
    })
    await this.#api.watch<TableEvent>(
      path,
      event => {
        if (event.type === 'ERROR') return
        if (this.rows.apply(event)) this.#onChange()
      },
      {
        signal: this.#signal,
        accept: TABLE,
        onOpen: () => {
          if (this.state !== 'live') this.#become('live')
        },
      },
    )
  }
}
