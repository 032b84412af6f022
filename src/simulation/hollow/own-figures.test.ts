/** What a kubelet counts of its own work, seen from its /metrics. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pod as podKind } from '#api/core/v1/pod/pod.ts'
import { rest, type TestCluster } from '../testing/hollow-cluster.ts'
import { at, sh, withCluster } from '../testing/pod-views.ts'

type Kubelet = Awaited<ReturnType<TestCluster['kubelet']>>

/** Value by series. */
async function told(kubelet: Kubelet, path = '/metrics'): Promise<ReadonlyMap<string, number>> {
  const { body } = await kubelet.transport.request({ method: 'GET', path })
  const text = body.kind === 'bytes' ? Buffer.from(body.bytes).toString() : ''
  return new Map(
    text
      .split('\n')
      .filter(line => line !== '' && !line.startsWith('#'))
      .map(line => {
        const cut = line.lastIndexOf(' ')
        return [line.slice(0, cut), Number(line.slice(cut + 1))]
      }),
  )
}

test('pods and containers are counted as they start, run and end', () =>
  withCluster(async cluster => {
    const kubelet = await cluster.kubelet(cluster.node())
    await cluster.createPod('web', {
      initContainers: [{ name: 'first', image: 'i', command: sh('exit 0') }],
      containers: [{ name: 'c', image: 'i' }],
    })
    await cluster.createPod('over', {
      restartPolicy: 'Never',
      containers: [{ name: 'c', image: 'i', command: sh('exit 3') }],
    })
    await cluster.createPod('large', {
      containers: [{ name: 'c', image: 'i', resources: { requests: { cpu: '100' } } }],
    })
    await rest()
    await cluster.clock.advance(2_000)
    const figures = await told(kubelet)
    for (const [series, value] of [
      ['kubelet_started_pods_total', 2],
      ['kubelet_started_containers_total{container_type="container"}', 2],
      ['kubelet_started_containers_total{container_type="init_container"}', 1],
      ['kubelet_running_pods', 1],
      ['kubelet_running_containers{container_state="running"}', 1],
      ['kubelet_running_containers{container_state="exited"}', 2],
      ['kubelet_desired_pods{static=""}', 3],
      ['kubelet_active_pods{static=""}', 1],
      ['kubelet_working_pods{config="desired",lifecycle="sync",static=""}', 1],
      ['kubelet_working_pods{config="desired",lifecycle="terminated",static=""}', 2],
      ['kubelet_admission_rejections_total{reason="OutOfcpu"}', 1],
      ['kubelet_pod_start_duration_seconds_count', 2],
      ['kubelet_pod_start_sli_duration_seconds_count', 2],
      ['kubelet_pod_worker_start_duration_seconds_count', 3],
      ['kubelet_pod_worker_duration_seconds_count{operation_type="create"}', 3],
      ['kubelet_runtime_operations_total{operation_type="run_podsandbox"}', 2],
      ['kubelet_runtime_operations_duration_seconds_count{operation_type="run_podsandbox"}', 2],
      ['kubelet_evictions', undefined],
      ['kubelet_started_pods_errors_total', 0],
    ] as const)
      assert.equal(figures.get(series), value, series)
    assert.ok((figures.get('kubelet_pod_status_sync_duration_seconds_count') ?? 0) >= 3)
    assert.ok((figures.get('kubelet_pleg_relist_duration_seconds_count') ?? 0) >= 1)
    await cluster.client.delete(podKind, at('web'))
    await cluster.clock.advance(40_000)
    const after = await told(kubelet)
    assert.equal(after.get('kubelet_running_pods'), 0)
    assert.equal(after.get('kubelet_desired_pods{static=""}'), 2)
    assert.ok(after.get('kubelet_pod_worker_duration_seconds_count{operation_type="kill"}'))
  }))

test('pulls do not count where it is measured how soon a pod starts, but for its whole time', () =>
  withCluster(async cluster => {
    const node = cluster.node()
    const { pullImage, imageStatus } = node.runtime
    let isThere = false
    node.runtime.imageStatus = async image => (isThere ? imageStatus(image) : undefined)
    node.runtime.pullImage = async (image, auth) => {
      await new Promise<void>(resolve => cluster.clock.after(30_000, resolve))
      isThere = true
      return pullImage(image, auth)
    }
    const kubelet = await cluster.kubelet(node)
    await cluster.createPod('web', { containers: [{ name: 'c', image: 'i' }] })
    await cluster.clock.advance(60_000)
    const figures = await told(kubelet)
    const sum = (name: string) => figures.get(`kubelet_pod_start_${name}duration_seconds_sum`) ?? 0
    assert.ok(sum('total_') >= 30 && sum('total_') < 35, String(sum('total_')))
    assert.ok(sum('sli_') < 5, String(sum('sli_')))
    const pulled = [...figures.keys()].filter(key => key.startsWith('kubelet_image_pull_duration'))
    assert.ok(pulled.length > 0)
  }))

test('what fails is counted by why, and calls of the runtime that fail', () =>
  withCluster(async cluster => {
    const node = cluster.node({ isMissing: () => true })
    const { runPodSandbox } = node.runtime
    let fails = true
    node.runtime.runPodSandbox = async (config, handler) => {
      if (fails) throw new Error('no room')
      return runPodSandbox(config, handler)
    }
    const kubelet = await cluster.kubelet(node)
    await cluster.createPod('ill', {
      containers: [{ name: 'c', image: 'i', imagePullPolicy: 'Never' }],
    })
    await rest()
    fails = false
    await cluster.clock.advance(5_000)
    const figures = await told(kubelet)
    assert.equal(figures.get('kubelet_started_pods_errors_total'), 1)
    assert.equal(figures.get('kubelet_run_podsandbox_errors_total{runtime_handler=""}'), 1)
    assert.equal(
      figures.get('kubelet_runtime_operations_errors_total{operation_type="run_podsandbox"}'),
      1,
    )
    const errors = 'kubelet_started_containers_errors_total'
    const labels = '{code="ErrImageNeverPull",container_type="container"}'
    assert.ok((figures.get(`${errors}${labels}`) ?? 0) >= 1)
  }))

test('requests are counted by the first part of their path; a health check is told of once it was made', () =>
  withCluster(async cluster => {
    const kubelet = await cluster.kubelet(cluster.node())
    const ask = (path: string) => kubelet.transport.request({ method: 'GET', path })
    assert.equal((await told(kubelet, '/metrics/slis')).size, 0)
    for (const path of ['/healthz', '/healthz/ping', '/pods', '/anything/a', '/anything/b'])
      await ask(path)
    assert.equal((await ask('/healthz/none')).status, 404)
    const figures = await told(kubelet)
    const count = (path: string) =>
      figures.get(
        `kubelet_http_requests_total{long_running="false",method="GET",path="${path}",server_type="readwrite"}`,
      )
    assert.deepEqual(
      ['healthz', 'pods', 'other', 'metrics'].map(count),
      [3, 1, 3, 1],
      'the figures are among what others ask for',
    )
    const checks = await told(kubelet, '/metrics/slis')
    assert.equal(checks.get('kubernetes_healthcheck{name="ping",type="healthz"}'), 1)
    assert.equal(
      checks.get('kubernetes_healthchecks_total{name="ping",status="success",type="healthz"}'),
      2,
    )
  }))
