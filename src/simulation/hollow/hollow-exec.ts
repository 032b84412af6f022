/** exec in a hollow container: the few commands that need no process, and a clear sentence for all others. */
import { channelPair } from '#client/streaming/bridge.ts'
import { stderrChannel, stdinChannel, stdoutChannel } from '#client/streaming/channels.ts'
import { exitStatus, finishExec } from '#client/streaming/exec-status.ts'
import type { DuplexChannels } from '#client/transport.ts'
import type { ExecOptions, ExecResult } from '#kubelet'
import type { HollowContainer } from './hollow-container.ts'
import { scriptOf } from './script.ts'

/** What shells answer for a command that can't be run. */
const CANNOT_RUN = 126

/**
 * `asked` is whose question it is. A person is told that nothing ran; probes and hooks of programs that nobody knows here
 * succeed, as requests of probes do, for otherwise their pods could never become ready.
 */
export function execute(
  container: HollowContainer,
  command: readonly string[],
  asked: 'by a person' | 'by the kubelet',
): ExecResult {
  const answer = (exitCode: number, stdout: string, stderr = ''): ExecResult => ({
    exitCode,
    stdout: new TextEncoder().encode(stdout),
    stderr: new TextEncoder().encode(stderr),
  })
  const name = command[0]?.split('/').at(-1)
  const { env } = container.config
  if (name === 'env' || name === 'printenv')
    return answer(0, env.map(({ name, value }) => `${name}=${value}\n`).join(''))
  if (name === 'hostname')
    return answer(0, `${env.find(({ name }) => name === 'HOSTNAME')?.value ?? ''}\n`)
  let out = ''
  let error = ''
  for (const step of scriptOf(command)) {
    if (step.kind === 'print' && step.error) error += step.text
    else if (step.kind === 'print') out += step.text
    else if (step.kind === 'exit') return answer(step.code, out, error)
    else if (step.kind === 'unknown' && asked === 'by the kubelet') return answer(0, out, error)
    else if (step.kind === 'forever' || step.kind === 'unknown')
      return answer(
        CANNOT_RUN,
        out,
        `${command.join(' ')}: this is a hollow node, which runs no processes; only cat, echo, env, exit, false, hostname, sleep and true answer here\n`,
      )
  }
  return answer(0, out, error)
}

/** `cat` without a file: what is sent comes back, so that clients can be tried both ways. */
function openCat(): DuplexChannels {
  const [near, far] = channelPair()
  const closing = () => near.close()
  near.onData((channel, bytes) => {
    if (channel === stdinChannel) near.write(stdoutChannel, bytes).catch(closing)
  })
  near.onEnd(channel => {
    if (channel === stdinChannel) finishExec(near, exitStatus(0)).catch(closing)
  })
  near.onClose(() => {})
  return far
}

export function openExec(container: HollowContainer, options: ExecOptions): DuplexChannels {
  if (options.command.length === 1 && options.command[0] === 'cat' && options.stdin)
    return openCat()
  const [near, far] = channelPair()
  near.onData(() => {})
  near.onEnd(() => {})
  near.onClose(() => {})
  const result = execute(container, options.command, 'by a person')
  const say = async () => {
    if (result.stdout.length > 0) await near.write(stdoutChannel, result.stdout)
    if (result.stderr.length > 0)
      await near.write(options.tty ? stdoutChannel : stderrChannel, result.stderr)
    await finishExec(near, exitStatus(result.exitCode))
  }
  say().catch(() => near.close())
  return far
}

/** What the container prints from now on, until it ends. */
export function openAttach(container: HollowContainer, tty: boolean): DuplexChannels {
  const [near, far] = channelPair()
  const unwatch = container.watch((text, error) => {
    const channel = error && !tty ? stderrChannel : stdoutChannel
    near.write(channel, new TextEncoder().encode(text)).catch(() => {})
  })
  let over = false
  near.onData(() => {})
  near.onEnd(channel => {
    if (channel === stdinChannel) return
  })
  near.onClose(() => {
    over = true
    unwatch()
  })
  container.ended().then(() => {
    if (!over) finishExec(near, exitStatus(container.exitCode)).catch(() => near.close())
  })
  return far
}
