/** A scale as those see it who may change it: as it was sent, with the owners of the size alone. */
import { type Scale, scale, scaleOf } from '#api/autoscaling/v1/scale.ts'
import { apiVersionOf, type ScaleMapping } from '#api/machinery/kind.ts'
import type { KubernetesObject, ManagedFieldsEntry } from '#api/machinery/metadata.ts'
import { isPlainObject } from '#api/machinery/plain.ts'
import { sentOf } from '../../resources/sent.ts'

export type Mapping = ScaleMapping<KubernetesObject>

/** `now` is when who writes the size wrote it. */
export function draftScale(mapping: Mapping, object: KubernetesObject, now?: string): Scale {
  const whole = scaleOf(mapping, object)
  const sent = sentOf(object) as Scale | undefined
  const { metadata, status } = sent ?? whole
  const path = pathOf(mapping)
  const owners = (object.metadata.managedFields ?? []).filter(({ fieldsV1 }) =>
    owns(fieldsV1, path),
  )
  const entries = owners.map(entry => entryOf(entry, sent ? now : undefined))
  const managedFields = entries.length > 0 ? { managedFields: entries } : {}
  return { ...whole, metadata: { ...metadata, ...managedFields }, status }
}

/** What the size is called in the object. */
function pathOf({ withReplicas }: Mapping): string[] {
  const path: string[] = []
  let at: unknown = withReplicas({} as KubernetesObject, 1)
  while (isPlainObject(at)) {
    const [name = ''] = Object.keys(at)
    path.push(name)
    at = at[name]
  }
  return path
}

function owns(fields: unknown, path: readonly string[]): boolean {
  let at = fields
  for (const name of path) at = isPlainObject(at) ? at[`f:${name}`] : undefined
  return at !== undefined
}

function entryOf(
  { manager, operation, subresource, time }: ManagedFieldsEntry,
  now: string | undefined,
): ManagedFieldsEntry {
  const at = time ?? now
  return {
    ...(manager ? { manager } : {}),
    ...(operation ? { operation } : {}),
    apiVersion: apiVersionOf(scale),
    ...(at ? { time: at } : {}),
    fieldsType: 'FieldsV1',
    fieldsV1: { 'f:spec': { 'f:replicas': {} } },
    ...(subresource ? { subresource } : {}),
  }
}
