import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ApiService, apiService } from '#api/apiregistration/v1/api-service.ts'
import { isStatus } from '#api/machinery/status.ts'
import { clusterRole } from '#api/rbac/v1/cluster-role.ts'
import { UserError } from '#base/errors.ts'
import { startCluster as start } from '#cluster'
import { createHollowNode } from '#simulation'
import type { ClusterOptions } from './options.ts'

const startCluster = (options: ClusterOptions) =>
  start({ ...options, hollowMachine: async () => createHollowNode })
const NAME = 'v1beta1.metrics.k8s.io'

async function eventually<T>(look: () => Promise<T | undefined | false>): Promise<T> {
  for (const end = performance.now() + 60_000; performance.now() < end; ) {
    const found = await look()
    if (found) return found
    await new Promise(resolve => setTimeout(resolve, 20))
  }
  return assert.fail('it did not happen in time')
}

const orNothing = async <T>(asked: Promise<T>): Promise<T | undefined> => {
  try {
    return await asked
  } catch (error) {
    if (isStatus(error, 'NotFound', 'ServiceUnavailable')) return undefined
    throw error
  }
}

test('it is there on request, behind an APIService that is looked at', async () => {
  await using cluster = await startCluster({ metricsServer: true })
  const service = await eventually(async () => {
    const found = await orNothing(cluster.client.get(apiService, NAME))
    return found?.status.conditions?.[0]?.status === 'True' && found
  })
  assert.equal(service.spec.groupPriorityMinimum, 100)
  assert.equal(service.spec.versionPriority, 100)
  assert.deepEqual(service.spec.service, {
    namespace: 'kube-system',
    name: 'metrics-server',
    port: 443,
  })
  // Whoever may view a namespace may see what its pods use.
  await eventually(async () => {
    const { rules } = await cluster.client.get(clusterRole, 'view')
    return rules?.some(({ apiGroups }) => apiGroups?.includes('metrics.k8s.io'))
  })
  const path = '/apis/metrics.k8s.io/v1beta1/nodes'
  const answer = (await eventually(() => orNothing(cluster.client.getPath(path)))) as object
  assert.equal((answer as { kind: string }).kind, 'NodeMetricsList')
})

test('nobody is asked all the time', async () => {
  await assert.rejects(startCluster({ metricsServer: true, metricResolutionMs: 0 }), UserError)
})

test('without request there is none', async () => {
  await using cluster = await startCluster({})
  await assert.rejects(
    cluster.client.getPath('/apis/metrics.k8s.io/v1beta1/nodes'),
    (error: unknown) => isStatus(error, 'NotFound'),
  )
})

test('what is somebody else’s by now stays so, also with a new start', async () => {
  const others = { namespace: 'monitoring', name: 'adapter' }
  await using first = await startCluster({ metricsServer: true })
  await eventually(() => orNothing(first.client.get(apiService, NAME)))
  const spec = { service: others } as Partial<ApiService['spec']>
  await first.client.patch(apiService, { name: NAME }, 'merge', { spec })
  await using second = await first.fork()
  await eventually(async () => {
    const { status } = await second.client.get(apiService, NAME)
    return status.conditions?.[0]?.reason === 'ServiceNotFound'
  })
  const { service } = (await second.client.get(apiService, NAME)).spec
  assert.deepEqual({ namespace: service?.namespace, name: service?.name }, others)
})
