/** What a Secret with a token of a service account must hold, and when it goes. */
import { type Secret, secret } from '#api/core/v1/secret.ts'
import { type ServiceAccount, serviceAccount } from '#api/core/v1/service-account.ts'
import { nothingToDo, type Outcome } from '../runner/controller.ts'
import {
  ACCOUNT_NAME,
  ACCOUNT_UID,
  accountNameOf,
  isListed,
  isOfAccount,
} from '../runner/token-secrets.ts'
import type { TokenOptions } from './serviceaccount-token.controller.ts'

const ISSUER = 'kubernetes/serviceaccount'
const CLAIM = 'kubernetes.io/serviceaccount/'

export function reconcile(
  found: Secret,
  account: ServiceAccount | undefined,
  { sign, certificateAuthority = '' }: TokenOptions & { readonly certificateAuthority?: string },
): Outcome {
  if (accountNameOf(found) === '') return nothingToDo
  if (!account || !isOfAccount(found, account))
    return { writes: [{ verb: 'delete', kind: secret, object: found }] }
  const { data = {}, metadata } = found
  const encode = (text: string) => Buffer.from(text).toString('base64')
  const authority = encode(certificateAuthority)
  const isWhole = data.token && data.namespace && (authority === '' || data['ca.crt'] === authority)
  if (isWhole) return nothingToDo
  const filled = {
    ...data,
    ...(authority === '' ? {} : { 'ca.crt': authority }),
    namespace: data.namespace || encode(metadata.namespace ?? ''),
    token: data.token || encode(sign(claimsFor(found, account))),
  }
  const annotations = {
    ...metadata.annotations,
    [ACCOUNT_NAME]: account.metadata.name ?? '',
    [ACCOUNT_UID]: account.metadata.uid ?? '',
  }
  const object = { ...found, metadata: { ...metadata, annotations }, data: filled }
  return { writes: [{ verb: 'update', kind: secret, object }] }
}

/** Strikes a Secret that is gone off the list of its account. */
export function reconcileGone(name: string, account: ServiceAccount | undefined): Outcome {
  if (!account || !isListed(account, name)) return nothingToDo
  const secrets = (account.secrets ?? []).filter(listed => listed.name !== name)
  return { writes: [{ verb: 'update', kind: serviceAccount, object: { ...account, secrets } }] }
}

function claimsFor({ metadata }: Secret, account: ServiceAccount) {
  const { namespace, name, uid } = account.metadata
  return {
    iss: ISSUER,
    [`${CLAIM}namespace`]: namespace,
    [`${CLAIM}secret.name`]: metadata.name,
    [`${CLAIM}service-account.name`]: name,
    [`${CLAIM}service-account.uid`]: uid,
    sub: `system:serviceaccount:${namespace}:${name}`,
  }
}
