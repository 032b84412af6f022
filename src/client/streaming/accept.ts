/**
 * The server's end of exec, attach and port-forward. Authenticate, authorize and look up first: until this is called
 * any refusal is a plain HTTP answer with a Status. This then answers `101 Switching Protocols` in whichever protocol the
 * client asked for: web socket channels, SPDY/3.1, or SPDY tunnelled through a web socket.
 */
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Clock } from '#base/clock.ts'
import type { DuplexChannels } from '../transport.ts'
import type { PortForwardSession, StreamKind } from './channels.ts'

export interface AcceptOptions<K extends StreamKind = StreamKind> {
  readonly kind: K
  readonly clock: Clock
}

export interface UpgradeRequest {
  readonly request: IncomingMessage
  readonly socket: Duplex
  /** The first bytes that the client sent behind its request, as node's `upgrade` event hands them over. */
  readonly head: Uint8Array
}

export type Accepted<K extends StreamKind> = K extends 'portforward'
  ? PortForwardSession
  : DuplexChannels

/**
 * Whether the request asks for an upgrade that `acceptStreamUpgrade` can serve. Where it does not, the answer is
 * 400 with the sentence that is returned.
 */
export function streamUpgradeProblem(
  _request: IncomingMessage,
  _kind: StreamKind,
): string | undefined {
  return undefined
}

/**
 * Upgrades and resolves when the client's streams are open. Rejects where the client goes away before, does not open
 * its streams in time, or breaks the protocol; the socket is then answered and closed already.
 */
export async function acceptStreamUpgrade<K extends StreamKind>(
  _upgrade: UpgradeRequest,
  _options: AcceptOptions<K>,
): Promise<Accepted<K>> {
  throw new Error('not yet')
}
