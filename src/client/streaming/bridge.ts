/** Joins two ends: what arrives at one is sent on the other, at the pace of the slower. */
import { messageOf } from '#base/errors.ts'
import type { DuplexChannels } from '../transport.ts'
import { type PortForwardSession, portErrorChannel } from './channels.ts'
import { createInbox } from './inbox.ts'

/** Joins `near` and `far` until either closes; then the other is closed too, after what was on its way. */
export function bridgeChannels(near: DuplexChannels, far: DuplexChannels): void {
  copy(near, far)
  copy(far, near)
}

function copy(from: DuplexChannels, to: DuplexChannels): void {
  const underway = new Set<Promise<void>>()
  from.onData((channel, bytes) => {
    // A failed write means that `to` is closing, which its own onClose tells.
    const writing = to.write(channel, bytes).catch(() => {})
    underway.add(writing)
    return writing.finally(() => underway.delete(writing))
  })
  // Carriers keep the order of writes and ends, so an end need not wait.
  from.onEnd(channel => to.end(channel))
  from.onClose(error => {
    if (error) to.close(error)
    else Promise.all(underway).then(() => to.close())
  })
}

/**
 * Serves a port-forward session: each connection that the client makes is joined to what `dial` opens for its port. Where that
 * fails the client is told so on the connection's error channel.
 */
export function serveForwardedPorts(
  session: PortForwardSession,
  dial: (port: number) => Promise<DuplexChannels>,
): void {
  session.onConnection(({ port, channels }) => {
    dial(port).then(
      pod => bridgeChannels(channels, pod),
      (error: unknown) => {
        const sentence = `forwarding to port ${port} failed: ${messageOf(error)}`
        channels
          .write(portErrorChannel, new TextEncoder().encode(sentence))
          .catch(() => {})
          .finally(() => channels.close())
      },
    )
  })
}

/** Two ends joined in memory, with the same back-pressure as a wire. */
export function channelPair(): [DuplexChannels, DuplexChannels] {
  const left = createInbox()
  const right = createInbox()
  let open = true
  function end(mine: typeof left, peers: typeof left): DuplexChannels {
    return {
      onData: mine.onData,
      onEnd: mine.onEnd,
      onClose: mine.onClose,
      async write(channel, bytes) {
        if (!open) throw new Error('the stream is closed')
        await peers.data(channel, bytes)
      },
      end: channel => {
        if (open) peers.end(channel)
      },
      close(error) {
        if (!open) return
        open = false
        peers.close(error)
        mine.close(error)
      },
    }
  }
  return [end(left, right), end(right, left)]
}
