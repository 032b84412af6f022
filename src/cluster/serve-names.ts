/**
 * The DNS server of a node. Where another one has its port on all addresses of the machine, as dnsmasq and named do, it takes a free one: pods ask a
 * Service, which leads them there all the same.
 */
import { sleep } from '#base/clock.ts'
import { messageOf } from '#base/errors.ts'
import type { RoleContext, Running } from '#client/role.ts'
import { type DnsOptions, type RunningDns, startDns } from '#dns'

const RETRY_MS = 5_000

export interface ServeNamesOptions extends Omit<DnsOptions, 'listen'> {
  readonly address: string
  /** The one to have where it can be had. */
  readonly port: number
  readonly signal: AbortSignal
  /** Gets the server as soon as it runs. */
  started(server: Running): Promise<void>
  /** It listens on another port. */
  moved(port: number): Promise<void>
}

/** Resolves when it answers. Pods without names are bad, a node that does not start is worse: so it goes on trying. */
export async function serveNames(context: RoleContext, options: ServeNamesOptions): Promise<void> {
  const { clock, log } = context
  const { signal, started, moved } = options
  let server: RunningDns | undefined
  while (!signal.aborted)
    try {
      if (!server) {
        server = await startSomewhere(context, options)
        await started(server)
      }
      const [port = 0] = server.ports
      if (port !== options.port) await moved(port)
      return
    } catch (error) {
      log.error('DNS for pods could not be started; trying again', { error: messageOf(error) })
      await sleep(clock, RETRY_MS, signal).catch(() => {})
    }
}

async function startSomewhere(
  context: RoleContext,
  options: ServeNamesOptions,
): Promise<RunningDns> {
  const { address, port } = options
  const startAt = (port: number) => startDns(context, { ...options, listen: [{ address, port }] })
  try {
    return await startAt(port)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')) throw error
    const server = await startAt(0)
    context.log.warn('DNS for pods took a free port', {
      port: server.ports[0],
      why: messageOf(error),
    })
    return server
  }
}
