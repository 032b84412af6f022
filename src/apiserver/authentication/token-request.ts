/** `serviceaccounts/{name}/token`: makes a token for a service account, bound to what the request names. */
import type { TokenRequest } from '#api/authentication/v1/token-request.ts'
import { type FieldError, invalid as invalidValue } from '#api/machinery/field-error.ts'
import { badRequest, conflict, invalid, notFound } from '#api/machinery/status.ts'
import { type Clock, rfc3339 } from '#base/clock.ts'
import type {
  BoundObject,
  Reference,
  ServiceAccountTokens,
  TokenFacts,
  TokenWorld,
} from './service-account-tokens.ts'

export interface TokenRequestOptions {
  readonly tokens: ServiceAccountTokens
  readonly world: TokenWorld
  readonly clock: Clock
  /**
   * Whether the tokens that pods get by themselves outlive their hour, for programs that read their token once. Upstream's
   * `--service-account-extend-token-expiration`, on by default.
   */
  readonly extendExpiration?: boolean
  /** The longest life of a token, in seconds; no limit where absent. */
  readonly longestSeconds?: number | undefined
  /** Tells whoever asked that the token lives less long. */
  warn?(text: string): void
}

/** The account, as the caller has read it for this request. */
export interface TokenSubject {
  readonly namespace: string
  readonly name: string
  readonly uid: string
}

const DEFAULT_EXPIRATION_SECONDS = 3600
const MINIMUM_EXPIRATION_SECONDS = 600
const MAXIMUM_EXPIRATION_SECONDS = 2 ** 32
/** What the ServiceAccount admission step asks for; only tokens of exactly this length are extended. */
export const POD_TOKEN_EXPIRATION_SECONDS = 3607
const EXTENDED_EXPIRATION_SECONDS = 365 * 24 * 3600

/** Answers the request with its status filled in; throws StatusErrors. */
export async function requestToken(
  request: TokenRequest,
  subject: TokenSubject,
  options: TokenRequestOptions,
): Promise<TokenRequest> {
  const { tokens, world, clock, extendExpiration = true } = options
  const { longestSeconds = Number.POSITIVE_INFINITY } = options
  const asked = request.spec.expirationSeconds ?? DEFAULT_EXPIRATION_SECONDS
  const errors = expirationErrors(asked)
  if (errors.length > 0)
    throw invalid({ group: 'authentication.k8s.io', kind: 'TokenRequest' }, '', errors)
  const seconds = Math.min(asked, longestSeconds)
  if (seconds < asked)
    options.warn?.(`requested expiration of ${asked} seconds shortened to ${seconds} seconds`)
  const audiences = request.spec.audiences?.length ? request.spec.audiences : tokens.audiences
  const bound = await boundTo(request, subject, world)
  const forThisServer = audiences.every(audience => tokens.audiences.includes(audience))
  const extended =
    extendExpiration && forThisServer && seconds === POD_TOKEN_EXPIRATION_SECONDS && bound.pod
  const facts: TokenFacts = {
    namespace: subject.namespace,
    serviceAccount: { name: subject.name, uid: subject.uid },
    audiences,
    ...bound,
    ...(extended
      ? {
          expirationSeconds: Math.min(EXTENDED_EXPIRATION_SECONDS, longestSeconds),
          warnAfterSeconds: seconds,
        }
      : { expirationSeconds: seconds }),
  }
  const expires = Math.floor(clock.now() / 1000 + seconds) * 1000
  return {
    ...request,
    metadata: { ...request.metadata, name: subject.name, namespace: subject.namespace },
    spec: { ...request.spec, audiences: [...audiences], expirationSeconds: seconds },
    status: { token: tokens.issue(facts), expirationTimestamp: rfc3339(expires) },
  }
}

function expirationErrors(seconds: number): FieldError[] {
  const wrong = (detail: string) => [invalidValue('spec.expirationSeconds', seconds, detail)]
  if (seconds < MINIMUM_EXPIRATION_SECONDS)
    return wrong('may not specify a duration less than 10 minutes')
  if (seconds > MAXIMUM_EXPIRATION_SECONDS)
    return wrong('may not specify a duration larger than 2^32 seconds')
  return []
}

type Bound = Pick<TokenFacts, 'pod' | 'secret' | 'node'>

async function boundTo(
  request: TokenRequest,
  subject: TokenSubject,
  world: TokenWorld,
): Promise<Bound> {
  const reference = request.spec.boundObjectRef
  if (reference === undefined) return {}
  const { kind = '', apiVersion = '', name = '', uid = '' } = reference
  const found = <T extends BoundObject>(object: T | undefined, resource: string): T => {
    if (object === undefined) throw notFound({ group: '', resource }, name)
    if (uid !== '' && uid !== object.metadata.uid)
      // Upstream names the kind here, where others name the resource.
      throw conflict(
        { group: '', resource: kind },
        name,
        `the UID in the bound object reference (${uid}) does not match the UID in record. ` +
          'The object might have been deleted and then recreated',
      )
    return object
  }
  const named = (object: BoundObject): Reference => ({ name, uid: object.metadata.uid ?? '' })
  const [group, version] = groupVersionOf(apiVersion)
  const isCore = (wanted: string) => group === '' && kind === wanted
  if (name === '' && ['Pod', 'Secret', 'Node'].some(isCore))
    throw badRequest('Name parameter required.')
  if (isCore('Pod')) {
    const pod = await world.pod(subject.namespace, name)
    // Before its UID, as upstream.
    if (pod && pod.spec?.serviceAccountName !== subject.name)
      throw badRequest(
        `cannot bind token for serviceaccount "${subject.name}" to pod running with different serviceaccount name.`,
      )
    const reference = named(found(pod, 'pods'))
    const nodeName = pod?.spec?.nodeName
    if (!nodeName) return { pod: reference }
    // Of a node that is not there its name alone is told.
    const { uid } = (await world.node(nodeName))?.metadata ?? {}
    return { pod: reference, node: { name: nodeName, ...(uid ? { uid } : {}) } }
  }
  if (isCore('Secret'))
    return { secret: named(found(await world.secret(subject.namespace, name), 'secrets')) }
  if (isCore('Node')) return { node: named(found(await world.node(name), 'nodes')) }
  throw badRequest(`cannot bind token to object of type ${group}/${version}, Kind=${kind}`)
}

/** What is no version of a group at all counts as none, as upstream. */
function groupVersionOf(apiVersion: string): readonly [group: string, version: string] {
  const [first = '', second, ...more] = apiVersion.split('/')
  if (second === undefined) return ['', first]
  return more.length > 0 ? ['', ''] : [first, second]
}
