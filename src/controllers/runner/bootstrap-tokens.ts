/** Bootstrap tokens: Secrets of a type of their own, by which a new node proves to a cluster, and the cluster to it, who they are. */
import type { Secret } from '#api/core/v1/secret.ts'
import { secret } from '#api/core/v1/secret.ts'
import { millisecondsOf } from '#api/machinery/time.ts'
import type { Informer, Informers } from '#client/informer.ts'

/** Those of the cluster; no other Secret is looked at. */
export function bootstrapTokens(informers: Informers): Informer<Secret> {
  return informers.for(secret, {
    namespace: 'kube-system',
    fieldSelector: 'type=bootstrap.kubernetes.io/token',
  })
}

/** A text of the token, such as `token-id`. */
export function tokenText({ data = {} }: Secret, key: string): string {
  return Buffer.from(data[key] ?? '', 'base64').toString('utf8')
}

/** How long the token is good; undefined without end. A time that cannot be read is over. */
export function tokenLeftMs(token: Secret, nowMs: number): number | undefined {
  const expiration = tokenText(token, 'expiration')
  if (expiration === '') return undefined
  return Math.max(0, (millisecondsOf(expiration) ?? 0) - nowMs)
}
