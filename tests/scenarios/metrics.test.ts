/** After a small life of a cluster, /metrics tells of its controllers under upstream's names. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { deployment } from '#api/apps/v1/deployment.ts'
import { horizontalPodAutoscaler } from '#api/autoscaling/v2/horizontal-pod-autoscaler.ts'
import { job } from '#api/batch/v1/job.ts'
import { node } from '#api/core/v1/node.ts'
import { service } from '#api/core/v1/service.ts'
import { type Cluster, startCluster } from '#index'
import { running, until } from './hollow-workloads.ts'

let cluster: Cluster
before(async () => {
  cluster = await startCluster({ nodes: { kind: 'hollow', count: 2 } })
})
after(() => cluster.stop())

const container = (...command: string[]) => ({ name: 'main', image: 'web', command })
const template = (app: string, restartPolicy: string, ...command: string[]) => ({
  metadata: { labels: { app } },
  spec: { restartPolicy, containers: [container(...command)] },
})

async function live({ client }: Cluster): Promise<void> {
  const metadata = { name: 'web', namespace: 'default' }
  const selector = { app: 'web' }
  await until('the account of pods', () =>
    client
      .create(job, {
        metadata: { name: 'once', namespace: 'default' },
        spec: { ttlSecondsAfterFinished: 0, template: template('once', 'Never', 'true') },
      } as never)
      .catch(() => undefined),
  )
  await client.create(service, { metadata, spec: { selector, ports: [{ port: 80 }] } } as never)
  await client.create(deployment, {
    metadata,
    spec: {
      replicas: 3,
      selector: { matchLabels: selector },
      template: template('web', 'Always', 'sleep', '1000'),
    },
  } as never)
  const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' }
  await client.create(horizontalPodAutoscaler, {
    metadata,
    spec: { scaleTargetRef, maxReplicas: 5 },
  } as never)
  await running(cluster, 'web', 3, 'web')
  await until('the job to be gone', async () => (await client.list(job)).items.length === 0)
  const { items } = await client.list(node)
  await client.patch(node, { name: items[0]?.metadata.name ?? '' }, 'strategic', {
    spec: { taints: [{ key: 'out', value: 'yes', effect: 'NoExecute' }] },
  })
}

/** The values of all series, by their names and labels as they are written. */
async function scrape(): Promise<Map<string, number>> {
  const { body } = await cluster.transport.request({ method: 'GET', path: '/metrics' })
  const bytes =
    body.kind === 'bytes' ? body.bytes : Buffer.concat(body.kind === 'chunks' ? body.chunks : [])
  const series = new Map<string, number>()
  for (const line of Buffer.from(bytes).toString().split('\n')) {
    const cut = line.lastIndexOf(' ')
    if (line !== '' && !line.startsWith('#'))
      series.set(line.slice(0, cut), Number(line.slice(cut + 1)))
  }
  return series
}

test('controllers are measured', async () => {
  await live(cluster)
  await until('evicted pods', async () => {
    const gone = (await scrape()).get('taint_eviction_controller_pod_deletions_total')
    return (gone ?? 0) > 0
  })
  // What controllers do beside each other is counted in any order.
  let missing: string[] = []
  await until('all to be counted', async () => {
    missing = missingIn(await scrape())
    return missing.length === 0
  }).catch(error => assert.fail(`${error}: ${missing.join('; ')}`))
})

/** A sentence for each series that is not there, or lower than it has to be. */
function missingIn(series: ReadonlyMap<string, number>): string[] {
  const missing: string[] = []
  const atLeast = (name: string, least: number) => {
    const value = series.get(name)
    if (value === undefined || value < least) missing.push(`${name} is ${value}, not ${least}`)
  }
  for (const name of ['deployment', 'replicaset', 'job', 'endpoint_slice']) {
    atLeast(`workqueue_adds_total{name="${name}"}`, 1)
    atLeast(`workqueue_depth{name="${name}"}`, 0)
    atLeast(`workqueue_retries_total{name="${name}"}`, 0)
    atLeast(`workqueue_queue_duration_seconds_count{name="${name}"}`, 1)
    atLeast(`workqueue_work_duration_seconds_bucket{name="${name}",le="+Inf"}`, 1)
    atLeast(`workqueue_unfinished_work_seconds{name="${name}"}`, 0)
    atLeast(`workqueue_longest_running_processor_seconds{name="${name}"}`, 0)
  }
  atLeast('running_managed_controllers{manager="kube-controller-manager",name="job-controller"}', 1)
  atLeast('rest_client_requests_total{code="201",method="POST",host="in-process"}', 5)
  atLeast('rest_client_request_duration_seconds_count{verb="POST",host="in-process"}', 5)
  const mode = 'completion_mode="NonIndexed"'
  const created = `{${mode},result="success",action="pods_created"}`
  atLeast(`job_controller_job_syncs_total${created}`, 1)
  atLeast(`job_controller_job_sync_duration_seconds_count${created}`, 1)
  atLeast(`job_controller_job_pods_creation_total{reason="new",status="succeeded"}`, 1)
  atLeast(`job_controller_job_pods_finished_total{${mode},result="succeeded"}`, 1)
  atLeast(
    `job_controller_jobs_finished_total{${mode},result="succeeded",reason="CompletionsReached"}`,
    1,
  )
  atLeast('ttl_after_finished_controller_job_deletion_duration_seconds_count', 1)
  atLeast('endpoint_slice_controller_syncs{result="success"}', 1)
  atLeast('endpoint_slice_controller_changes{operation="create"}', 1)
  atLeast('endpoint_slice_controller_num_endpoint_slices', 1)
  atLeast('endpoint_slice_controller_desired_endpoint_slices', 1)
  atLeast('endpoint_slice_controller_endpoints_desired', 1)
  atLeast('endpoint_slice_controller_endpoints_added_per_sync_sum', 3)
  atLeast('horizontal_pod_autoscaler_controller_num_horizontal_pod_autoscalers', 1)
  // Nobody serves metrics of pods here.
  atLeast(
    'horizontal_pod_autoscaler_controller_reconciliations_total{action="none",error="internal"}',
    1,
  )
  const computed = 'horizontal_pod_autoscaler_controller_metric_computation'
  const sort = '{action="none",error="internal",metric_type="Resource"}'
  atLeast(`${computed}_total${sort}`, 1)
  atLeast(`${computed}_duration_seconds_count${sort}`, 1)
  for (const event of ['add', 'delete'])
    atLeast(`job_controller_terminated_pods_tracking_finalizer_total{event="${event}"}`, 1)
  atLeast('node_collector_zone_size{zone="/"}', 2)
  atLeast('node_collector_zone_health{zone="/"}', 100)
  atLeast('node_collector_update_node_health_duration_seconds_count', 2)
  atLeast('taint_eviction_controller_pod_deletion_duration_seconds_count', 1)
  atLeast('root_ca_cert_publisher_sync_total{code="200"}', 1)
  atLeast('cronjob_controller_cronjob_job_creation_skew_duration_seconds_count', 0)
  return missing
}
