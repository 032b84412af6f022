/** Exec, attach and port-forward: CRI answers with the address of containerd's streaming server, which speaks SPDY. */
import type { Clock } from '#base/clock.ts'
import {
  errorChannel,
  portDataChannel,
  resizeChannel,
  stderrChannel,
  stdinChannel,
  stdoutChannel,
} from '#client/streaming/channels.ts'
import { openExecStreams } from '#client/streaming/spdy/exec.ts'
import { openPortForward } from '#client/streaming/spdy/port-forward.ts'
import { upgradeToSpdy } from '#client/streaming/spdy/upgrade.ts'
import type { DuplexChannels } from '#client/transport.ts'
import type { AttachOptions } from '../runtime.ts'

export async function openExec(
  url: string,
  options: AttachOptions,
  clock: Clock,
): Promise<DuplexChannels> {
  const { wire, head } = await upgradeToSpdy(url, ['v4.channel.k8s.io'], clock)
  const channels = [
    errorChannel,
    ...(options.stdin ? [stdinChannel] : []),
    ...(options.stdout ? [stdoutChannel] : []),
    ...(options.stderr && !options.tty ? [stderrChannel] : []),
    ...(options.tty ? [resizeChannel] : []),
  ]
  return openExecStreams({ wire, head, clock, channels })
}

/** The same streams; they end with the container. */
export const openAttach = openExec

export async function openPort(url: string, port: number, clock: Clock): Promise<DuplexChannels> {
  const { wire, head } = await upgradeToSpdy(url, ['portforward.k8s.io'], clock)
  const session = openPortForward({ wire, head, clock })
  const connection = await session.connect(port)
  return {
    write: connection.write,
    end: channel => {
      if (channel === portDataChannel) connection.end(channel)
    },
    onData: connection.onData,
    onEnd: connection.onEnd,
    // The session serves this one connection, so it ends with it.
    onClose: listener =>
      connection.onClose(error => {
        session.close(error)
        listener(error)
      }),
    close(error) {
      connection.close(error)
      session.close(error)
    },
  }
}
