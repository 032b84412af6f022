/** What a connection of HTTP/2 is told by who serves it. */
import type { KeepsApart } from '../repeated-headers.ts'
import type { OutputBuffers } from './output-buffers.ts'
import type { RequestHead } from './request-head.ts'
import type { Http2Stream } from './stream.ts'

export interface SessionLimits {
  readonly streams: number
  readonly headerBytes: number
  readonly streamWindowBytes: number
  readonly connectionWindowBytes: number
  /** Requests that a client may cancel, and frames that bring nothing forward: at once, and per second. */
  readonly resets: readonly [burst: number, perSecond: number]
  readonly idleFrames: readonly [burst: number, perSecond: number]
}

export interface SessionOptions {
  readonly limits: SessionLimits
  /** Shared by all connections. */
  readonly buffers: OutputBuffers
  /** The `date` of answers that have none. */
  readonly date: () => string
  readonly monotonicMs: () => number
  readonly after: (delayMs: number, act: () => void) => () => void
  /** Calls back after everything that is ready now. */
  readonly afterReadyWork: (act: () => void) => void
  /** Of repeated headers. */
  readonly keepsApart?: KeepsApart | undefined
  /** A request whose headers are whole. */
  readonly request: (stream: Http2Stream, head: RequestHead) => void
}
