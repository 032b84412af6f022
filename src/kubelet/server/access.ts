/**
 * Who may ask a kubelet what. The API server's own client and administrators may do everything; whoever else comes with a certificate of
 * the cluster, or a token that the API server knows, is judged by the API server, as rights on the node's subresources.
 */
import { X509Certificate } from 'node:crypto'
import { tokenReview } from '#api/authentication/v1/token-review.ts'
import { subjectAccessReview } from '#api/authorization/v1/subject-access-review.ts'
import { StatusError } from '#api/machinery/status.ts'
import type { Clock } from '#base/clock.ts'
import { messageOf } from '#base/errors.ts'
import type { Log } from '#base/log.ts'
import { certificatesIn } from '#base/pki/pem.ts'
import type { Writer } from '#client/client.ts'
import { bearerOf } from '#client/serving/bearer.ts'
import type { ServedPeer } from '#client/serving/handler.ts'
import { createRemembered } from '#client/serving/remembered.ts'
import type { ApiRequest } from '#client/transport.ts'

export interface KubeletAccessOptions {
  readonly nodeName: string
  /** PEM of the authorities whose client certificates say who somebody is: two, as long as one takes the other's place. */
  readonly clientAuthority: string
  readonly client: Pick<Writer, 'create'>
  readonly clock: Clock
  readonly log: Log
}

interface User {
  readonly name: string
  readonly groups: readonly string[]
  readonly uid?: string | undefined
  readonly extra?: object | undefined
}

const API_SERVER = 'kube-apiserver-kubelet-client'
const ADMINISTRATORS = 'system:masters'
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2'
/** How long a yes and a no are remembered: upstream's. */
const ALLOWED_MS = 5 * 60_000
const DENIED_MS = 30_000
/** How long it is remembered whose a token is: upstream's. */
const TOKEN_MS = 2 * 60_000
/** Remembered rights; everybody who asks is known to the cluster, so more are hardly needed. */
const REMEMBERED = 1000

/** Throws Unauthorized or Forbidden, or resolves. */
export type KubeletAccess = (request: ApiRequest, peer: ServedPeer) => Promise<void>

export function createKubeletAccess(options: KubeletAccessOptions): KubeletAccess {
  const { nodeName, client, clock, log } = options
  const authorities = certificatesIn(options.clientAuthority).map(pem => new X509Certificate(pem))
  const remembered = new Map<string, { allowed: boolean; untilMs: number }>()

  const review = async (user: User, verb: string, subresource: string): Promise<boolean> => {
    const key = JSON.stringify([user, verb, subresource])
    const known = remembered.get(key)
    if (known && known.untilMs > clock.monotonicMs()) return known.allowed
    const resourceAttributes = {
      verb,
      version: 'v1',
      resource: 'nodes',
      subresource,
      name: nodeName,
    }
    const { name, groups, uid, extra } = user
    const { status } = await client.create(subjectAccessReview, {
      spec: { user: name, groups: [...groups], uid, extra, resourceAttributes } as never,
    })
    const { allowed } = status
    if (remembered.size >= REMEMBERED) remembered.clear()
    const untilMs = clock.monotonicMs() + (allowed ? ALLOWED_MS : DENIED_MS)
    remembered.set(key, { allowed, untilMs })
    return allowed
  }

  const ownerOf = createRemembered({ clock, forMs: TOKEN_MS }, async (token: string) => {
    const { status } = await client.create(tokenReview, { spec: { token } } as never)
    if (!status.authenticated) return undefined
    const { username: name = '', groups = [], uid, extra } = status.user
    return { name, groups, uid, extra } satisfies User
  })
  const ownerOfToken = (token: string): Promise<User | undefined> =>
    ownerOf(token).catch(error => {
      log.warn('a token could not be checked', { why: messageOf(error) })
      return undefined
    })

  return async (request, peer) => {
    const certified = userOf(peer.certificate, authorities, clock.now())
    if (certified?.name === API_SERVER) return
    const token = bearerOf(request)
    const user = certified ?? (token === undefined ? undefined : await ownerOfToken(token))
    if (!user) throw new StatusError('Unauthorized', 'Unauthorized')
    if (user.groups.includes(ADMINISTRATORS)) return
    const verb = verbOf(request)
    for (const subresource of subresourcesOf(request.path))
      if (await review(user, verb, subresource)) return
    throw new StatusError(
      'Forbidden',
      `user "${user.name}" may not ${verb} nodes/${subresourcesOf(request.path)[0]} of node "${nodeName}"`,
    )
  }
}

function userOf(
  der: Uint8Array | undefined,
  authorities: readonly X509Certificate[],
  now: number,
): User | undefined {
  if (!der) return undefined
  try {
    const certificate = new X509Certificate(der)
    const isOurs = authorities.some(
      authority => certificate.checkIssued(authority) && certificate.verify(authority.publicKey),
    )
    const isValid =
      Date.parse(certificate.validFrom) <= now && now <= Date.parse(certificate.validTo)
    // `keyUsage` is node's name for the extended usages.
    if (!isOurs || !isValid || !certificate.keyUsage?.includes(CLIENT_AUTH)) return undefined
    // Not the text form of the subject, in which a name could pretend to be two.
    const { CN: name, O: groups } = certificate.toLegacyObject().subject as unknown as Record<
      string,
      string | string[] | undefined
    >
    if (typeof name !== 'string' || name === '') return undefined
    return { name, groups: [groups ?? [], 'system:authenticated'].flat() }
  } catch {
    return undefined
  }
}

const VERBS: Readonly<Record<string, string>> = {
  GET: 'get',
  HEAD: 'get',
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
}
const STREAMS = new Set(['exec', 'attach', 'portForward', 'run'])

/** A web socket is opened with GET, and yet runs a command: that takes more than the right to read. */
function verbOf({ method, path }: ApiRequest): string {
  return STREAMS.has(firstSegment(path)) ? 'create' : (VERBS[method] ?? 'get')
}

/** Any of these suffices; the finer ones are upstream's newer way. */
function subresourcesOf(path: string): readonly string[] {
  switch (firstSegment(path)) {
    case 'stats':
      return ['stats']
    case 'metrics':
      return ['metrics']
    case 'logs':
      return ['log']
    case 'checkpoint':
      return ['checkpoint']
    case 'pods':
    case 'runningpods':
      return ['pods', 'proxy']
    case 'healthz':
      return ['healthz', 'proxy']
    case 'statusz':
      return ['statusz', 'proxy']
    // Both tell how the node is set up.
    case 'flagz':
    case 'configz':
      return ['configz', 'proxy']
    default:
      return ['proxy']
  }
}

/** As the routes read it: encoded segments are decoded, empty ones do not count. */
function firstSegment(path: string): string {
  const [before = ''] = path.split('?')
  try {
    return before.split('/').filter(Boolean).map(decodeURIComponent)[0] ?? ''
  } catch {
    return ''
  }
}
