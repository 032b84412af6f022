/** What a node uses, as the metrics server measured it; never stored. */
import { defineKind, type ObjectOfShape, objectShape } from '../../machinery/kind.ts'
import { duration, map, quantity, time } from '../../machinery/schema.ts'
import { usageColumns } from './columns.ts'

export const nodeMetricsShape = objectShape(
  'io.k8s.metrics.pkg.apis.metrics.v1beta1.NodeMetrics',
  'What a node uses of its resources.',
  {
    timestamp: time(2).required().doc('The end of the span over which was measured.'),
    window: duration(3).required().doc('How long that span is.'),
    usage: map(4, quantity())
      .required()
      .doc('The amount of each resource: cores, bytes of memory.'),
  },
)
export type NodeMetrics = ObjectOfShape<typeof nodeMetricsShape>

export const nodeMetrics = defineKind<NodeMetrics>({
  group: 'metrics.k8s.io',
  version: 'v1beta1',
  kind: 'NodeMetrics',
  plural: 'nodes',
  singular: '',
  scope: 'Cluster',
  verbs: ['get', 'list'],
  shape: nodeMetricsShape,
  ephemeral: true,
  hasColumnsOfRows: true,
  columns: usageColumns(({ usage }) => [usage]),
})
