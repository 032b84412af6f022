import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rest } from '../testing/hollow-cluster.ts'
import { withCluster } from '../testing/pod-views.ts'

/** Two containers, one of them probed, ten seconds after they started. */
async function told(
  work: (read: (path: string) => Promise<{ status: number; text: string }>) => Promise<void>,
) {
  await withCluster(async cluster => {
    const kubelet = await cluster.kubelet(cluster.node())
    const probe = { httpGet: { path: '/', port: 80 }, periodSeconds: 1 }
    await cluster.createPod('web', {
      containers: [
        {
          name: 'main',
          image: 'web',
          resources: { requests: { cpu: '2' } },
          readinessProbe: probe,
        },
        { name: 'side', image: 'web' },
      ],
    })
    await rest()
    await cluster.clock.advance(10_000)
    await work(async path => {
      const { status, body } = await kubelet.transport.request({ method: 'GET', path })
      return { status, text: body.kind === 'bytes' ? Buffer.from(body.bytes).toString() : '' }
    })
  })
}

const sample = (text: string, series: string) =>
  Number(
    text
      .split('\n')
      .find(line => line.startsWith(`${series} `))
      ?.split(' ')[1],
  )

test('/metrics/resource tells containers, their pods and the node, in the order of the names', () =>
  told(async read => {
    const { text } = await read('/metrics/resource')
    const families = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name]) => name)
    assert.deepEqual(families, families.toSorted())
    for (const name of [
      'container_cpu_usage_seconds_total',
      'container_memory_working_set_bytes',
      'container_start_time_seconds',
      'node_cpu_usage_seconds_total',
      'node_memory_working_set_bytes',
      'node_swap_usage_bytes',
      'pod_cpu_usage_seconds_total',
      'pod_memory_working_set_bytes',
      'resource_scrape_error',
    ])
      assert.ok(families.includes(name), name)
    const labels = (container: string) => `{container="${container}",namespace="default",pod="web"}`
    const main = sample(text, `container_cpu_usage_seconds_total${labels('main')}`)
    const side = sample(text, `container_cpu_usage_seconds_total${labels('side')}`)
    const pod = sample(text, 'pod_cpu_usage_seconds_total{namespace="default",pod="web"}')
    assert.ok(Math.abs(main - 2) < 0.1, `a fifth of a core for ten seconds, not ${main}`)
    assert.ok(Math.abs(pod - main - side) < 1e-6)
    assert.ok(sample(text, 'node_cpu_usage_seconds_total') > pod)
    assert.equal(sample(text, 'resource_scrape_error'), 0)
    // Samples say when they were taken, but for the start, which is a time itself.
    assert.match(text, /^container_memory_working_set_bytes\{.*\} \d+ \d{13}$/m)
    assert.match(text, /^container_start_time_seconds\{.*\} [\d.]+$/m)
  }))

test('/metrics/cadvisor and /metrics/probes tell of the same containers, other paths are nobody’s', () =>
  told(async read => {
    const { text } = await read('/metrics/cadvisor')
    assert.match(
      text,
      /^container_cpu_usage_seconds_total\{container="main",cpu="total",id="\/\w+",image="web",name="\w+",namespace="default",pod="web"\} /m,
    )
    assert.match(text, /^machine_cpu_cores\{.*\} \d+$/m)
    const probes = (await read('/metrics/probes')).text
    const [, count] =
      /^prober_probe_total\{container="main",namespace="default",pod="web",pod_uid="[^"]+",probe_type="Readiness",result="successful"\} (\d+)$/m.exec(
        probes,
      ) ?? []
    assert.ok(Number(count) >= 9, probes)
    assert.equal((await read('/metrics/none')).status, 404)
    assert.equal((await read('/metrics/resource/more')).status, 404)
  }))

test('/stats/summary tells of the whole machine, not of its pods alone', () =>
  told(async read => {
    const { node, pods } = JSON.parse((await read('/stats/summary')).text)
    assert.ok(node.cpu.usageCoreNanoSeconds > pods[0].cpu.usageCoreNanoSeconds)
    assert.ok(node.memory.workingSetBytes > pods[0].memory.workingSetBytes)
    assert.ok(node.memory.availableBytes > 0)
    assert.ok(Date.parse(node.startTime) < Date.parse(node.cpu.time))
  }))
