import type { PodTemplateSpec } from '../../core/v1/pod/schema.ts'
import { column } from '../../machinery/columns.ts'
import type { Column } from '../../machinery/kind.ts'
import { labelMatcherOf } from '../../machinery/label-selector.ts'
import type { KubernetesObject, LabelSelector } from '../../machinery/metadata.ts'

type Workload = KubernetesObject & { spec: { template: PodTemplateSpec; selector?: LabelSelector } }

/** What `-o wide` says about the containers of a pod template. */
export function containerColumns<T>(templateOf: (object: T) => PodTemplateSpec): Column<T>[] {
  return [
    wide('Containers', 'Names of the containers in the template.', object =>
      templateOf(object)
        .spec.containers.map(container => container.name)
        .join(','),
    ),
    wide('Images', 'Images of the containers in the template.', object =>
      templateOf(object)
        .spec.containers.map(container => container.image ?? '')
        .join(','),
    ),
  ]
}

export function selectorColumn<T>(selectorOf: (object: T) => LabelSelector | undefined): Column<T> {
  return wide(
    'Selector',
    'Labels of the pods that belong to it.',
    object => labelMatcherOf(selectorOf(object)).toString() || '<none>',
  )
}

/** What `-o wide` adds for workloads with a pod template. */
export const workloadColumns: readonly Column<Workload>[] = [
  ...containerColumns<Workload>(({ spec }) => spec.template),
  selectorColumn<Workload>(({ spec }) => spec.selector),
]

function wide<T>(name: string, description: string, cell: (object: T) => string) {
  return column<T>(name, description, cell, { priority: 1 })
}
