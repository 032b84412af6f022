/** Writes to the objects of the host: the finalizer, where they are, and how they are. */
import type { AnyKind } from '#api/machinery/kind.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import { isPlainObject } from '#api/machinery/plain.ts'
import { isStatus } from '#api/machinery/status.ts'
import type { Client } from '#client/client.ts'
import { DELETE_FROM_CLUSTERS, MANAGER, ORPHAN, ORPHAN_REMEMBERED, PLACEMENT } from '../names.ts'
import type { Remembered } from './decide.ts'
import { type Fields, statusOf } from './fields.ts'

const FIELD_MANAGER = { fieldManager: MANAGER }

export class HostWriter {
  readonly #client: Pick<Client, 'patch'>

  constructor(client: Pick<Client, 'patch'>) {
    this.#client = client
  }

  isHeld({ metadata }: KubernetesObject): boolean {
    return metadata.finalizers?.includes(DELETE_FROM_CLUSTERS) ?? false
  }

  hold(kind: AnyKind, object: KubernetesObject): Promise<unknown> {
    const { finalizers = [], resourceVersion } = object.metadata
    return this.#patch(kind, object, {
      metadata: { resourceVersion, finalizers: [...finalizers, DELETE_FROM_CLUSTERS] },
    })
  }

  /** Lets it go, with all that was remembered of it. */
  async release(kind: AnyKind, object: KubernetesObject): Promise<void> {
    const { finalizers = [], resourceVersion, deletionTimestamp } = object.metadata
    const annotations = deletionTimestamp === undefined ? { [PLACEMENT]: null } : undefined
    await this.#patch(kind, object, {
      metadata: {
        resourceVersion,
        finalizers: finalizers.filter(name => name !== DELETE_FROM_CLUSTERS),
        ...(annotations ? { annotations } : {}),
      },
    }).catch(error => {
      if (!isStatus(error, 'NotFound')) throw error
    })
  }

  /** The copies are to stay. The garbage collector may take its own finalizer away at any time. False where that is known. */
  async rememberOrphan(kind: AnyKind, object: KubernetesObject): Promise<boolean> {
    const { annotations, uid } = object.metadata
    if (annotations?.[ORPHAN_REMEMBERED] === 'true') return false
    await this.#patch(kind, object, {
      metadata: { uid, annotations: { [ORPHAN_REMEMBERED]: 'true' } },
    })
    return true
  }

  async place(
    kind: AnyKind,
    object: KubernetesObject,
    placement: Readonly<Record<string, Remembered>>,
  ): Promise<void> {
    const text = JSON.stringify(placement)
    const { annotations, uid } = object.metadata
    if ((annotations?.[PLACEMENT] ?? '{}') === text) return
    await this.#patch(kind, object, { metadata: { uid, annotations: { [PLACEMENT]: text } } })
  }

  async tell(kind: AnyKind, object: KubernetesObject, status: Fields): Promise<void> {
    const before = statusOf(object)
    if (Object.entries(status).every(([field, value]) => isSame(before[field], value))) return
    const { uid } = object.metadata
    await this.#patch(kind, object, { metadata: { uid }, status }, 'status')
  }

  #patch(kind: AnyKind, { metadata }: KubernetesObject, patch: object, subresource?: string) {
    const { name = '', namespace } = metadata
    const at = { name, ...(namespace === undefined ? {} : { namespace }) }
    const options = { ...FIELD_MANAGER, ...(subresource === undefined ? {} : { subresource }) }
    return this.#client.patch(kind, at, 'merge', patch, options)
  }
}

export const isOrphaned = ({ metadata: { finalizers, annotations } }: KubernetesObject): boolean =>
  (finalizers?.includes(ORPHAN) ?? false) || annotations?.[ORPHAN_REMEMBERED] === 'true'

/** What the annotation says; whatever cannot be read counts as nothing. */
export function placementOf({ metadata }: KubernetesObject): Readonly<Record<string, Remembered>> {
  // A cluster may be called like what every object has.
  const placement: Record<string, Remembered> = Object.create(null)
  try {
    const value: unknown = JSON.parse(metadata.annotations?.[PLACEMENT] ?? '{}')
    for (const [name, entry] of Object.entries(isPlainObject(value) ? value : {}))
      if (isPlainObject(entry)) placement[name] = rememberedIn(entry)
  } catch {
    // Nothing.
  }
  return placement
}

/** Anybody who may write the object may write the annotation, and its numbers are reckoned with. */
function rememberedIn({ state, ...counts }: Fields): Remembered {
  const known: Record<string, number> = {}
  for (const field of ['replicas', 'readyReplicas', 'completions']) {
    const value = counts[field]
    if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < 2 ** 31)
      known[field] = value
  }
  return { ...(typeof state === 'string' ? { state } : {}), ...known }
}

/** Servers leave out zeros and what is empty. */
function isSame(one: unknown, other: unknown): boolean {
  if (isEmpty(one) && isEmpty(other)) return true
  if (Array.isArray(one) && Array.isArray(other))
    return one.length === other.length && one.every((item, at) => isSame(item, other[at]))
  if (isPlainObject(one) && isPlainObject(other))
    return [...new Set([...Object.keys(one), ...Object.keys(other)])].every(key =>
      isSame(one[key], other[key]),
    )
  return one === other
}

const isEmpty = (value: unknown): boolean =>
  value === undefined ||
  value === null ||
  value === 0 ||
  value === '' ||
  (Array.isArray(value) && value.length === 0) ||
  (isPlainObject(value) && Object.values(value).every(isEmpty))
