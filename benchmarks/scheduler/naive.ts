/** What one decision costs a scheduler that keeps nothing: every node is judged and scored anew from the plain objects. */
import { namespace } from '#api/core/v1/namespace.ts'
import { node } from '#api/core/v1/node.ts'
import { pod } from '#api/core/v1/pod/pod.ts'
import { scoresOf } from '#scheduler/testing/model.scores.ts'
import { type ModelCluster, verdictOf } from '#scheduler/testing/model.ts'
import { podFrom } from './templates.ts'
import type { World } from './world.ts'

/** A few nodes stand for all of them, as the model looks at every pod for every node: so many pairs of both. */
const PAIRS = 30_000

/** Milliseconds for one more pod of the template on the cluster as it is, reckoned from a few of the nodes. */
export function naiveDecisionMs({ informers }: World, template: string): number {
  const nodes = informers.for(node).list()
  const cluster: ModelCluster = {
    nodes,
    pods: informers
      .for(pod)
      .list()
      .filter(({ spec }) => spec.nodeName),
    namespaces: Object.fromEntries(
      informers
        .for(namespace)
        .list()
        .map(({ metadata }) => [metadata.name ?? '', metadata.labels ?? {}]),
    ),
  }
  const some = nodes.slice(0, Math.max(1, Math.ceil(PAIRS / (cluster.pods.length + 1))))
  const made = podFrom(template)
  const wanted = {
    ...made,
    metadata: { ...made.metadata, name: 'p', namespace: 'default' },
    status: {},
  }
  const start = performance.now()
  const feasible = some.filter(one => verdictOf(cluster, wanted as never, one) === undefined)
  scoresOf(cluster, wanted as never, feasible)
  return ((performance.now() - start) / Math.max(1, some.length)) * nodes.length
}
