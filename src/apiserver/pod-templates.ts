/** Where resources have the template of the pods that are made of them. */
import type { PodSpec } from '#api/core/v1/pod/pod.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'

export interface PodTemplate {
  readonly metadata?: KubernetesObject['metadata']
  readonly spec?: PodSpec
}
type TemplateOf = (object: KubernetesObject | undefined) => PodTemplate | undefined

const bySpec: TemplateOf = object =>
  (object as { spec?: { template?: PodTemplate } } | undefined)?.spec?.template

const templates: ReadonlyMap<string, TemplateOf> = new Map<string, TemplateOf>([
  ['replicationcontrollers', bySpec],
  ['replicasets.apps', bySpec],
  ['deployments.apps', bySpec],
  ['statefulsets.apps', bySpec],
  ['daemonsets.apps', bySpec],
  ['jobs.batch', bySpec],
  ['podtemplates', object => (object as { template?: PodTemplate } | undefined)?.template],
  [
    'cronjobs.batch',
    object => bySpec((object as { spec?: { jobTemplate?: never } } | undefined)?.spec?.jobTemplate),
  ],
])

/** Resources that have one, as `deployments.apps`. */
export const RESOURCES_WITH_TEMPLATES: readonly string[] = [...templates.keys()]

/** The template in an object of a resource; undefined where there is none. */
export const podTemplateIn = (
  resource: string,
  object: KubernetesObject | undefined,
): PodTemplate | undefined => templates.get(resource)?.(object)
