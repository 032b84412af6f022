/** Credentials for a registry out of a pod's imagePullSecrets. */

import { secret as secretKind } from '#api/core/v1/secret.ts'
import { messageOf } from '#base/errors.ts'
import type { PullCredential } from '../image-access/pull-credentials.ts'
import type { KubeletContext } from '../options.ts'
import type { Pod } from '../pod-types.ts'
import type { RegistryAuth } from '../runtime.ts'

const DEFAULT_REGISTRY = 'docker.io'
const DOCKER_HUB_NAMES = ['https://index.docker.io/v1/', 'index.docker.io', DEFAULT_REGISTRY]

interface DockerEntry {
  readonly username?: string
  readonly password?: string
  readonly auth?: string
  readonly identitytoken?: string
  readonly registrytoken?: string
}

/**
 * Matching entries, the most specific first. A secret that is missing or broken is passed over, as
 * upstream does; `missing` is told of the former.
 */
export async function pullCredentials(
  pod: Pod,
  image: string,
  { client, log }: KubeletContext,
  missing: (names: readonly string[]) => void,
): Promise<readonly PullCredential[]> {
  const found: { length: number; credential: PullCredential }[] = []
  const absent: string[] = []
  for (const { name = '' } of pod.spec?.imagePullSecrets ?? []) {
    const secret = await client
      .get(secretKind, name, pod.metadata.namespace)
      .catch(() => absent.push(name) && undefined)
    if (!secret) continue
    try {
      const { uid = '', namespace = '' } = secret.metadata
      for (const { length, auth } of matching(entriesOf(secret.type, secret.data ?? {}), image))
        found.push({ length, credential: { auth, secret: { uid, namespace, name } } })
    } catch (error) {
      log.debug('pull secret not used', { secret: name, error: messageOf(error) })
    }
  }
  if (absent.length > 0) missing(absent)
  return found.sort((a, b) => b.length - a.length).map(({ credential }) => credential)
}

function entriesOf(
  type: string | undefined,
  data: Readonly<Record<string, string>>,
): Record<string, DockerEntry> {
  const text = (key: string) => Buffer.from(data[key] ?? '', 'base64').toString()
  if (type === 'kubernetes.io/dockercfg') return JSON.parse(text('.dockercfg'))
  const parsed = JSON.parse(text('.dockerconfigjson')) as { auths?: Record<string, DockerEntry> }
  return parsed.auths ?? {}
}

function matching(entries: Record<string, DockerEntry>, image: string) {
  const first = image.split('/')[0] ?? ''
  const qualified =
    image.includes('/') && /[.:]|^localhost$/.test(first) ? image : `${DEFAULT_REGISTRY}/${image}`
  return Object.entries(entries).flatMap(([address, entry]) => {
    const hub = DOCKER_HUB_NAMES.includes(address)
    const prefix = hub
      ? DEFAULT_REGISTRY
      : address.replace(/^https?:\/\//, '').replace(/\/(v[12]\/?)?$/, '')
    const fits = qualified === prefix || qualified.startsWith(`${prefix}/`)
    return fits ? [{ length: prefix.length, auth: authOf(entry) }] : []
  })
}

/** Without the address: a runtime takes credentials with another one than its own for none, and one without a scheme not at all. */
function authOf(entry: DockerEntry): RegistryAuth {
  const decoded = entry.auth ? Buffer.from(entry.auth, 'base64').toString() : ''
  const cut = decoded.indexOf(':')
  const username = entry.username ?? (cut > 0 ? decoded.slice(0, cut) : undefined)
  const password = entry.password ?? (cut > 0 ? decoded.slice(cut + 1) : undefined)
  return {
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(entry.identitytoken ? { identityToken: entry.identitytoken } : {}),
    ...(entry.registrytoken ? { registryToken: entry.registrytoken } : {}),
  }
}
