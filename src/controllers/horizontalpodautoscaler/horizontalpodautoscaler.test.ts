/** An autoscaler over a real API server: the size of a real Deployment, with and without a metrics API. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deployment } from '#api/apps/v1/deployment.ts'
import { horizontalPodAutoscaler } from '#api/autoscaling/v2/horizontal-pod-autoscaler.ts'
import { event } from '#api/core/v1/event.ts'
import { startTestCluster } from '../testing/test-cluster.ts'

const NAMESPACE = 'default'

test('a Deployment is brought within its bounds, and what is missing is told', async () => {
  await using cluster = await startTestCluster()
  const { client } = cluster
  await cluster.addNodes(['node-1'])
  const labels = { app: 'web' }
  const containers = [{ name: 'c', image: 'i' }]
  await client.create(deployment, {
    metadata: { name: 'web', namespace: NAMESPACE },
    spec: {
      replicas: 1,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers } },
    },
  } as never)
  const create = (name: string, scaleTargetRef: object) =>
    client.create(horizontalPodAutoscaler, {
      metadata: { name, namespace: NAMESPACE },
      spec: { minReplicas: 3, maxReplicas: 5, scaleTargetRef },
    } as never)
  const conditions = async (name: string) =>
    (await client.get(horizontalPodAutoscaler, name, NAMESPACE)).status.conditions?.map(
      ({ type, status, reason }) => `${type}=${status} ${reason}`,
    ) ?? []
  await create('web', { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' })
  await cluster.until(
    'three replicas',
    async () => (await client.get(deployment, 'web', NAMESPACE)).spec.replicas === 3,
  )
  await cluster.until('the status', async () =>
    (await conditions('web')).includes('AbleToScale=True SucceededRescale'),
  )
  const { status } = await client.get(horizontalPodAutoscaler, 'web', NAMESPACE)
  assert.equal(status.desiredReplicas, 3)
  assert.ok(status.lastScaleTime)
  await cluster.until('the event', async () =>
    (await client.list(event, { namespace: NAMESPACE })).items.some(
      ({ reason, message }) =>
        reason === 'SuccessfulRescale' &&
        message === 'New size: 3; reason: Current number of replicas below Spec.MinReplicas',
    ),
  )
  // A change of its spec makes it look at once; there is no metrics API here.
  await client.patch(horizontalPodAutoscaler, { name: 'web', namespace: NAMESPACE }, 'merge', {
    spec: { minReplicas: 2 },
  })
  await cluster.until('the missing metric', async () =>
    (await conditions('web')).includes('ScalingActive=False FailedGetResourceMetric'),
  )
  await create('none', { apiVersion: 'apps/v1', kind: 'Deployment', name: 'absent' })
  await cluster.until('the missing target', async () =>
    (await conditions('none')).includes('AbleToScale=False FailedGetScale'),
  )
})
