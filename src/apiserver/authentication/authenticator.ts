/**
 * Who is asking? An authenticator looks at a request and at what the listener knows of the other end, and says who
 * it is. `undefined` means "nothing here that I understand"; a credential that is understood but wrong is thrown as a 401.
 * Then another credential of the same request may still say who it is, but nobody falls back to being anonymous.
 */
import { StatusError } from '#api/machinery/status.ts'
import type { ApiRequest } from '#client/transport.ts'

export interface UserInfo {
  readonly name: string
  /** Tells this user from an earlier one of the same name; service accounts have one. */
  readonly uid?: string
  readonly groups: readonly string[]
  /** Further facts, keyed by lower-case names such as `authentication.kubernetes.io/pod-name`. */
  readonly extra?: Readonly<Record<string, readonly string[]>>
}

/** What is known of the other end beside the request itself. One value a connection; it may be used as a cache key. */
export interface Peer {
  /** The identity of an in-process caller, taken as it is. A listener never sets it. */
  readonly user?: UserInfo
  /**
   * The client's leaf certificate in DER, as sent in the TLS handshake, which proved that the client has its key. The
   * listener need not have checked who signed it (`rejectUnauthorized: false`): the certificate authenticator does.
   */
  readonly certificate?: Uint8Array
  /** IP address of the other end, without port. */
  readonly remoteAddress?: string
}

export interface Authenticator {
  /** Throws a StatusError (Unauthorized) for credentials that are wrong. */
  authenticate(request: ApiRequest, peer: Peer, note?: Note): Promise<UserInfo | undefined>
}

/** Adds to the audit event of the request. */
export type Note = (key: string, value: string) => void

/** Groups and users that the API server itself gives a meaning to. */
export const ALL_AUTHENTICATED = 'system:authenticated'
export const ALL_UNAUTHENTICATED = 'system:unauthenticated'
export const ALL_SERVICE_ACCOUNTS = 'system:serviceaccounts'
export const SYSTEM_MASTERS = 'system:masters'
export const SYSTEM_NODES = 'system:nodes'
export const NODE_USER_PREFIX = 'system:node:'
export const SERVICE_ACCOUNT_USER_PREFIX = 'system:serviceaccount:'

export const anonymous: UserInfo = Object.freeze({
  name: 'system:anonymous',
  groups: Object.freeze([ALL_UNAUTHENTICATED]),
})

/** The one answer to every wrong credential: it does not say which part was wrong, so that nobody can probe. */
export const unauthorized = () => new StatusError('Unauthorized', 'Unauthorized')

/** The same answer; why is told to whoever reviews a token. */
export class WrongToken extends StatusError {
  readonly why: string
  constructor(why: string) {
    super('Unauthorized', 'Unauthorized')
    this.why = why
  }
}
export const wrongToken = (why: string) => new WrongToken(why)

/** The user of a service account, as its tokens and its RBAC subjects name it. */
export function serviceAccountUser(namespace: string, name: string, uid?: string): UserInfo {
  return {
    name: `${SERVICE_ACCOUNT_USER_PREFIX}${namespace}:${name}`,
    ...(uid === undefined ? {} : { uid }),
    groups: [ALL_SERVICE_ACCOUNTS, `${ALL_SERVICE_ACCOUNTS}:${namespace}`, ALL_AUTHENTICATED],
  }
}
