/**
 * The files of configMap, secret, downwardAPI and projected volumes, as path → bytes and mode. No
 * I/O of its own.
 */
import type { ConfigMap } from '#api/core/v1/config-map.ts'
import type { Secret } from '#api/core/v1/secret.ts'
import { type FieldContext, fieldValue, resourceValue, usableBy } from '../containers/fields.ts'
import { contentsOf, type SourceKind } from '../objects.ts'
import type { Pod, Volume } from '../pod-types.ts'

export interface PayloadFile {
  readonly bytes: Uint8Array
  readonly mode: number
  /** The user whose file it is; root's without. */
  readonly owner?: number
}
export type Payload = Map<string, PayloadFile>

export interface PayloadSources {
  readonly object: (kind: SourceKind, name: string) => Promise<ConfigMap | Secret | undefined>
  readonly token: (audience: string, expirationSeconds: number) => Promise<Uint8Array>
  readonly fields: FieldContext
}

const DEFAULT_MODE = 0o644
const DEFAULT_TOKEN_SECONDS = 3600

type Items = readonly { readonly key: string; readonly path: string; readonly mode?: number }[]

type DownwardItem = NonNullable<NonNullable<Volume['downwardAPI']>['items']>[number]

/** Undefined for a volume that is not made of files from the API. */
export async function payloadOf(
  volume: Volume,
  sources: PayloadSources,
): Promise<Payload | undefined> {
  const files: Payload = new Map()
  if (volume.configMap) {
    const { name = '', items, optional, defaultMode } = volume.configMap
    await addObject(files, sources, { kind: 'configmap', name, items, optional, mode: defaultMode })
    return files
  }
  if (volume.secret) {
    const { secretName = '', items, optional, defaultMode } = volume.secret
    await addObject(files, sources, {
      kind: 'secret',
      name: secretName,
      items,
      optional,
      mode: defaultMode,
    })
    return files
  }
  if (volume.downwardAPI) {
    addDownward(
      files,
      sources.fields,
      volume.downwardAPI.items ?? [],
      volume.downwardAPI.defaultMode,
    )
    return files
  }
  if (volume.projected) {
    await addProjected(files, sources, volume.projected)
    return files
  }
  return undefined
}

async function addProjected(
  files: Payload,
  sources: PayloadSources,
  projected: NonNullable<Volume['projected']>,
): Promise<void> {
  const mode = projected.defaultMode
  for (const source of projected.sources ?? []) {
    if (source.configMap) {
      const { name = '', items, optional } = source.configMap
      await addObject(files, sources, { kind: 'configmap', name, items, optional, mode })
    } else if (source.secret) {
      const { name = '', items, optional } = source.secret
      await addObject(files, sources, { kind: 'secret', name, items, optional, mode })
    } else if (source.downwardAPI) {
      addDownward(files, sources.fields, source.downwardAPI.items ?? [], mode)
    } else if (source.serviceAccountToken) {
      const { audience = '', expirationSeconds, path } = source.serviceAccountToken
      const bytes = await sources.token(
        audience,
        Number(expirationSeconds ?? DEFAULT_TOKEN_SECONDS),
      )
      const { pod } = sources.fields
      const owner = userOfAll(pod)
      // Where it is known who is to read it, nobody else may; an fsGroup makes it readable for the group, too.
      const isTheirs = owner !== undefined || pod.spec?.securityContext?.fsGroup !== undefined
      const tokenMode = isTheirs ? 0o600 : (mode ?? DEFAULT_MODE)
      files.set(checked(path), {
        bytes,
        mode: tokenMode,
        ...(owner === undefined ? {} : { owner }),
      })
    } else throw new Error('this kind of projected volume source is not supported on this node')
  }
}

/** The user as whom all containers run; undefined where one does not say, or they differ. */
function userOfAll({ spec }: Pod): number | undefined {
  const containers = [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])]
  const users = new Set(
    containers.map(
      ({ securityContext }) => securityContext?.runAsUser ?? spec?.securityContext?.runAsUser,
    ),
  )
  const [user] = users
  return users.size === 1 && user !== undefined ? Number(user) : undefined
}

interface ObjectSource {
  readonly kind: SourceKind
  readonly name: string
  readonly items: Items | undefined
  readonly optional: boolean | undefined
  readonly mode: number | undefined
}

async function addObject(
  files: Payload,
  sources: PayloadSources,
  { kind, name, items, optional, mode = DEFAULT_MODE }: ObjectSource,
): Promise<void> {
  const object = await sources.object(kind, name)
  if (!object) {
    if (optional) return
    throw new Error(`${kind} "${name}" not found`)
  }
  const contents = contentsOf(object)
  if (!items?.length) {
    for (const [key, bytes] of contents) files.set(checked(key), { bytes, mode })
    return
  }
  for (const item of items) {
    const bytes = contents.get(item.key)
    if (bytes) files.set(checked(item.path), { bytes, mode: item.mode ?? mode })
    else if (!optional)
      throw new Error(
        `references non-existent ${kind === 'configmap' ? 'config' : 'secret'} key: ${item.key}`,
      )
  }
}

function addDownward(
  files: Payload,
  fields: FieldContext,
  items: readonly DownwardItem[],
  mode = DEFAULT_MODE,
): void {
  for (const item of items) {
    const text = downwardValue(item, fields)
    files.set(checked(item.path), {
      bytes: encoded(text),
      mode: item.mode ?? mode,
    })
  }
}

function encoded(text: string): Uint8Array {
  if (text !== last.text) last = { text, bytes: new TextEncoder().encode(text) }
  return last.bytes
}
// The namespace is in a volume of each pod, and those that start together are mostly in the same.
let last = { text: '', bytes: new Uint8Array() }

function downwardValue(item: DownwardItem, fields: FieldContext): string {
  if (item.fieldRef) {
    const value = fieldValue(item.fieldRef.fieldPath, fields)
    if (value === undefined) throw new Error(`unsupported fieldPath: ${item.fieldRef.fieldPath}`)
    return value
  }
  const reference = item.resourceFieldRef
  const container = [
    ...(fields.pod.spec?.containers ?? []),
    ...(fields.pod.spec?.initContainers ?? []),
  ].find(({ name }) => name === reference?.containerName)
  if (!reference || !container) throw new Error(`container ${reference?.containerName} not found`)
  return resourceValue(reference, container, usableBy(fields)) ?? ''
}

/** Paths stay inside the volume, whoever wrote them. */
function checked(path: string): string {
  const parts = path.split('/')
  if (path === '' || path.startsWith('/') || parts.includes('..') || path.startsWith('..'))
    throw new Error(`invalid path in a volume: "${path}"`)
  return parts.length === 1 && path !== '.'
    ? path
    : parts.filter(part => part !== '' && part !== '.').join('/')
}

/** The same files with the same bytes, modes and owners. */
export function samePayload(a: Payload | undefined, b: Payload): boolean {
  if (a?.size !== b.size) return false
  for (const [path, { bytes, mode, owner }] of b) {
    const other = a.get(path)
    if (other?.mode !== mode || other.owner !== owner) return false
    if (Buffer.compare(other.bytes, bytes) !== 0) return false
  }
  return true
}
