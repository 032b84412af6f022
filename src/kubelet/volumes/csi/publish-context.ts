/** What a driver is told beside the volume: which pod it is for, tokens of that pod, and the secrets that its volume names. */
import { secret as secretKind } from '#api/core/v1/secret.ts'
import { messageOf } from '#base/errors.ts'
import type { Reader } from '#client/client.ts'
import { contentsOf } from '../../objects.ts'
import { type Pod, uidOf } from '../../pod-types.ts'
import type { Tokens } from '../tokens.ts'
import type { CsiMount, SecretReference } from './csi-mount.ts'
import type { DriverWishes } from './driver-wishes.ts'

const PREFIX = 'csi.storage.k8s.io'
const TOKENS = `${PREFIX}/serviceAccount.tokens`
/** As an API server grants where nobody asked for another life. */
const DEFAULT_TOKEN_SECONDS = 3600

export function podInfo({ pod, claimed }: CsiMount): Record<string, string> {
  return {
    [`${PREFIX}/pod.name`]: pod.metadata.name ?? '',
    [`${PREFIX}/pod.namespace`]: pod.metadata.namespace ?? '',
    [`${PREFIX}/pod.uid`]: uidOf(pod),
    [`${PREFIX}/serviceAccount.name`]: pod.spec?.serviceAccountName ?? '',
    [`${PREFIX}/ephemeral`]: String(claimed === undefined),
  }
}

export interface DriverTokens {
  readonly values: Readonly<Record<string, string>>
  /** When the first of them should be replaced; undefined without any. */
  readonly renewInMs: number | undefined
}

/** One for each audience that the driver named, as JSON by audience. */
export async function driverTokens(
  pod: Pod,
  { tokenRequests }: DriverWishes,
  tokens: Pick<Tokens, 'get'>,
): Promise<DriverTokens> {
  if (tokenRequests.length === 0) return { values: {}, renewInMs: undefined }
  const byAudience: Record<string, { token: string; expirationTimestamp: string }> = {}
  let renewInMs = Number.POSITIVE_INFINITY
  for (const { audience, expirationSeconds } of tokenRequests) {
    const seconds = Number(expirationSeconds ?? DEFAULT_TOKEN_SECONDS)
    const granted = await tokens.get(pod, audience, seconds)
    renewInMs = Math.min(renewInMs, granted.renewInMs)
    byAudience[audience] = {
      token: new TextDecoder().decode(granted.token),
      expirationTimestamp: granted.expirationTimestamp,
    }
  }
  return { values: { [TOKENS]: JSON.stringify(byAudience) }, renewInMs }
}

/** All of a Secret, as text; nothing without a reference. */
export async function secretsOf(
  client: Pick<Reader, 'get'>,
  reference: SecretReference | undefined,
): Promise<Record<string, string>> {
  if (!reference) return {}
  const { namespace, name } = reference
  try {
    const decoder = new TextDecoder()
    const found = contentsOf(await client.get(secretKind, name, namespace))
    return Object.fromEntries([...found].map(([key, bytes]) => [key, decoder.decode(bytes)]))
  } catch (error) {
    throw new Error(
      `kubernetes.io/csi: failed to find the secret ${name} in the namespace ${namespace} with error: ${messageOf(error)}`,
    )
  }
}
