/** What a trace tells of a step of a pod, under upstream's names. */
import type { Attributes } from '#base/tracing/span.ts'
import { type Pod, uidOf } from '../pod-types.ts'

export function podSpan(pod: Pod, more: Attributes = {}) {
  const { name = '', namespace = '' } = pod.metadata
  const attributes: Attributes = {
    'k8s.pod.uid': uidOf(pod),
    'k8s.pod': `${namespace}/${name}`,
    'k8s.pod.name': name,
    'k8s.namespace.name': namespace,
    ...more,
  }
  return { isRoot: true, attributes } as const
}
