/** How fast deployments become running pods, and change them. */
import { deployment } from '#api/apps/v1/deployment.ts'
import { event } from '#api/core/v1/event.ts'
import {
  type BenchCluster,
  costOf,
  heldBytes,
  isRunning,
  pods,
  type Sizes,
  say,
  sideBySide,
  tell,
  untilTold,
  untilView,
  withCluster,
} from './bench-cluster.ts'
import { createPods, deletePods } from './peer-pods.ts'
import { deploymentOf, podTemplate } from './workloads.ts'

/** The pace of a machine that others share changes within seconds. */
const ROUNDS = 3

export async function rollout({ nodes, replicas }: Sizes): Promise<void> {
  await withCluster(nodes, async cluster => {
    // Everything is compiled before the first figure, for both sides alike.
    await createPods(cluster, 50, 'warm')
    await deletePods(cluster, 50, 'warm')
    const peer = await costOf(() => createPods(cluster, replicas, 'peer'))
    tell(`a client creates and binds ${replicas} pods, all Running`, peer, replicas, 'the limit')
    await untilTold(cluster)
    const ended = await costOf(() => deletePods(cluster, replicas, 'peer'))
    tell(`and deletes them, all gone`, ended, replicas, 'the limit')
    await untilTold(cluster)

    const { client } = cluster
    for (let round = 1; round < ROUNDS; round++) {
      await createDeployment(cluster, replicas, round)
      await client.delete(deployment, { name: 'web', namespace: 'default' })
      await untilView(pods(cluster), 0, 'pods of the deployment')
      await untilTold(cluster)
      await client.deleteAll(event, { namespace: 'default' })
    }
    const before = await heldBytes()
    await createDeployment(cluster, replicas, ROUNDS)
    let events = 0
    const told = await costOf(async () => {
      events = await untilTold(cluster)
    })
    say(`and the last of ${events} events written`, `${told.seconds.toFixed(1)} s`, 'later')
    const perPod = (held: number) => `${((held - before) / replicas / 1000).toFixed(1)} KB`
    say('memory for each pod and its four events', perPod(await heldBytes()))
    await client.deleteAll(event, { namespace: 'default' })
    say('memory for each pod, all components', perPod(await heldBytes()), '≤ 20 KB')

    const updated = await costOf(async () => {
      const containers = podTemplate('v2').spec.containers
      await client.patch(deployment, { name: 'web', namespace: 'default' }, 'strategic', {
        spec: { template: { spec: { containers } } },
      })
      await untilRunning(cluster, replicas, 'v2')
      await untilView(pods(cluster), replicas, 'pods at the end of the update')
    })
    tell(`rolling update of ${replicas}, old pods gone`, updated, replicas, 'limit: the two above')
  })
}

async function createDeployment(
  cluster: BenchCluster,
  replicas: number,
  round: number,
): Promise<void> {
  const created = await costOf(async () => {
    await cluster.client.create(deployment, deploymentOf('web', replicas))
    await untilRunning(cluster, replicas, 'v1')
  })
  const what = `Deployment of ${replicas} created → all Running, ${round} of ${ROUNDS}`
  tell(what, created, replicas, '≥ 500/s')
}

export async function manyDeployments({ nodes, deployments }: Sizes): Promise<void> {
  const count = deployments * 3
  await withCluster(nodes, async cluster => {
    const peer = await costOf(() => createPods(cluster, count, 'peer'))
    tell(`a client creates and binds ${count} pods, all Running`, peer, count, 'the limit')
    await untilTold(cluster)
    await deletePods(cluster, count, 'peer')
    const created = await costOf(async () => {
      const create = (index: number) =>
        cluster.client.create(deployment, deploymentOf(`web-${index}`, 3))
      await sideBySide(deployments, create)
      await untilRunning(cluster, count, 'v1')
    })
    tell(`${deployments} Deployments × 3 created → all Running`, created, count)
  })
}

const untilRunning = (cluster: BenchCluster, count: number, image: string): Promise<void> =>
  untilView(
    pods(cluster),
    count,
    `running pods of ${image}`,
    each => isRunning(each) && each.spec.containers[0]?.image === `example.com/web:${image}`,
  )
