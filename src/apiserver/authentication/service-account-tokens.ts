/**
 * Tokens of service accounts: short-lived, for named audiences, and bound to objects: once the account, or the pod, secret
 * or node that a token was made for is gone, the token is worth nothing, whatever its expiry says.
 */
import { createHash } from 'node:crypto'
import { goQuote } from '#api/machinery/go-quote.ts'
import type { Clock } from '#base/clock.ts'
import type { Random } from '#base/random.ts'
import type { Eventually } from '../authorization/authorizer.ts'
import {
  type Note,
  serviceAccountUser,
  type UserInfo,
  unauthorized,
  wrongToken,
} from './authenticator.ts'
import { CREDENTIAL_ID } from './client-certificates.ts'
import { type Claims, signToken, type TokenKeys, unverifiedClaims, verifiedClaims } from './jwt.ts'

/** What must be known of an object that a token is bound to. */
export interface BoundObject {
  readonly metadata: { readonly uid?: string; readonly deletionTimestamp?: string }
}
export interface BoundPod extends BoundObject {
  readonly spec?: {
    readonly nodeName?: string | undefined
    readonly serviceAccountName?: string | undefined
  }
}

/** The few reads that tokens need, answered from caches; undefined where there is no such object. */
export interface TokenWorld {
  serviceAccount(namespace: string, name: string): Eventually<BoundObject | undefined>
  pod(namespace: string, name: string): Eventually<BoundPod | undefined>
  secret(namespace: string, name: string): Eventually<BoundObject | undefined>
  node(name: string): Eventually<BoundObject | undefined>
}

export interface ServiceAccountTokenOptions {
  /** The first signs; all verify. */
  readonly keys: TokenKeys
  readonly issuer?: string
  /** What this API server calls itself; tokens for others are refused here. */
  readonly audiences?: readonly string[]
  readonly clock: Clock
  readonly random: Random
  readonly world: TokenWorld
}

export const DEFAULT_ISSUER = 'https://kubernetes.default.svc.cluster.local'

/** Names an object together with the UID that makes it this one. */
export interface Reference {
  readonly name: string
  readonly uid: string
}

/** A node may be gone when a token for a pod is made that is to run there. */
export type NodeReference = Pick<Reference, 'name'> & Partial<Reference>

export interface TokenFacts {
  readonly namespace: string
  readonly serviceAccount: Reference
  readonly audiences: readonly string[]
  readonly expirationSeconds: number
  readonly pod?: Reference
  readonly secret?: Reference
  readonly node?: NodeReference
  /** The token is for this many seconds, but stays good longer; its late use is only warned of. */
  readonly warnAfterSeconds?: number
}

export interface ServiceAccountTokens {
  readonly issuer: string
  readonly audiences: readonly string[]
  issue(facts: TokenFacts): string
  /** Undefined for a token of another issuer; throws Unauthorized for one that is not good. */
  verify(
    token: string,
    audiences?: readonly string[],
    note?: Note,
  ): Promise<VerifiedToken | undefined>
}

export interface VerifiedToken {
  readonly user: UserInfo
  /** Those of the audiences asked for that the token is for. */
  readonly audiences: readonly string[]
}

const EXTRA = 'authentication.kubernetes.io/'
/** Clocks of several API servers differ a little; a token that was just issued elsewhere must be good here. */
const CLOCK_SKEW_SECONDS = 60
const INVALIDATED = 'service account token has been invalidated'
/** A pod that is being deleted may use its token this long after its grace period, to say goodbye. */
const DELETION_GRACE_MS = 60_000
/** Signatures of this many tokens are remembered: more than the pods that one API server hears from in a while. */
const MAXIMUM_REMEMBERED = 4096

export function serviceAccountTokens(options: ServiceAccountTokenOptions): ServiceAccountTokens {
  const issuer = options.issuer ?? DEFAULT_ISSUER
  const audiences = options.audiences ?? [issuer]
  const { clock, random, world } = options
  const [signingKey] = options.keys
  const remembered = new Map<string, Claims>()
  // The same object for each request with a token: authorizers remember by it what its user may.
  const users = new WeakMap<Claims, UserInfo>()

  const provedClaims = (token: string): Claims | undefined => {
    const id = createHash('sha256').update(token).digest('base64')
    const known = remembered.get(id)
    if (known) return known
    const claims = verifiedClaims(token, options.keys)
    if (claims === undefined) return undefined
    // Oldest first out: a Map keeps its keys in the order of their arrival.
    const oldest =
      remembered.size >= MAXIMUM_REMEMBERED ? remembered.keys().next().value : undefined
    if (oldest !== undefined) remembered.delete(oldest)
    remembered.set(id, claims)
    return claims
  }

  const userFor = (claims: Claims, identity: Identity): UserInfo => {
    const known = users.get(claims)
    if (known) return known
    const user = userOf(identity)
    users.set(claims, user)
    return user
  }

  return {
    issuer,
    audiences,
    issue(facts) {
      const now = Math.floor(clock.now() / 1000)
      return signToken(claimsOf(facts, { issuer, now, id: random.uuid() }), signingKey)
    },
    async verify(token, wanted = audiences, note) {
      if (unverifiedClaims(token)?.iss !== issuer) return undefined
      const claims = provedClaims(token)
      const identity = claims && identityIn(claims, clock.now() / 1000)
      if (claims === undefined || identity === undefined) throw unauthorized()
      const common = wanted.filter(audience => identity.audiences.includes(audience))
      if (common.length === 0)
        throw wrongToken(
          `token audiences ${quoted(identity.audiences)} is invalid for the target audiences ${quoted(wanted)}`,
        )
      await allStillThere(identity, world, clock.now())
      if (note) noteStale(claims, clock.now() / 1000, note)
      return { user: userFor(claims, identity), audiences: common }
    },
  }
}

const quoted = (texts: readonly unknown[]) =>
  `[${texts.map(text => goQuote(String(text))).join(' ')}]`

/** Tells of a token that lives on only since clients may not know yet that tokens end. */
function noteStale(claims: Claims, nowSeconds: number, note: Note): void {
  const own = claims['kubernetes.io'] as { readonly warnafter?: unknown } | undefined
  const warnAfter = own?.warnafter
  if (typeof warnAfter !== 'number' || nowSeconds <= warnAfter) return
  const seconds = Math.floor(nowSeconds - warnAfter)
  note(
    'authentication.k8s.io/stale-token',
    `subject: ${claims.sub}, seconds after warning threshold: ${seconds}`,
  )
}

interface Identity {
  readonly namespace: string
  readonly serviceAccount: Reference
  readonly audiences: readonly string[]
  readonly pod?: Reference
  readonly secret?: Reference
  readonly node?: NodeReference
  readonly id?: string
}

function claimsOf(facts: TokenFacts, at: { issuer: string; now: number; id: string }): Claims {
  const { namespace, serviceAccount, pod, secret, node } = facts
  return {
    aud: facts.audiences,
    exp: at.now + facts.expirationSeconds,
    iat: at.now,
    iss: at.issuer,
    jti: at.id,
    'kubernetes.io': {
      namespace,
      ...(node ? { node } : {}),
      ...(pod ? { pod } : {}),
      ...(secret ? { secret } : {}),
      serviceaccount: serviceAccount,
      ...(facts.warnAfterSeconds === undefined
        ? {}
        : { warnafter: at.now + facts.warnAfterSeconds }),
    },
    nbf: at.now,
    sub: serviceAccountUser(namespace, serviceAccount.name).name,
  }
}

/** Who the proved claims speak of; undefined where they are not in force or not of our making. */
function identityIn(claims: Claims, nowSeconds: number): Identity | undefined {
  const { exp, nbf, iat, aud, sub, jti } = claims
  if (typeof exp !== 'number' || exp <= nowSeconds) return undefined
  for (const start of [nbf, iat])
    if (typeof start !== 'number' || start > nowSeconds + CLOCK_SKEW_SECONDS) return undefined
  const own = claims['kubernetes.io']
  if (typeof own !== 'object' || own === null) return undefined
  const parts = own as Record<string, unknown>
  const { namespace } = parts
  const serviceAccount = referenceIn(parts.serviceaccount)
  if (typeof namespace !== 'string' || serviceAccount === undefined) return undefined
  if (sub !== serviceAccountUser(namespace, serviceAccount.name).name) return undefined
  const bound: Record<string, NodeReference> = {}
  for (const kind of ['pod', 'secret', 'node']) {
    if (parts[kind] === undefined) continue
    const reference = kind === 'node' && bound.pod ? nodeIn(parts.node) : referenceIn(parts[kind])
    if (reference === undefined) return undefined
    bound[kind] = reference
  }
  return {
    namespace,
    serviceAccount,
    audiences: Array.isArray(aud) ? aud : [aud],
    ...(bound as Pick<Identity, 'pod' | 'secret' | 'node'>),
    ...(typeof jti === 'string' ? { id: jti } : {}),
  }
}

function referenceIn(value: unknown): Reference | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { name, uid } = value as Record<string, unknown>
  return typeof name === 'string' && typeof uid === 'string' && uid !== ''
    ? { name, uid }
    : undefined
}

function nodeIn(value: unknown): NodeReference | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { name, uid } = value as Record<string, unknown>
  if (uid !== undefined) return referenceIn(value)
  return typeof name === 'string' ? { name } : undefined
}

async function allStillThere(identity: Identity, world: TokenWorld, now: number): Promise<void> {
  const { namespace, serviceAccount, pod, secret, node } = identity
  const check = (object: BoundObject | undefined, { uid }: NodeReference) => {
    if (uid === undefined || object?.metadata.uid !== uid) throw wrongToken(INVALIDATED)
    const { deletionTimestamp } = object.metadata
    if (deletionTimestamp && now > Date.parse(deletionTimestamp) + DELETION_GRACE_MS)
      throw wrongToken(INVALIDATED)
  }
  const account = await world.serviceAccount(namespace, serviceAccount.name)
  if (!account) throw wrongToken(`serviceaccounts ${goQuote(serviceAccount.name)} not found`)
  const { uid } = account.metadata
  if (uid !== serviceAccount.uid)
    throw wrongToken(`service account UID (${uid}) does not match claim (${serviceAccount.uid})`)
  check(account, serviceAccount)
  if (pod) check(await world.pod(namespace, pod.name), pod)
  if (secret) check(await world.secret(namespace, secret.name), secret)
  // The node beside a pod is a fact for people; the token is bound to the pod, which may outlive a re-registered node.
  if (node && !pod) check(await world.node(node.name), node)
}

function userOf(identity: Identity): UserInfo {
  const { namespace, serviceAccount, pod, node, id } = identity
  return {
    ...serviceAccountUser(namespace, serviceAccount.name, serviceAccount.uid),
    extra: {
      ...(id === undefined ? {} : { [CREDENTIAL_ID]: [`JTI=${id}`] }),
      ...(node === undefined
        ? {}
        : {
            [`${EXTRA}node-name`]: [node.name],
            ...(node.uid === undefined ? {} : { [`${EXTRA}node-uid`]: [node.uid] }),
          }),
      ...(pod === undefined
        ? {}
        : { [`${EXTRA}pod-name`]: [pod.name], [`${EXTRA}pod-uid`]: [pod.uid] }),
    },
  }
}
