/** By what an image was pulled, as it is remembered: never the words themselves, but where they came from and what they hash to. Pure. */
import { createHash } from 'node:crypto'
import type { RegistryAuth } from '../runtime.ts'

export interface ObjectCoordinates {
  readonly uid: string
  readonly namespace: string
  readonly name: string
}

/** With what a pod may try to pull. Without a source it belongs to the node, and so to every pod on it. */
export interface PullCredential {
  readonly auth: RegistryAuth
  readonly secret?: ObjectCoordinates
  readonly serviceAccount?: ObjectCoordinates
}

export interface SecretUse extends ObjectCoordinates {
  readonly credentialHash: string
}

/** As upstream's files have it; nothing at all says that nobody is known to have access. */
export interface ImageCredentials {
  readonly kubernetesSecrets?: readonly SecretUse[]
  readonly kubernetesServiceAccounts?: readonly ObjectCoordinates[]
  /** Every pod of the node has access. */
  readonly nodePodsAccessible?: boolean
}

/** What a pull that went well says of who has access; no credential where none was wanted. */
export function usedBy(credential: PullCredential | undefined): ImageCredentials {
  const { secret, serviceAccount } = credential ?? {}
  if (credential && secret)
    return { kubernetesSecrets: [{ ...secret, credentialHash: hashOf(credential.auth) }] }
  if (serviceAccount) return { kubernetesServiceAccounts: [serviceAccount] }
  return { nodePodsAccessible: true }
}

/** SHA-256 of the credential as upstream writes it as JSON, in hexadecimal digits. */
export function hashOf(auth: RegistryAuth): string {
  const { username, password, identityToken, registryToken } = auth
  const fields = {
    username: username || undefined,
    password: password || undefined,
    identitytoken: identityToken || undefined,
    registrytoken: registryToken || undefined,
  }
  return createHash('sha256').update(asGoWrites(fields)).digest('hex')
}

/** Go writes some characters as escapes that mean something in HTML or JavaScript. */
const asGoWrites = (value: unknown) =>
  JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    each => `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )

const isSame = (a: ObjectCoordinates, b: ObjectCoordinates) =>
  a.uid === b.uid && a.namespace === b.namespace && a.name === b.name

/** Where those of a pod are remembered, what of them is new to what is remembered. */
export function matching(
  known: ImageCredentials,
  credentials: readonly PullCredential[],
): { readonly news: ImageCredentials | undefined } | undefined {
  if (known.nodePodsAccessible) return { news: undefined }
  for (const credential of credentials) {
    const { secret, serviceAccount, auth } = credential
    if (secret) {
      const credentialHash = hashOf(auth)
      for (const each of known.kubernetesSecrets ?? []) {
        const hasHash = each.credentialHash === credentialHash
        // The secret counts that was good once, whatever it says now, and so do the same words elsewhere.
        if (hasHash && isSame(each, secret)) return { news: undefined }
        if (hasHash || isSame(each, secret))
          return { news: { kubernetesSecrets: [{ ...secret, credentialHash }] } }
      }
    }
    if (
      serviceAccount &&
      known.kubernetesServiceAccounts?.some(each => isSame(each, serviceAccount))
    )
      return { news: undefined }
  }
  return undefined
}

/** Undefined where it says nothing new. */
export function mergedWith(
  known: ImageCredentials | undefined,
  news: ImageCredentials,
): ImageCredentials | undefined {
  if (!known) return news
  if (known.nodePodsAccessible) return undefined
  if (news.nodePodsAccessible) return { nodePodsAccessible: true }
  const kubernetesSecrets = merged(known.kubernetesSecrets ?? [], news.kubernetesSecrets ?? [])
  const kubernetesServiceAccounts = merged(
    known.kubernetesServiceAccounts ?? [],
    news.kubernetesServiceAccounts ?? [],
  )
  const next = {
    ...(kubernetesSecrets.length > 0 ? { kubernetesSecrets } : {}),
    ...(kubernetesServiceAccounts.length > 0 ? { kubernetesServiceAccounts } : {}),
  }
  return JSON.stringify(next) === JSON.stringify(known) ? undefined : next
}

/** What is new replaces what has the same coordinates; in the order of namespace, name and uid. */
function merged<T extends ObjectCoordinates>(
  known: readonly T[],
  news: readonly T[],
): readonly T[] {
  const kept = known.filter(each => !news.some(other => isSame(each, other)))
  const key = ({ namespace, name, uid }: T) => `${namespace}/${name}/${uid}`
  return [...kept, ...news].toSorted((a, b) => (key(a) < key(b) ? -1 : 1))
}
