/**
 * The form in which a webhook sees the objects of a request. Stored objects are shown in the version that its rule names; a scale as
 * a Scale; what subresources speak (Binding, Eviction, TokenRequest) as it is.
 */
import { type Scale, scale, scaleOf } from '#api/autoscaling/v1/scale.ts'
import { decodeObject } from '#api/machinery/decode.ts'
import { applyDefaults } from '#api/machinery/defaults.ts'
import { type AnyKind, apiVersionOf, type ScaleMapping } from '#api/machinery/kind.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import type { Eventually } from '../../authorization/authorizer.ts'
import type { ServedResource } from '../../resources/registry.ts'
import type { AdmissionRequest } from '../admission.ts'

export interface Form {
  readonly kind: { readonly group: string; readonly version: string; readonly kind: string }
  readonly show: (object: KubernetesObject) => KubernetesObject
  /** What a patched object means for the draft; undefined where nothing can be changed. */
  readonly read?: (patched: unknown, draft: KubernetesObject) => Eventually<KubernetesObject>
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
  const mapping = kind.subresources.scale as ScaleMapping<KubernetesObject> | undefined
  if (request.subresource === 'scale' && mapping)
    return {
      kind: typeOf(scale),
      show: object => scaleOf(mapping, object),
      read: (patched, draft) => {
        const { spec } = decoded(scale, patched) as Scale
        return mapping.withReplicas(draft, spec.replicas ?? 0)
      },
    }
  if (request.kind.kind !== kind.kind) return { kind: request.kind, show: object => object }
  return {
    kind: typeOf(kind),
    show: object => {
      if (view.own && object.apiVersion !== apiVersionOf(kind))
        return prepared.get(object) ?? object
      return view.fromStored?.(object) ?? object
    },
    read: (patched, { apiVersion }) => {
      const object = decoded(kind, patched)
      return view.own?.convert(object, apiVersion) ?? view.toStored?.(object) ?? object
    },
  }
}

function decoded(kind: AnyKind, value: unknown): KubernetesObject {
  const { object } = decodeObject(kind, value)
  applyDefaults(kind, object)
  return object
}
