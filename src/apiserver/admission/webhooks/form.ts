/**
 * The form in which a webhook sees the objects of a request. Stored objects are shown in the version that its rule names; a scale as
 * a Scale; what subresources speak (Binding, Eviction, TokenRequest) as it is.
 */
import { type Scale, scale, scaleOf } from '#api/autoscaling/v1/scale.ts'
import { decodeObject } from '#api/machinery/decode.ts'
import { applyDefaults } from '#api/machinery/defaults.ts'
import type { AnyKind, ScaleMapping } from '#api/machinery/kind.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import type { ServedResource } from '../../resources/registry.ts'
import type { AdmissionRequest } from '../admission.ts'

export interface Form {
  readonly kind: { readonly group: string; readonly version: string; readonly kind: string }
  readonly show: (object: KubernetesObject) => KubernetesObject
  /** What a patched object means for the draft; undefined where nothing can be changed. */
  readonly read?: (patched: unknown, draft: KubernetesObject) => KubernetesObject
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
    show: object => view.fromStored?.(object) ?? object,
    read: patched => {
      const object = decoded(kind, patched)
      return view.toStored?.(object) ?? object
    },
  }
}

function decoded(kind: AnyKind, value: unknown): KubernetesObject {
  const { object } = decodeObject(kind, value)
  applyDefaults(kind, object)
  return object
}
