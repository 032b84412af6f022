/** Asks the API for a token of a service account. */
import type { TokenRequestSpec } from '#api/authentication/v1/token-request.ts'
import { serviceAccount } from '#api/core/v1/service-account.ts'
import type { ObjectAddress } from './api-client.ts'
import type { Writer } from './client.ts'

export interface IssuedToken {
  readonly token: string
  /** As the API says it; empty where it does not. */
  readonly expirationTimestamp: string
}

/** Rejects with what the API refuses, NotFound where there is no such account, and where it answers without a token. */
export async function requestToken(
  client: Pick<Writer, 'createSubresource'>,
  account: ObjectAddress,
  spec: TokenRequestSpec,
): Promise<IssuedToken> {
  const answer = (await client.createSubresource(serviceAccount, account, 'token', {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    metadata: {},
    spec,
  })) as { status?: Partial<IssuedToken> }
  const { token, expirationTimestamp = '' } = answer.status ?? {}
  if (!token) throw new Error('the API answered a token request without a token')
  return { token, expirationTimestamp }
}

/** For how long a token that was asked for at `askedAt` is good, in milliseconds of the wall clock. */
export function lifeOf({ expirationTimestamp }: IssuedToken, askedAt: number, seconds: number) {
  const until = Date.parse(expirationTimestamp)
  return Number.isNaN(until) ? seconds * 1000 : until - askedAt
}
