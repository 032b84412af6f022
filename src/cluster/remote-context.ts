/** What a role lives on when the API server is elsewhere: a client and informers over HTTPS, as whom its kubeconfig says. */
import { resolve } from 'node:path'
import { StatusError } from '#api/machinery/status.ts'
import { UserError } from '#base/errors.ts'
import { createFigureBook, type FigureBook } from '#base/figures.ts'
import type { Log } from '#base/log.ts'
import type { SpanScope } from '#base/tracing/span-scope.ts'
import { createClient } from '#client/api-client.ts'
import { createHttpTransport } from '#client/http-transport.ts'
import { createInformers, type InformersContext } from '#client/informers.ts'
import {
  type Connection,
  connectionFromKubeconfig,
  connectionInCluster,
} from '#client/kubeconfig.ts'
import { meterTransport } from '#client/metered-transport.ts'
import { networkFailure } from '#client/network-failure.ts'
import type { RoleContext, Running } from '#client/role.ts'
import { systemClock } from '#host/clock.ts'
import { systemFiles } from '#host/files.ts'
import { systemRandom } from '#host/random.ts'

export interface Remote extends Running {
  readonly context: RoleContext
  readonly connection: Connection
  /** Where the role counts what it does, its requests among it. */
  readonly figures: FigureBook
  /** Requests are told as parts of what is under way. */
  trace(spans: SpanScope): Promise<void>
  /** What is asked from now on goes over another connection, as who one is by now. */
  reconnect(): void
}

/** The connection that `--kubeconfig` describes, or that every pod is given. Throws UserErrors. */
export async function connectionOf(kubeconfig: string | undefined): Promise<Connection> {
  const read = async (path: string) => {
    const content = systemFiles.read(path)
    if (content === undefined) throw new UserError(`there is no file ${path}`)
    return content.toString()
  }
  if (kubeconfig === undefined) {
    if (process.env.KUBERNETES_SERVICE_HOST === undefined)
      throw new UserError('--kubeconfig FILE is needed: it says where the API server is')
    return connectionInCluster(process.env, { read })
  }
  const path = resolve(kubeconfig)
  return connectionFromKubeconfig(await read(path), {
    read,
    resolve: name => resolve(path, '..', name),
  })
}

/** What went wrong while a command asked a cluster, in a sentence; what nobody expected stays what it is. */
export function askedInVain(error: unknown, { server }: Pick<Connection, 'server'>): unknown {
  if (error instanceof StatusError) return new UserError(error.message)
  const cause = error instanceof Error && error.cause ? error.cause : error
  if (error instanceof UserError || !(cause instanceof Error && 'code' in cause)) return error
  const { hostname, port } = new URL(server)
  const host = hostname.replace(/^\[|\]$/g, '')
  const why = networkFailure(cause, { host, port: Number(port || 443) })
  return new UserError(`the API server at ${server} cannot be asked: ${why}; does it run?`)
}

/** Connects when something is first asked for; nothing here waits for the API server. */
export function remoteContext(
  connection: Connection,
  log: Log,
  figures = createFigureBook(),
  keep?: InformersContext['keep'],
): Remote {
  const clock = systemClock
  const transport = createHttpTransport(connection, { clock })
  const { host } = new URL(connection.server)
  const metered = meterTransport(transport, figures, { host, clock })
  let asked = metered
  const client = createClient({ ...metered, request: request => asked.request(request) })
  const informers = createInformers(client, {
    ...{ clock, log, random: systemRandom },
    ...(keep ? { keep } : {}),
  })
  return {
    connection,
    figures,
    context: { client, informers, clock, random: systemRandom, log },
    reconnect: () => transport.reconnect(),
    async trace(spans) {
      const { traceTransport } = await import('#client/traced-transport.ts')
      asked = traceTransport(metered, spans, connection.server)
    },
    async stop() {
      informers.stop()
      await transport.close()
    },
  }
}
