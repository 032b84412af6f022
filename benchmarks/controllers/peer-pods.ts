/**
 * The peer of controllers and scheduler: a client that knows beforehand which pods there are to be and on which nodes, creates and
 * binds them, and takes them away. The same API server stores them and the same hollow nodes run them.
 */
import { pod } from '#api/core/v1/pod/pod.ts'
import { type BenchCluster, isRunning, pods, sideBySide, untilView } from './bench-cluster.ts'
import { podTemplate } from './workloads.ts'

const NAMESPACE = 'default'
/** A scheduler that does not exist, so that nobody else binds them. */
const NOBODY = 'nobody'

export async function createPods(
  cluster: BenchCluster,
  count: number,
  prefix: string,
): Promise<void> {
  const { client, nodeNames } = cluster
  const { metadata, spec } = podTemplate('v1')
  await sideBySide(count, async index => {
    const at = { name: `${prefix}-${index}`, namespace: NAMESPACE }
    await client.create(pod, {
      metadata: { ...at, labels: { ...metadata.labels, app: prefix } },
      spec: { ...spec, schedulerName: NOBODY },
    } as never)
    const target = { kind: 'Node', name: nodeNames[index % nodeNames.length] }
    await client.createSubresource(pod, at, 'binding', {
      apiVersion: 'v1',
      kind: 'Binding',
      metadata: at,
      target,
    })
  })
  await untilView(
    pods(cluster),
    count,
    'running pods of the peer',
    each => each.metadata.labels?.app === prefix && isRunning(each),
  )
}

export async function deletePods(
  cluster: BenchCluster,
  count: number,
  prefix: string,
): Promise<void> {
  await sideBySide(count, index =>
    cluster.client.delete(pod, { name: `${prefix}-${index}`, namespace: NAMESPACE }),
  )
  await untilView(
    pods(cluster),
    0,
    'pods of the peer',
    each => each.metadata.labels?.app === prefix,
  )
}
