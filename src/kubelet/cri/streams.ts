/** Exec, attach and port-forward: CRI answers with the address of containerd's streaming server, which speaks SPDY. */
import { connect } from 'node:net'
import type { Clock } from '#base/clock.ts'
import { keepReading } from '#client/keep-reading.ts'
import {
  errorChannel,
  resizeChannel,
  stderrChannel,
  stdinChannel,
  stdoutChannel,
} from '#client/streaming/channels.ts'
import { openExecStreams } from '#client/streaming/spdy/exec.ts'
import { singlePort } from '#client/streaming/spdy/port-forward.ts'
import { upgradeToSpdy } from '#client/streaming/spdy/upgrade.ts'
import type { StreamTarget } from '#client/streaming/target.ts'
import type { DuplexChannels } from '#client/transport.ts'
import type { AttachOptions } from '../runtime.ts'

export async function openExec(
  url: string,
  options: AttachOptions,
  clock: Clock,
): Promise<DuplexChannels> {
  const { wire, head } = await upgradeToSpdy(targetOf(url, clock), ['v4.channel.k8s.io'])
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
  const { wire, head } = await upgradeToSpdy(targetOf(url, clock), ['portforward.k8s.io'])
  return singlePort({ wire, head, clock }, port)
}

/** The streaming server's addresses are plain HTTP on the loopback. */
function targetOf(url: string, clock: Clock): StreamTarget {
  const { host, hostname, port, pathname, search } = new URL(url)
  return {
    host,
    path: `${pathname}${search}`,
    headers: {},
    dial: async () => keepReading(connect(Number(port), hostname)),
    clock,
  }
}
