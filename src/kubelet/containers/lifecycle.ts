/** postStart and preStop hooks: a command in the container, an HTTP request to it, or a pause. */
import { type Clock, sleep } from '#base/clock.ts'
import { messageOf } from '#base/errors.ts'
import type { HostAccess } from '../host-access.ts'
import type { AnyContainer, LifecycleHandler } from '../pod-types.ts'
import { httpTarget, portOf } from '../probes/target.ts'
import type { ContainerRuntime } from '../runtime.ts'

/** A hook's HTTP request is given this long. */
const HTTP_TIMEOUT_MS = 30_000

export interface HookTarget {
  readonly container: AnyContainer
  readonly containerId: string
  readonly podIp: string
  /** For what is told of a failure. */
  readonly pod: string
}

export interface HookTools {
  readonly runtime: ContainerRuntime
  readonly host: HostAccess
  readonly clock: Clock
  /** Ends a pause. */
  readonly signal: AbortSignal
}

/** Rejects with upstream's sentence when the hook fails. `timeoutSeconds` 0 is none. */
export async function runHook(
  handler: LifecycleHandler,
  target: HookTarget,
  tools: HookTools,
  timeoutSeconds: number,
): Promise<void> {
  const { container, containerId, podIp } = target
  const where = `for Container "${container.name}" in Pod "${target.pod}"`
  if (handler.exec) {
    const command = handler.exec.command ?? []
    const failed = (why: string, output: string) =>
      new Error(
        `Exec lifecycle hook ([${command.join(' ')}]) ${where} failed - error: ${why}, message: ${JSON.stringify(output)}`,
      )
    const result = await tools.runtime
      .execSync(containerId, command, timeoutSeconds)
      .catch(error => {
        throw failed(messageOf(error), '')
      })
    if (result.exitCode === 0) return
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes)
    const why = `command '${command.join(' ')}' exited with ${result.exitCode}: ${text(result.stderr)}`
    throw failed(why, text(Buffer.concat([result.stdout, result.stderr])))
  }
  if (handler.sleep) return sleep(tools.clock, Number(handler.sleep.seconds) * 1000, tools.signal)
  if (handler.httpGet) {
    const probe = httpTarget(handler.httpGet, container, podIp, 'kube-lifecycle/1.36')
    const answer = await tools.host.network.http(probe, HTTP_TIMEOUT_MS)
    if (!answer.ok)
      throw new Error(
        `HTTP lifecycle hook (${probe.path}) ${where} failed - error: ${answer.output}, message: ""`,
      )
    return
  }
  if (handler.tcpSocket) {
    const { host, port } = handler.tcpSocket
    await tools.host.network.tcp(host || podIp, portOf(port, container), HTTP_TIMEOUT_MS)
  }
}
