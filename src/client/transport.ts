/**
 * The seam between whoever uses the API and the API: a request goes in, a response comes out. The API server's
 * `handle` is one; HTTP/2 with TLS is another; the simulator's lossy network a third. In-process callers
 * ask for `objects` and get the very values that the server's cache holds, frozen, without any encoding.
 */
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import type { Status } from '#api/machinery/status.ts'

export type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'OPTIONS'

export interface ApiRequest {
  readonly method: Method
  /** Path and query, encoded: `/api/v1/namespaces/default/pods?limit=500`. */
  readonly path: string
  /** Names in lower case. */
  readonly headers?: Readonly<Record<string, string>>
  /** Bytes as `content-type` says, or (in process only) plain data that the receiver must not change. */
  readonly body?: Uint8Array | object
  /** Instead of `body`: bytes of any number as they come, for who passes them on. Nothing is read before somebody subscribes. */
  readonly bodyStream?: BodyStream
  /** Ask for values instead of bytes; a transport that cannot hand over values decodes them. */
  readonly objects?: boolean
  readonly signal?: AbortSignal
}

export interface BodyStream extends EventSource<Uint8Array> {
  /** How many bytes there will be, where that was said. */
  readonly length?: number
}

export interface ApiResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: ResponseBody
}

export type ResponseBody =
  | { readonly kind: 'empty' }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  /** Several buffers that make one body; lets a list share the bytes of its items. */
  | { readonly kind: 'chunks'; readonly chunks: readonly Uint8Array[] }
  | { readonly kind: 'object'; readonly object: unknown }
  | { readonly kind: 'events'; readonly events: EventSource<WatchEvent> }
  /** An endless body such as a log that is followed, or a watch as bytes: pieces of one stream, which may begin and end within an event. */
  | { readonly kind: 'stream'; readonly stream: EventSource<Uint8Array> }

/**
 * A push source with one subscriber. `next` may return a promise while its receiver is full: a source that can wait (a
 * file that is read, a watch that catches up) does; one that cannot (a watch of what happens now) goes on, and whoever is too slow for it is
 * ended by its server.
 */
export interface EventSource<E> {
  /** Starts the flow; `next` must not throw. Returns the function that cancels it; after that nothing is called. */
  subscribe(sink: { next(event: E): void | Promise<void>; end(error?: Error): void }): () => void
}

export type WatchEvent<T extends KubernetesObject = KubernetesObject> =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: T }
  | { readonly type: 'BOOKMARK'; readonly object: KubernetesObject }
  | { readonly type: 'ERROR'; readonly object: Status }

export interface Transport {
  /** Resolves with whatever the server answered, errors included; rejects only when no answer came. */
  request(request: ApiRequest): Promise<ApiResponse>
  /** Opens one of the two-way subresources (exec, attach, portforward). */
  connect?(request: ApiRequest): Promise<DuplexChannels>
}

/**
 * The numbered streams of exec, attach and port-forward, whatever protocol carries them (SPDY, web socket, in process).
 * exec: 0 stdin, 1 stdout, 2 stderr, 3 error (a Status at the end), 4 resize. Port-forward, one connection: 0 bytes both ways,
 * 1 error in plain text (`streaming/channels.ts`).
 */
export interface DuplexChannels {
  /** Sends on a channel; resolves when the peer can take more. */
  write(channel: number, bytes: Uint8Array): Promise<void>
  /** Half-closes one channel, e.g. end of stdin. */
  end(channel: number): void
  /**
   * Set once by the receiver, before anything arrives. A listener that can't keep up returns a promise: bytes go on arriving
   * in order, but the sender is held back once too many of them wait. `bridgeChannels(a, b)` in `streaming/` does so.
   */
  onData(listener: (channel: number, bytes: Uint8Array) => void | Promise<void>): void
  onEnd(listener: (channel: number) => void): void
  /** The whole connection is over; `error` where it broke. */
  onClose(listener: (error?: Error) => void): void
  close(error?: Error): void
}
