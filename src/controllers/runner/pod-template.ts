import type { PodTemplateSpec } from '#api/core/v1/pod/pod.ts'
import type { AnyKind } from '#api/machinery/kind.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import type { PartialObject } from './controller.ts'
import { controllerReference } from './owners.ts'

export interface PodOwner {
  readonly kind: AnyKind
  readonly object: KubernetesObject
}

/** A pod as an owner asks for it: what its template says, under a generated name, controlled by the owner. */
export function podFromTemplate(template: PodTemplateSpec, owner: PodOwner): PartialObject {
  const { metadata = {}, spec } = template
  const { name, namespace = '' } = owner.object.metadata
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      generateName: `${name}-`,
      namespace,
      ...(metadata.labels ? { labels: metadata.labels } : {}),
      ...(metadata.annotations ? { annotations: metadata.annotations } : {}),
      ...(metadata.finalizers ? { finalizers: metadata.finalizers } : {}),
      ownerReferences: [controllerReference(owner.kind, owner.object)],
    },
    spec,
  }
}
