/**
 * Which tokens in Secrets are to go: those that an account lists (it got them by itself, once), that no pod mounts and that were not used for
 * the whole period. They are marked as invalid first, so that whoever still needs one can take the mark away, and go after another period.
 */
import type { Pod } from '#api/core/v1/pod/pod.ts'
import { referencesOf } from '#api/core/v1/pod/references.ts'
import { type Secret, secret } from '#api/core/v1/secret.ts'
import type { ServiceAccount } from '#api/core/v1/service-account.ts'
import { isStatus } from '#api/machinery/status.ts'
import type { Write } from '../runner/controller.ts'
import { accountNameOf, isListed, isOfAccount } from '../runner/token-secrets.ts'

const DAY_MS = 86_400_000
const LAST_USED = 'kubernetes.io/legacy-token-last-used'
const INVALID_SINCE = 'kubernetes.io/legacy-token-invalid-since'

export interface TokenCleanerWorld {
  /** The day from which on uses are noted, as `2026-05-01`. */
  readonly since: string | undefined
  /** All with tokens. */
  readonly secrets: readonly Secret[]
  account(namespace: string, name: string): ServiceAccount | undefined
  podsIn(namespace: string): readonly Pod[]
  readonly nowMs: number
  readonly periodMs: number
}

export function reconcile(world: TokenCleanerWorld): Write[] {
  const { since, secrets, nowMs, periodMs } = world
  // Whoever used a token earlier on that day is not in the notes.
  if (!isDay(since) || nowMs < Date.parse(since) + DAY_MS + periodMs) return []
  const mounted = new Map<string, Set<string>>()
  return secrets.flatMap(found => {
    const { labels = {} } = found.metadata
    if (!isUnused(found, world) || isMounted(found, world, mounted)) return []
    const invalidSince = labels[INVALID_SINCE]
    if (!isDay(invalidSince)) return [mark(found, dayOf(nowMs))]
    return invalidSince < dayOf(nowMs - periodMs) ? [removal(found)] : []
  })
}

function isUnused(found: Secret, { account, nowMs, periodMs }: TokenCleanerWorld): boolean {
  const { metadata } = found
  const { creationTimestamp = '', deletionTimestamp, namespace = '', labels = {} } = metadata
  if (deletionTimestamp || Date.parse(creationTimestamp) >= nowMs - periodMs) return false
  const lastUsed = labels[LAST_USED]
  if (lastUsed !== undefined && !(isDay(lastUsed) && lastUsed < dayOf(nowMs - periodMs)))
    return false
  const owner = account(namespace, accountNameOf(found))
  return owner !== undefined && isOfAccount(found, owner) && isListed(owner, metadata.name)
}

function isMounted(
  { metadata }: Secret,
  { podsIn }: TokenCleanerWorld,
  mounted: Map<string, Set<string>>,
): boolean {
  const { namespace = '', name = '' } = metadata
  let names = mounted.get(namespace)
  if (!names) {
    names = new Set(podsIn(namespace).flatMap(pod => [...referencesOf(pod).secrets]))
    mounted.set(namespace, names)
  }
  return names.has(name)
}

function mark(object: Secret, day: string): Write {
  const patch = { metadata: { uid: object.metadata.uid, labels: { [INVALID_SINCE]: day } } }
  return { verb: 'patch', kind: secret, object, type: 'merge', patch }
}

/** Somebody may use it in this very moment, which notes the use and makes another revision. */
function removal(object: Secret): Write {
  const { resourceVersion } = object.metadata
  return {
    verb: 'delete',
    kind: secret,
    object,
    ...(resourceVersion ? { options: { resourceVersion } } : {}),
    tolerate: error => isStatus(error, 'Conflict'),
  }
}

const dayOf = (milliseconds: number) => new Date(milliseconds).toISOString().slice(0, 10)

const isDay = (text: string | undefined): text is string =>
  text !== undefined && /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(text))
