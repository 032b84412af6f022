/**
 * Opens exec, attach and port-forward on an API server or kubelet elsewhere: the first two as web socket channels, v5 where it can,
 * port-forward over SPDY, where a connection's two ends close one by one.
 */
import { once } from 'node:events'
import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { type Status, StatusError, type StatusReason } from '#api/machinery/status.ts'
import type { Clock } from '#base/clock.ts'
import { keepReading } from '../keep-reading.ts'
import type { Connection } from '../kubeconfig.ts'
import { tlsOptions } from '../tls-options.ts'
import type { ApiRequest, DuplexChannels } from '../transport.ts'
import { singlePort } from './spdy/port-forward.ts'
import { upgradeToSpdy } from './spdy/upgrade.ts'
import { type StreamTarget, UpgradeRefused, upgradeTimeoutMs } from './target.ts'
import { connectSocket } from './websocket/client.ts'

/** Which stream it is follows from the path, as the API and the kubelet have them. */
export async function connectStream(
  connection: Connection,
  request: ApiRequest,
  clock: Clock,
): Promise<DuplexChannels> {
  const target = await targetOf(connection, request, clock)
  const [path = '', query = ''] = request.path.split('?')
  try {
    if (!/\/portforward(\/|$)/i.test(path)) return await connectSocket(target)
    const asked = new URLSearchParams(query)
    const port = Number(asked.get('ports') ?? asked.get('port'))
    if (!Number.isInteger(port) || port < 1) throw new Error(`${request.path} names no port`)
    const { wire, head } = await upgradeToSpdy(target, ['portforward.k8s.io'])
    return await singlePort({ wire, head, clock }, port)
  } catch (error) {
    throw (error instanceof UpgradeRefused && statusErrorOf(error)) || error
  }
}

async function targetOf(
  connection: Connection,
  request: ApiRequest,
  clock: Clock,
): Promise<StreamTarget> {
  const { server, token } = connection
  const { protocol, host, hostname, port, pathname } = new URL(server)
  const bearer = typeof token === 'function' ? await token() : token
  const address = { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 443) }
  return {
    host,
    path: pathname.replace(/\/$/, '') + request.path,
    headers: { ...request.headers, ...(bearer && { authorization: `Bearer ${bearer}` }) },
    clock,
    dial() {
      if (protocol === 'http:') return opened(connectTcp(address), 'connect', clock)
      const options = { ...address, ...tlsOptions(connection), ALPNProtocols: ['http/1.1'] }
      return opened(connectTls(options), 'secureConnect', clock)
    },
  }
}

async function opened(socket: Socket, event: string, clock: Clock): Promise<Socket> {
  const cancelTimeout = clock.after(upgradeTimeoutMs, () => {
    socket.destroy(new Error('the server did not answer in time'))
  })
  await once(socket, event).finally(cancelTimeout)
  return keepReading(socket)
}

/** The Status that a refusal carries, as the error that it is everywhere else. */
function statusErrorOf({ body }: UpgradeRefused): StatusError | undefined {
  try {
    const status: Partial<Status> = JSON.parse(body)
    if (status.kind !== 'Status') return undefined
    const reason = (status.reason ?? 'InternalError') as StatusReason
    return new StatusError(reason, status.message ?? reason, status.details)
  } catch {
    return undefined
  }
}
