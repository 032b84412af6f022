import type { PodTemplateSpec } from '../../core/v1/pod/schema.ts'
import { column } from '../../machinery/columns.ts'
import type { Column } from '../../machinery/kind.ts'
import { labelMatcherOf } from '../../machinery/label-selector.ts'
import type { KubernetesObject, LabelSelector } from '../../machinery/metadata.ts'

type Workload = KubernetesObject & { spec: { template: PodTemplateSpec; selector: LabelSelector } }

/** What `-o wide` adds for workloads with a pod template. */
export const workloadColumns: readonly Column<Workload>[] = [
  wide('Containers', 'Names of the containers in the template.', ({ spec }) =>
    spec.template.spec.containers.map(container => container.name).join(','),
  ),
  wide('Images', 'Images of the containers in the template.', ({ spec }) =>
    spec.template.spec.containers.map(container => container.image ?? '').join(','),
  ),
  wide('Selector', 'Labels of the pods that belong to it.', ({ spec }) =>
    labelMatcherOf(spec.selector).toString(),
  ),
]

function wide(name: string, description: string, cell: (object: Workload) => string) {
  return column<Workload>(name, description, cell, { priority: 1 })
}
