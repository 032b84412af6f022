import { deployment } from '#api/apps/v1/deployment.ts'
import { pod } from '#api/core/v1/pod/pod.ts'
import { serviceAccount } from '#api/core/v1/service-account.ts'
import { startTestCluster } from '../src/controllers/testing/test-cluster.ts'

/**
 * How fast a big Deployment is on its nodes: from its creation until the last pod is bound, with API server (memory
 * store), controllers and scheduler in one process. `npm run bench -- schedule [NODES] [PODS]`.
 */
export async function run([nodes = '1000', pods = '3000']: readonly string[]): Promise<void> {
  const wanted = Number(pods)
  await using cluster = await startTestCluster({ runPods: false })
  const { client } = cluster
  const names = Array.from({ length: Number(nodes) }, (_, i) => `node-${i}`)
  await cluster.addNodes(names, { cpu: '32' })
  await cluster.until('accounts', async () => {
    const { items } = await client.list(serviceAccount, { namespace: 'default' })
    return items.length > 0
  })
  let created = 0
  let createdMs = 0
  let bound = 0
  const start = performance.now()
  const elapsed = () => Math.round(performance.now() - start)
  const done = new Promise<void>(resolve =>
    cluster.informers.for(pod).subscribe({
      changed(next, previous) {
        if (!previous && ++created === wanted) createdMs = elapsed()
        if (next.spec.nodeName && !previous?.spec.nodeName && ++bound === wanted) resolve()
      },
    }),
  )
  const resources = { requests: { cpu: '100m', memory: '100Mi' } }
  const template = {
    metadata: { labels: { app: 'web' } },
    spec: { containers: [{ name: 'web', image: 'web', resources }] },
  }
  await client.create(deployment, {
    metadata: { name: 'web', namespace: 'default' },
    spec: { replicas: wanted, selector: { matchLabels: { app: 'web' } }, template },
  } as unknown as Parameters<typeof client.create<typeof deployment>>[1])
  await done
  const boundMs = elapsed()
  const rate = Math.round((wanted / boundMs) * 1000)
  process.stdout.write(
    `${nodes} nodes, ${pods} pods: all created after ${createdMs} ms, all bound after ${boundMs} ms: ${rate} pods/s from Deployment to node\n`,
  )
}
