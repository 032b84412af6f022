/** Where the server behind an APIService listens, how it is known, and how this one is known to it. */
import type { ApiService } from '#api/apiregistration/v1/api-service.ts'
import { StatusError } from '#api/machinery/status.ts'
import { messageOf } from '#base/errors.ts'
import { hostPort } from '#base/host-port.ts'
import type { Forwarder, ForwarderTo } from '#client/forwarding/forwarder.ts'
import type { KeptConnections } from '#client/forwarding/kept-connections.ts'
import { networkFailure } from '#client/network-failure.ts'
import type { ApiResponse, ResponseBody, Transport } from '#client/transport.ts'
import { resolveService } from '../admission/webhooks/location.ts'
import type { UserInfo } from '../authentication/authenticator.ts'
import type { ServerContext } from '../server-context.ts'
import { type Reference, referenceOf } from './availability.ts'
import { identityHeaders } from './identity.ts'

export interface FrontProxy {
  readonly forwarderTo: ForwarderTo
  /** Servers of this process, which stand where the cluster has no Service of that name. */
  readonly localServer?: (at: Omit<Reference, 'port'>) => LocalServer | undefined
  /** What this server shows to those behind it; asked for at every connection, for it is renewed. */
  clientCertificate(): { readonly certificate: string; readonly key: string }
}

/** The server as this user meets it: who asks is told by value, and needs no certificate. */
export type LocalServer = (user: UserInfo) => Pick<Transport, 'request'>

export interface Reached {
  readonly forwarder: Forwarder
  /** `https://10.0.0.7:8443`, for messages. */
  readonly url: string
  /** The server itself where it is in this process. */
  readonly local?: Pick<Transport, 'request'>
}

export interface Wanted {
  readonly service: ApiService
  readonly user: UserInfo
  /** Of this service alone. */
  readonly connections: KeptConnections
}

/** A Service takes the place of what this process has under its name: so a user puts another server there. */
export function localServerOf(
  { webhooks }: Pick<ServerContext, 'webhooks'>,
  proxy: FrontProxy,
  { namespace, name }: Reference,
): LocalServer | undefined {
  const local = proxy.localServer?.({ namespace, name })
  return local && webhooks.service(namespace, name) === undefined ? local : undefined
}

/** Chooses one of the endpoints. Throws an Error that says why there is none. */
export function reach(
  server: Pick<ServerContext, 'webhooks' | 'random'>,
  proxy: FrontProxy,
  { service, user, connections }: Wanted,
): Reached {
  const { webhooks, random } = server
  const reference = referenceOf(service)
  if (!reference) throw new Error('it is served here')
  const local = localServerOf(server, proxy, reference)?.(user)
  if (local) return locally(local, reference)
  const { host, port } = resolveService(webhooks, random, reference)
  const { caBundle, insecureSkipTLSVerify = false } = service.spec
  const authority = caBundle ? Buffer.from(caBundle, 'base64').toString() : ''
  const forwarder = proxy.forwarderTo({
    scheme: 'https',
    address: host,
    port,
    tls: {
      serverName: `${reference.name}.${reference.namespace}.svc`,
      ...(authority === '' ? {} : { authority }),
      isUnchecked: insecureSkipTLSVerify,
      ...proxy.clientCertificate(),
    },
    headers: identityHeaders(user),
    connections,
  })
  const url = `https://${hostPort(host, port)}`
  return { forwarder: told(forwarder, { host, port }), url }
}

function locally(local: Pick<Transport, 'request'>, { name, namespace, port }: Reference): Reached {
  const forwarder: Forwarder = {
    request: request => local.request(request),
    upgrade: async request => ({ response: await local.request(request) }),
  }
  return { forwarder, url: `https://${name}.${namespace}.svc:${port}`, local }
}

/** Failures in the words that operators know. */
function told(forwarder: Forwarder, at: { host: string; port: number }): Forwarder {
  const tell = (error: unknown): never => {
    const cause = error instanceof StatusError ? error.cause : error
    if (cause === undefined) throw error
    throw new StatusError('ServiceUnavailable', networkFailure(cause, at), {})
  }
  return {
    request: request => forwarder.request(request).catch(tell),
    upgrade: request => forwarder.upgrade(request).catch(tell),
  }
}

/** Of a document that this server reads for itself. */
const MAXIMUM_DOCUMENT_BYTES = 16 * 1024 * 1024
const TIMEOUT_MS = 5_000

export interface Answer {
  readonly status: number
  readonly headers: ApiResponse['headers']
  readonly body: Uint8Array
}

/** Asks for a document. Rejects with an Error that says why there is none. */
export async function askFor(
  { forwarder, url }: Reached,
  { clock }: Pick<ServerContext, 'clock'>,
  path: string,
  accept: string,
): Promise<Answer> {
  const controller = new AbortController()
  const cancel = clock.after(TIMEOUT_MS, () => controller.abort())
  try {
    const headers = { accept, 'user-agent': 'kube-aggregator' }
    const { signal } = controller
    const {
      status,
      headers: answered,
      body,
    } = await forwarder.request({
      method: 'GET',
      path,
      headers,
      signal,
    })
    return { status, headers: answered, body: await bytesOf(body, MAXIMUM_DOCUMENT_BYTES) }
  } catch (error) {
    const why = controller.signal.aborted
      ? 'net/http: request canceled (Client.Timeout exceeded while awaiting headers)'
      : messageOf(error)
    throw new Error(`Get ${JSON.stringify(url + path)}: ${why}`)
  } finally {
    cancel()
  }
}

export function bytesOf(body: ResponseBody, limit: number): Promise<Uint8Array> {
  if (body.kind === 'bytes') return Promise.resolve(body.bytes)
  if (body.kind === 'chunks') return Promise.resolve(Buffer.concat(body.chunks))
  if (body.kind !== 'stream') return Promise.resolve(new Uint8Array())
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = []
    let size = 0
    const cancel = body.stream.subscribe({
      next(chunk) {
        size += chunk.length
        chunks.push(chunk)
        if (size <= limit) return
        queueMicrotask(() => cancel())
        reject(new Error(`the answer is longer than ${limit} bytes`))
      },
      end: error => (error ? reject(error) : resolve(Buffer.concat(chunks))),
    })
  })
}
