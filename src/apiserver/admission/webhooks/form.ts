/**
 * The form in which a webhook sees the objects of a request. Stored objects are shown in the version that its rule names; a scale as
 * a Scale; what subresources speak (Binding, Eviction, TokenRequest) as it is.
 */
import { type Scale, scale, scaleOf } from '#api/autoscaling/v1/scale.ts'
import { decodeObject } from '#api/machinery/decode.ts'
import { applyDefaults } from '#api/machinery/defaults.ts'
import { stringifyJson } from '#api/machinery/exact-json.ts'
import { invalid as invalidField } from '#api/machinery/field-error.ts'
import { type AnyKind, apiVersionOf } from '#api/machinery/kind.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import { inOrderAlong } from '#api/machinery/mistakes/order.ts'
import { isPlainObject, type PlainObject } from '#api/machinery/plain.ts'
import { badRequest, invalid, isStatus, PlainError } from '#api/machinery/status.ts'
import type { Eventually } from '../../authorization/authorizer.ts'
import { checkBodyType } from '../../resources/body-type.ts'
import type { ServedResource } from '../../resources/registry.ts'
import { emptyAsNull } from '../../storage/empty-lists.ts'
import type { AdmissionRequest } from '../admission.ts'
import { draftScale, type Mapping } from './form-of-scale.ts'

export interface Form {
  readonly kind: { readonly group: string; readonly version: string; readonly kind: string }
  readonly show: (object: KubernetesObject) => KubernetesObject
  /** What a patched object means for the draft; undefined where nothing can be changed. */
  readonly read?: (
    patched: unknown,
    draft: KubernetesObject,
    /** Of the JSON patch that made it. */
    operations?: readonly unknown[],
  ) => Eventually<KubernetesObject>
}

/** Objects of custom resources in another version than that of the request, as they were when they were prepared. */
const prepared = new WeakMap<KubernetesObject, KubernetesObject>()

/** Must be awaited before a resource that matched is asked for its form. */
export async function prepareForm(
  { object, oldObject, kind: asked }: AdmissionRequest,
  { kind, view }: ServedResource,
): Promise<void> {
  if (!view.own || asked.kind !== kind.kind || asked.version === kind.version) return
  for (const each of [object, oldObject])
    if (each) prepared.set(each, await view.own.convert(each, apiVersionOf(kind)))
}

const typeOf = ({ group, version, kind }: AnyKind) => ({ group, version, kind })

export function formOf(request: AdmissionRequest, { kind, view }: ServedResource): Form {
  const mapping = kind.subresources.scale as Mapping | undefined
  if (request.subresource === 'scale' && mapping)
    return {
      kind: typeOf(scale),
      show: object => (request.rounds ? draftScale(mapping, object) : scaleOf(mapping, object)),
      read: (patched, draft, operations) => {
        const { spec } = decoded(scale, patched, operations) as Scale
        return mapping.withReplicas(draft, spec.replicas ?? 0)
      },
    }
  const { objectKind } = request
  if (request.kind.kind !== kind.kind)
    return {
      kind: request.kind,
      show: emptyAsNull,
      ...(objectKind && {
        read: (patched, _, operations) => decoded(objectKind, patched, operations),
      }),
    }
  return {
    kind: typeOf(kind),
    show: object => {
      if (view.own && object.apiVersion !== apiVersionOf(kind))
        return prepared.get(object) ?? object
      return emptyAsNull(view.fromStored?.(object) ?? object)
    },
    read: (patched, { apiVersion }, operations) => {
      const object = kind.custom
        ? decodedCustom(kind, patched, apiVersion)
        : decoded(kind, patched, operations)
      return view.own?.convert(object, apiVersion) ?? view.toStored?.(object) ?? object
    },
  }
}

/** What somebody outside made of an object, which must still be of its kind. Told as upstream tells it of what it reads itself. */
function decoded(
  kind: AnyKind,
  value: unknown,
  operations: readonly unknown[] = [],
): KubernetesObject {
  const pointers = operations.filter(isPlainObject).flatMap(({ path, from }) => [path, from])
  const texts = pointers.filter(each => typeof each === 'string')
  try {
    if (isPlainObject(value)) checkBodyType(kind, value)
    const { object } = decodeObject(kind, value, made => inOrderAlong(made, texts))
    object.kind = kind.kind
    object.apiVersion = apiVersionOf(kind)
    applyDefaults(kind, object)
    return object
  } catch (thrown) {
    if (!isStatus(thrown, 'BadRequest')) throw thrown
    const why = thrown.message.replace(AROUND, '')
    throw why.endsWith(UNKNOWN_CONVERSION) ? new PlainError(why) : badRequest(why)
  }
}
/** What is of another version of the group is taken for that, as upstream converts it; `wanted` is the version of the request. */
function decodedCustom(kind: AnyKind, value: unknown, wanted: string): KubernetesObject {
  const { apiVersion = '', kind: name, metadata } = isPlainObject(value) ? value : {}
  if (typeof name !== 'string' || name === '')
    throw badRequest(`Object 'Kind' is missing in '${stringifyJson(value)}'`)
  const its = String(apiVersion)
  if (its.split('/')[0] !== kind.group)
    throw new PlainError(
      `${its || '/'}, Kind=${name} is unstructured and is not suitable for converting to ${JSON.stringify(wanted)}`,
    )
  if (name !== kind.kind) {
    const { name: itsName } = isPlainObject(metadata) ? metadata : {}
    const errors = [invalidField('kind', name, `must be ${kind.kind}`)]
    throw invalid({ group: kind.group, kind: name }, String(itsName ?? ''), errors)
  }
  const object = decoded(kind, { ...(value as PlainObject), apiVersion: apiVersionOf(kind) })
  return { ...object, apiVersion: its }
}

/** It was read as what it says, and is something else than what is written. */
const UNKNOWN_CONVERSION = 'unknown conversion'
const AROUND = /^\S+ in version "[^"]*" cannot be handled as a \S+: /
