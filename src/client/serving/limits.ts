/** How much a stranger may ask of us before we know who it is. Each limit has its reason. */

export interface ServingLimits {
  /**
   * Largest body that is handed on. A little above the 3 MiB that the API server takes, so that it says what is too large,
   * in its own words and only to those who may write.
   */
  readonly bodyBytes: number
  /** Bodies that are being received, of all connections together: before authentication anybody may send one. */
  readonly receivingBytes: number
  /** A request must have arrived in whole by then, and an answer must have been taken. Upstream's request timeout. */
  readonly requestMs: number
  /** A handshake, and the first headers after it, must have arrived by then. */
  readonly headersMs: number
  /** A connection on which nothing happens and nobody waits is closed: upstream's time. */
  readonly idleMs: number
  /** What a watcher may leave unread before it is ended: some 1,000 pods; it comes back and reads on from where it was. */
  readonly unreadBytes: number
  /** Connections at a time: some 60 KB each, so 250 MB at worst, and well below what a process may open. */
  readonly connections: number
  /** Requests at a time on one HTTP/2 connection: upstream's. */
  readonly streams: number
  /** All headers of a request: above the 32 KiB that a path may have. */
  readonly headerBytes: number
  /** How long a stop waits for what is being answered. */
  readonly stopMs: number
}

export const DEFAULT_LIMITS: ServingLimits = {
  bodyBytes: 3 * 1024 * 1024 + 64 * 1024,
  receivingBytes: 256 * 1024 * 1024,
  requestMs: 60_000,
  headersMs: 10_000,
  idleMs: 90_000,
  unreadBytes: 4 * 1024 * 1024,
  connections: 4096,
  streams: 250,
  headerBytes: 64 * 1024,
  stopMs: 4_000,
}

/** Unread bytes from which on a source that can wait is asked to. */
export const FULL_BYTES = 256 * 1024
/** Smaller answers are not worth compressing: upstream's value. */
export const GZIP_FROM_BYTES = 128 * 1024
/** HTTP/2 flow control: what one request and one connection may send unasked. A window of 64 KiB slows large bodies down. */
export const STREAM_WINDOW_BYTES = 256 * 1024
export const CONNECTION_WINDOW_BYTES = 1024 * 1024
/** Rapid reset (CVE-2023-44487): requests that a client may cancel at once and per second; clients that end 1,000 watches are fine. */
export const RESET_BURST = 1000
export const RESETS_PER_SECOND = 33
/** Pings, settings, empty frames and the like: ten times what any client was seen to send. */
export const IDLE_FRAME_BURST = 5000
export const IDLE_FRAMES_PER_SECOND = 500
/** Requests that are worked on for one connection, cancelled ones included, by the number that it may have open. */
export const CANCELLED_SHARE = 2
/** Sign of life on connections that are silent, so that those of dead machines end. */
export const KEEP_ALIVE_AFTER_MS = 30_000
/** How often a renewed certificate is looked for, at most. */
export const CERTIFICATE_CHECK_MS = 60_000
