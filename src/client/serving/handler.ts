/** Who answers what comes in over HTTPS: the API server and the kubelet are such handlers. */
import type { StatusError } from '#api/machinery/status.ts'
import type { Tunnel } from '../forwarding/forwarder.ts'
import type { StreamKind } from '../streaming/channels.ts'
import type { ApiRequest, ApiResponse, DuplexChannels, EventSource } from '../transport.ts'
import type { KeepsApart } from './repeated-headers.ts'

/** What is known of the other end beside its requests. One frozen value a connection, so it may be used as a cache key. */
export interface ServedPeer {
  /** The client's leaf certificate in DER. The handshake proved that the client has its key; nobody checked who signed it. */
  readonly certificate?: Uint8Array
  /** IP address of the other end, without port. */
  readonly remoteAddress?: string
}

/** What a two-way request is joined to, once it is known who asks and that they may. */
export interface ServedStream {
  readonly kind: StreamKind
  /** Opens the other end; port-forward opens one for each connection to a port. Rejects with a StatusError where it can. */
  dial(port?: number): Promise<DuplexChannels>
}

/** What the pieces of an answer are, and so how they become messages. */
export type MessageForm =
  /** An event each, as a line of JSON: text. */
  | 'line'
  /** An event each, in a binary form. */
  | 'frame'
  /** Bytes that begin and end anywhere, such as a log's: binary or base64, as the client chose. */
  | 'bytes'

export type ServedUpgrade =
  | { readonly stream: ServedStream }
  /** Messages of a web socket, one way: a watch or a log. */
  | { readonly messages: EventSource<Uint8Array>; readonly form: MessageForm }
  /** Somebody else's answer to the upgrade, whose connection is joined to the client's as it is. */
  | { readonly tunnel: Tunnel }
  | { readonly response: ApiResponse }

export interface RequestHandler {
  /** Headers of this handler's own that name people and groups: repeated ones are parted by newlines, as those are that Kubernetes always has. */
  readonly keepsApart?: KeepsApart | undefined
  handle(request: ApiRequest, peer: ServedPeer): Promise<ApiResponse>
  /** Answers a request whose body cannot be taken, by the rules of all others: who may not ask at all learns only that. */
  refuse?(request: ApiRequest, peer: ServedPeer, error: StatusError): Promise<ApiResponse>
  /** Whether a body that is larger than others may be is passed on by this request, and so handed over as it comes. */
  passesOn?(request: Pick<ApiRequest, 'method' | 'path'>): boolean
  /**
   * Authenticates, authorizes and looks up what the connection is to be joined to; or says what to answer instead. Without it,
   * nothing is ever upgraded.
   */
  upgrade?(request: ApiRequest, peer: ServedPeer): Promise<ServedUpgrade>
}
