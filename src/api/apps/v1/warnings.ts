/** When workloads warn, and of what: of their pods, and of names that their pods cannot have as host names. */

import type { PodTemplateSpec } from '../../core/v1/pod/schema.ts'
import { podWarnings } from '../../core/v1/pod/warnings.ts'
import type { KubernetesObject } from '../../machinery/metadata.ts'
import { isDns1123Label } from '../../machinery/names.ts'

type Workload = KubernetesObject & { spec: { template: PodTemplateSpec } }

/** Who writes what was there already has been warned of it. */
export function isOtherSpec(object: KubernetesObject, previous: KubernetesObject | undefined) {
  return !previous || object.metadata.generation !== previous.metadata.generation
}

/** A name is warned of once, when it is chosen. */
export function nameWarnings(
  { metadata: { name = '' } }: KubernetesObject,
  previous: KubernetesObject | undefined,
): string[] {
  const messages = previous ? [] : isDns1123Label(name)
  if (messages.length === 0) return []
  return [
    `metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended: [${messages.join(' ')}]`,
  ]
}

export function templateWarnings(object: Workload, previous: Workload | undefined): string[] {
  if (!isOtherSpec(object, previous)) return []
  const { spec, metadata } = object.spec.template
  return podWarnings('spec.template.spec', spec, metadata.annotations)
}
