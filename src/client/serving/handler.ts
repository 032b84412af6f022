/** Who answers what comes in over HTTPS: the API server and the kubelet are such handlers. */
import type { ApiRequest, ApiResponse, DuplexChannels } from '../transport.ts'

/** What is known of the other end beside its requests. One frozen value a connection, so it may be used as a cache key. */
export interface ServedPeer {
  /** The client's leaf certificate in DER. The handshake proved that the client has its key; nobody checked who signed it. */
  readonly certificate?: Uint8Array
  /** IP address of the other end, without port. */
  readonly remoteAddress?: string
}

/** What a two-way request is joined to, once it is known who asks and that they may. */
export type Connected =
  | { readonly kind: 'exec' | 'attach'; readonly channels: DuplexChannels }
  /** Opens one connection to a port of the pod whenever the client makes one. */
  | { readonly kind: 'portforward'; readonly dial: (port: number) => Promise<DuplexChannels> }

export interface RequestHandler {
  handle(request: ApiRequest, peer: ServedPeer): Promise<ApiResponse>
  /**
   * Authenticates, authorizes and looks up; only what it resolves to is worth an upgrade. A StatusError that it throws
   * is answered as it is. Without it, nothing is ever upgraded.
   */
  connect?(request: ApiRequest, peer: ServedPeer): Promise<Connected>
}
