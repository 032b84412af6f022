/** What the containers of a pod use, as the metrics server measured it; never stored. */
import { defineKind, type ObjectOfShape, objectShape } from '../../machinery/kind.ts'
import {
  duration,
  list,
  map,
  quantity,
  shape,
  string,
  time,
  type ValueOfShape,
} from '../../machinery/schema.ts'
import { usageColumns } from './columns.ts'

export const containerMetrics = shape(
  'io.k8s.metrics.pkg.apis.metrics.v1beta1.ContainerMetrics',
  'What a container uses of its resources.',
  {
    name: string(1).required().doc('Which container of the pod it is.'),
    usage: map(2, quantity())
      .required()
      .doc('The amount of each resource: cores, bytes of memory.'),
  },
)
export type ContainerMetrics = ValueOfShape<typeof containerMetrics>

export const podMetricsShape = objectShape(
  'io.k8s.metrics.pkg.apis.metrics.v1beta1.PodMetrics',
  'What a pod uses of its resources, container by container.',
  {
    timestamp: time(2).required().doc('The end of the span over which was measured.'),
    window: duration(3).required().doc('How long that span is.'),
    containers: list(4, containerMetrics)
      .required()
      .atomic()
      .doc('What each of its containers uses.'),
  },
)
export type PodMetrics = ObjectOfShape<typeof podMetricsShape>

export const podMetrics = defineKind<PodMetrics>({
  group: 'metrics.k8s.io',
  version: 'v1beta1',
  kind: 'PodMetrics',
  plural: 'pods',
  singular: '',
  scope: 'Namespaced',
  verbs: ['get', 'list'],
  shape: podMetricsShape,
  ephemeral: true,
  hasColumnsOfRows: true,
  columns: usageColumns(({ containers }) => containers.map(({ usage }) => usage)),
})
