/** What several steps ask about a request. */
import type { Pod } from '#api/core/v1/pod/pod.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import { forbidden, type StatusError } from '#api/machinery/status.ts'
import type { AdmissionRequest } from './admission.ts'

/** The resource in the path is `resource` of `group`, whatever its subresource. */
export function concerns(request: AdmissionRequest, group: string, resource: string): boolean {
  return request.resource.resource === resource && request.resource.group === group
}

/** `pods`, or `deployments.apps`. */
export function qualifiedName({ group, resource }: { group: string; resource: string }): string {
  return group === '' ? resource : `${resource}.${group}`
}

/** A whole pod is written, not one of its subresources. */
export function concernsPods(request: AdmissionRequest): boolean {
  return concerns(request, '', 'pods') && request.subresource === ''
}

/** The draft as a pod; call it after `concernsPods`. */
export const asPod = (draft: KubernetesObject) => draft as Pod

export const MIRROR_ANNOTATION = 'kubernetes.io/config.mirror'

/** A pod by which a kubelet shows one that it runs from a file. */
export function isMirrorPod(pod: KubernetesObject): boolean {
  const { annotations } = pod.metadata
  return annotations !== undefined && Object.hasOwn(annotations, MIRROR_ANNOTATION)
}

/** 403 in the words clients know: `pods "web" is forbidden: …`. */
export function refused(request: AdmissionRequest, why: string): StatusError {
  const name = request.name || (request.object?.metadata?.generateName ?? '')
  return forbidden(request.resource, name, why)
}

/** Several findings as one text: `[a, b]`, each once; a single one stands alone. */
export function oneMessage(messages: readonly string[]): string {
  const different = [...new Set(messages)]
  return different.length === 1 ? (different[0] ?? '') : `[${different.join(', ')}]`
}
