/** Asks once: a command in the container, or a request to it. */
import type { ProbeAnswer } from '../host-access.ts'
import type { KubeletContext } from '../options.ts'
import type { ContainerReference, Probe } from '../pod-types.ts'
import { CommandTimeout } from '../runtime.ts'
import { httpTarget, portOf } from './target.ts'

export interface ProbeSubject {
  readonly reference: ContainerReference
  readonly containerId: string
  readonly podIp: string
}

const DEFAULT_TIMEOUT_SECONDS = 1

/** Rejects where the container could not be asked, which is no answer. */
export async function askProbe(
  probe: Probe,
  { reference, containerId, podIp }: ProbeSubject,
  { options }: KubeletContext,
): Promise<ProbeAnswer> {
  const seconds = probe.timeoutSeconds || DEFAULT_TIMEOUT_SECONDS
  const timeoutMs = seconds * 1000
  const { container } = reference
  const { network } = options.hostAccess
  if (probe.exec) {
    try {
      const { exitCode, stdout, stderr } = await options.runtime.execSync(
        containerId,
        probe.exec.command ?? [],
        seconds,
      )
      const output = new TextDecoder().decode(Buffer.concat([stdout, stderr]))
      return { ok: exitCode === 0, output }
    } catch (error) {
      if (error instanceof CommandTimeout) return { ok: false, output: error.message }
      throw error
    }
  }
  if (probe.httpGet) {
    const target = httpTarget(probe.httpGet, container, podIp, 'kube-probe/1.36')
    return network.http(target, timeoutMs)
  }
  if (probe.tcpSocket) {
    const { host, port } = probe.tcpSocket
    return network.tcp(host || podIp, portOf(port, container), timeoutMs)
  }
  if (probe.grpc) return network.grpc(podIp, probe.grpc.port, probe.grpc.service ?? '', timeoutMs)
  return { ok: true, output: '' }
}
