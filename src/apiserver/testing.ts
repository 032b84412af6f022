/** What the tests of this room share: a server over the real memory store with the real kinds, and short ways to ask it. */

import { kinds as allKinds } from '#api/kinds.ts'
import type { AnyKind } from '#api/machinery/kind.ts'
import type { Clock } from '#base/clock.ts'
import { silentLog } from '#base/log.ts'
import type { Random } from '#base/random.ts'
import { createSeededRandom } from '#client/testing/manual-clock.ts'
import type { ApiRequest, ApiResponse, Method } from '#client/transport.ts'
import { createMemoryStore } from '#store/memory/memory-store.ts'
import { type ApiServer, type ApiServerOptions, createApiServer } from './apiserver.ts'
import type { UserInfo } from './authentication/authenticator.ts'

export const admin: UserInfo = { name: 'admin', groups: ['system:masters', 'system:authenticated'] }

/** A clock that is moved by hand. */
export class TestClock implements Clock {
  #now = Date.parse('2026-05-01T12:00:00Z')
  readonly #timers = new Set<{ at: number; callback: () => void }>()

  now() {
    return this.#now
  }
  monotonicMs() {
    return this.#now
  }
  after(delayMs: number, callback: () => void) {
    const timer = { at: this.#now + delayMs, callback }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }
  /** Moves on and calls what is due, in order. */
  advance(milliseconds: number) {
    const until = this.#now + milliseconds
    for (;;) {
      const due = [...this.#timers].filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0]
      if (!due) break
      this.#timers.delete(due)
      this.#now = Math.max(this.#now, due.at)
      due.callback()
    }
    this.#now = until
  }
}

/** The same numbers in every run. */
export const testRandom = (): Random => createSeededRandom()

export interface TestServer {
  readonly server: ApiServer
  readonly clock: TestClock
  /** Asks over bytes, as a remote client would. */
  ask(method: Method, path: string, body?: unknown, more?: Partial<ApiRequest>): Promise<Answer>
}

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  // biome-ignore lint/suspicious/noExplicitAny: tests look at whatever was answered
  readonly body: any
  readonly text: string
}

export async function startTestServer(
  options: Partial<ApiServerOptions> & { user?: UserInfo; kinds?: readonly AnyKind[] } = {},
): Promise<TestServer> {
  const clock = new TestClock()
  const server = createApiServer({
    store: createMemoryStore(),
    kinds: allKinds,
    clock,
    random: testRandom(),
    log: silentLog,
    ...options,
  })
  await server.ready()
  const { user = admin } = options
  return {
    server,
    clock,
    ask: async (method, path, body, more = {}) => {
      const request = { method, path, ...more, ...bodyOf(body, more) }
      return answerOf(await server.handle(request, { user }))
    },
  }
}

function bodyOf(body: unknown, more: Partial<ApiRequest>): Partial<ApiRequest> {
  if (body === undefined) return {}
  const bytes =
    body instanceof Uint8Array
      ? body
      : new TextEncoder().encode(typeof body === 'string' ? body : JSON.stringify(body))
  return { body: bytes, headers: { 'content-type': 'application/json', ...more.headers } }
}

export function answerOf(response: ApiResponse): Answer {
  const { status, headers, body } = response
  if (body.kind === 'object') return { status, headers, body: body.object, text: '' }
  const text =
    body.kind === 'bytes'
      ? Buffer.from(body.bytes).toString()
      : body.kind === 'chunks'
        ? Buffer.concat(body.chunks).toString()
        : ''
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    parsed = undefined
  }
  return { status, headers, body: parsed, text }
}

// biome-ignore lint/suspicious/noExplicitAny: tests look at whatever was told
export type SeenEvent = { type: string; object: any }

/** Collects the events of a watch; `take(n)` waits until so many have come. */
export async function startWatch(server: ApiServer, path: string, more: Partial<ApiRequest> = {}) {
  const response = await server.handle({ method: 'GET', path, ...more }, { user: admin })
  const { body } = response
  const seen: SeenEvent[] = []
  const state = { ended: false }
  let wake = () => {}
  let rest = ''
  const sink = {
    next(event: Uint8Array | SeenEvent) {
      if (event instanceof Uint8Array) {
        const lines = (rest + Buffer.from(event).toString('latin1')).split('\n')
        rest = lines.pop() ?? ''
        for (const line of lines) seen.push(JSON.parse(Buffer.from(line, 'latin1').toString()))
      } else seen.push(event)
      wake()
    },
    end() {
      state.ended = true
      wake()
    },
  }
  const cancel =
    body.kind === 'stream'
      ? body.stream.subscribe(sink as never)
      : body.kind === 'events'
        ? body.events.subscribe(sink as never)
        : () => {}
  return {
    seen,
    state,
    cancel,
    async take(count: number): Promise<SeenEvent[]> {
      while (seen.length < count && !state.ended)
        await new Promise<void>(resolve => {
          wake = resolve
        })
      return seen.splice(0, count)
    },
  }
}
