/** What upstream's controller tells of nodes by their zones. */
import type { Node } from '#api/core/v1/node.ts'
import { type Counter, exponentialBounds, type FigureBook } from '#base/figures.ts'
import type { Look } from '../runner/controller.ts'
import { readinessOf } from './taints.ts'

export interface NodeFigures {
  readonly evictions: Counter
  readonly counted: (look: Look) => void
}

const name = (text: string) => `node_collector_${text}`

export function countNodes(
  book: FigureBook,
  list: () => readonly Node[],
  zoneOf: (node: Node) => string,
): NodeFigures {
  const gauge = (figure: string, help: string, of: (nodes: readonly Node[]) => number) =>
    book.gauge(name(figure), help, () =>
      [...Map.groupBy(list(), zoneOf)].map(([zone, nodes]) => ({
        labels: { zone },
        value: of(nodes),
      })),
    )
  const down = (nodes: readonly Node[]) => nodes.filter(node => readinessOf(node) !== 'True').length
  gauge('zone_size', 'Nodes of a zone.', nodes => nodes.length)
  gauge('unhealthy_nodes_in_zone', 'Nodes of a zone that are not ready.', down)
  gauge(
    'zone_health',
    'Percentage of nodes of a zone that are ready.',
    nodes => (100 * (nodes.length - down(nodes))) / nodes.length,
  )
  const seconds = book.histogram(
    name('update_node_health_duration_seconds'),
    'How long a look at a node takes.',
    exponentialBounds(0.001, 4, 8),
  )
  return {
    evictions: book.counter(name('evictions_total'), 'Nodes whose pods were driven off.', ['zone']),
    counted: look => seconds.observe([], look.seconds),
  }
}
