/** What tests of aggregation share: an API server for one group, over HTTPS, and one in front of it. */
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { setTimeout as pause } from 'node:timers/promises'
import type { TLSSocket } from 'node:tls'
import type { Clock } from '#base/clock.ts'
import { issueAuthority, issueLeaf } from '#base/pki/certificate.ts'
import { createForwarders } from '#client/forwarding/forwarder.ts'
import type { Method } from '#client/transport.ts'
import type { AggregationOptions } from '../apiserver.ts'
import { admin, startTestServer, testRandom } from '../testing.ts'
import { bytesOf } from './target.ts'

/** Checked against the machine's own clock. */
const validity = { notBefore: Date.parse('2025-01-01'), notAfter: Date.parse('2049-01-01') }
const random = testRandom()
const serving = issueAuthority('extension-ca', validity, random)
const clients = issueAuthority('client-ca', validity, random)
export const frontProxy = issueAuthority('front-proxy-ca', validity, random)
export const caBundle = Buffer.from(serving.certificate).toString('base64')
export const clientAuthority = clients.certificate
/** What the records of the cluster say; loopback addresses may not be endpoints. */
const ADDRESS = '192.0.2.7'

export interface Seen {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly body: string
  /** Common name of the certificate that the front proxy's authority vouches for. */
  readonly proxy: string | undefined
}

type Answerer = (request: IncomingMessage, response: ServerResponse, seen: Seen) => void

export interface Extension extends AsyncDisposable {
  readonly server: Server
  readonly port: number
  readonly seen: Seen[]
  /** Those that were passed on for somebody, without what the aggregator asks for itself. */
  passed(): Seen[]
  upgraded(handle: (request: IncomingMessage, socket: Duplex) => void): void
}

export async function startExtension(
  answer: Answerer,
  names: readonly string[] = ['extension.default.svc'],
): Promise<Extension> {
  const seen: Seen[] = []
  const leaf = issueLeaf(
    { subject: { commonName: 'extension' }, usages: ['server'], names, validity },
    serving,
    random,
  )
  const server = createServer(
    {
      cert: leaf.certificate,
      key: leaf.key,
      ca: frontProxy.certificate,
      requestCert: true,
      rejectUnauthorized: false,
    },
    async (request, response) => {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk)
      const socket = request.socket as TLSSocket
      const { CN } = socket.getPeerCertificate()?.subject ?? {} // None where the client went away.
      const what = {
        method: request.method ?? '',
        url: request.url ?? '',
        headers: { ...request.headers, 'x-remote-group': groupsIn(request.rawHeaders) },
        body: Buffer.concat(chunks).toString(),
        proxy: socket.authorized ? String(CN) : undefined,
      }
      seen.push(what)
      answer(request, response, what)
    },
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    server,
    port,
    seen,
    passed: () =>
      seen.filter(({ headers }) => !String(headers['x-remote-user']).endsWith('aggregator')),
    upgraded: handle => void server.on('upgrade', handle),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

/** Each is a header of its own, for a group may have a comma in its name. */
function groupsIn(raw: readonly string[]): string[] {
  return raw.filter((_, at) => at % 2 === 1 && raw[at - 1]?.toLowerCase() === 'x-remote-group')
}

export const resourceList = (group: string, version: string) => ({
  kind: 'APIResourceList',
  apiVersion: 'v1',
  groupVersion: `${group}/${version}`,
  resources: [
    {
      name: 'flunders',
      singularName: 'flunder',
      namespaced: true,
      kind: 'Flunder',
      verbs: ['get', 'list', 'watch', 'create'],
      shortNames: ['fl'],
    },
    {
      name: 'flunders/status',
      singularName: '',
      namespaced: true,
      kind: 'Flunder',
      verbs: ['get'],
    },
  ],
})

export const json = (response: ServerResponse, status: number, value: unknown, headers = {}) =>
  void response
    .writeHead(status, { 'content-type': 'application/json', ...headers })
    .end(JSON.stringify(value))

/** How a server in front reaches the extension, whatever its records say. */
export function aggregationTo(port: () => number, clock: Clock): AggregationOptions {
  const forwarderTo = createForwarders({ clock })
  const leaf = issueLeaf(
    { subject: { commonName: 'front-proxy-client' }, usages: ['client'], validity },
    frontProxy,
    random,
  )
  return {
    forwarderTo: target => forwarderTo({ ...target, address: '127.0.0.1', port: port() }),
    clientCertificate: () => leaf,
    clientAuthority,
    frontProxyAuthority: frontProxy.certificate,
    frontProxyNames: ['front-proxy-client'],
  }
}

/** The server in front; whatever is dialled leads to the extension. */
/** `clock` is the machine's, which connections live by. */
export async function startFront(port: () => number, clock: Clock) {
  const front = await startTestServer({ clock, aggregation: aggregationTo(port, clock) })
  return {
    ...front,
    /** Asks, and reads an answer that comes in pieces. */
    async read(method: Method, path: string) {
      const { status, body } = await front.server.handle({ method, path }, { user: admin })
      return { status, body: JSON.parse(Buffer.from(await bytesOf(body, 1e6)).toString()) }
    },
    [Symbol.asyncDispose]: () => front.server.stop(),
  }
}

export type Front = Awaited<ReturnType<typeof startFront>>

const API_SERVICES = '/apis/apiregistration.k8s.io/v1/apiservices'
export const GROUP = 'wardle.example.com'
export const NAME = `v1.${GROUP}`

export async function createService({ ask }: Front): Promise<void> {
  const made = await ask('POST', '/api/v1/namespaces/default/services', {
    metadata: { name: 'extension' },
    spec: { ports: [{ port: 443, targetPort: 8443 }] },
  })
  if (made.status !== 201) throw new Error(made.text)
}

export async function createSlice({ ask }: Front): Promise<void> {
  const made = await ask(
    'POST',
    '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices',
    extensionSlice,
  )
  if (made.status !== 201) throw new Error(made.text)
}

/** Where the extension is, as the cluster records it. */
export const extensionSlice = {
  metadata: { name: 'extension-1', labels: { 'kubernetes.io/service-name': 'extension' } },
  addressType: 'IPv4',
  ports: [{ name: '', port: 8443, protocol: 'TCP' }],
  endpoints: [{ addresses: [ADDRESS] }],
}

/** That the extension serves v1 of the group. */
export const apiServiceSpec = {
  group: GROUP,
  version: 'v1',
  service: { namespace: 'default', name: 'extension' },
  groupPriorityMinimum: 2000,
  versionPriority: 15,
  caBundle,
}

export async function register({ ask }: Front, spec: object = {}): Promise<void> {
  const made = await ask('POST', API_SERVICES, {
    metadata: { name: NAME },
    spec: { ...apiServiceSpec, ...spec },
  })
  if (made.status !== 201) throw new Error(made.text)
}

// biome-ignore lint/suspicious/noExplicitAny: tests look at whatever is there
export async function conditionOf({ ask }: Front): Promise<any> {
  const { body } = await ask('GET', `${API_SERVICES}/${NAME}`)
  return body.status?.conditions?.[0]
}

const PATIENCE = 12_000
const PAUSE_MS = 5

/** Waits, by the machine's clock, until it is so. */
export async function eventually(isSo: () => Promise<boolean> | boolean): Promise<void> {
  for (let turn = 0; turn < PATIENCE; turn++) {
    if (await isSo()) return
    await pause(PAUSE_MS)
  }
  throw new Error('it never became so')
}

export const becomes = (front: Front, reason: string) =>
  eventually(async () => (await conditionOf(front))?.reason === reason)

export async function registered(
  extension: Extension,
  clock: Clock,
  spec: object = {},
): Promise<Front> {
  const front = await startFront(() => extension.port, clock)
  await createService(front)
  await createSlice(front)
  await register(front, spec)
  return front
}

export const ROOT = `/apis/${GROUP}/v1`

/** Speaks the oldest form of discovery only, and echoes everything else. */
export const simple = () =>
  startExtension((request, response, { method, body }) => {
    const path = request.url?.split('?')[0]
    if (path === ROOT) json(response, 200, resourceList(GROUP, 'v1'))
    else if (path?.startsWith(`${ROOT}/`)) json(response, 200, { kind: 'Flunder', method, body })
    else json(response, 404, { kind: 'Status' })
  })
