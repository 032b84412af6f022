/** Secrets that hold a token of a service account, which they name in annotations. */
import { type Secret, secret } from '#api/core/v1/secret.ts'
import type { ServiceAccount } from '#api/core/v1/service-account.ts'
import type { Informer, Informers } from '#client/informer.ts'

export const ACCOUNT_NAME = 'kubernetes.io/service-account.name'
export const ACCOUNT_UID = 'kubernetes.io/service-account.uid'

/** Those of the cluster; no other Secret is looked at. */
export function tokenSecrets(informers: Informers): Informer<Secret> {
  return informers.for(secret, { fieldSelector: 'type=kubernetes.io/service-account-token' })
}

export function accountNameOf({ metadata }: Secret): string {
  return metadata.annotations?.[ACCOUNT_NAME] ?? ''
}

/** Whether the Secret is of this very account; one that names no UID is of whoever has the name. */
export function isOfAccount({ metadata }: Secret, account: ServiceAccount): boolean {
  const uid = metadata.annotations?.[ACCOUNT_UID]
  return !uid || uid === account.metadata.uid
}

/** Whether the account lists the Secret among its own, as it was usual when each account got a token by itself. */
export function isListed(account: ServiceAccount, secretName: string | undefined): boolean {
  return (account.secrets ?? []).some(({ name }) => name === secretName)
}
