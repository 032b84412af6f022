/**
 * Words shared by everything that streams: which channel is what, port-forward sessions, and the bridge between two ends.
 * Whatever carries them (SPDY, web socket, in process), both ends see `DuplexChannels`.
 */
import type { DuplexChannels } from '../transport.ts'

/** Channels of exec and attach. */
export const stdinChannel = 0
export const stdoutChannel = 1
export const stderrChannel = 2
/** Carries one Status as JSON when the command has ended, then ends. */
export const errorChannel = 3
/** Carries `{"Width":80,"Height":24}` as JSON lines whenever the terminal's size changes. */
export const resizeChannel = 4

/** Channels of one forwarded connection: bytes both ways on 0; on 1 the server says in plain text what went wrong. */
export const portDataChannel = 0
export const portErrorChannel = 1

export type StreamKind = 'exec' | 'attach' | 'portforward'

/** What a client that forwards ports opened: any number of connections to ports of one pod. */
export interface PortForwardSession {
  /** Set once, before anything arrives; called for each connection that the client makes. */
  onConnection(listener: (connection: PortForwardConnection) => void): void
  onClose(listener: (error?: Error) => void): void
  close(error?: Error): void
}

export interface PortForwardConnection {
  readonly port: number
  /** `portDataChannel` and `portErrorChannel`. */
  readonly channels: DuplexChannels
}
