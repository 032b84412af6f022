import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pointsIn } from './points.ts'

const TEXT = `# HELP container_cpu_usage_seconds_total [STABLE] Cumulative cpu time
# TYPE container_cpu_usage_seconds_total counter
container_cpu_usage_seconds_total{container="main",namespace="default",pod="web"} 4.709169 1689000000123
container_cpu_usage_seconds_total{container="proxy",namespace="default",pod="web"} 0.5
container_cpu_usage_seconds_total{container="main",namespace="kube-system",pod="web"} 1e-3 1689000000100
container_memory_working_set_bytes{container="main",namespace="default",pod="web"} 1.5360000e+07 1689000000123
container_memory_working_set_bytes{container="proxy",namespace="default",pod="web"} 4096
container_memory_working_set_bytes{container="main",namespace="kube-system",pod="web"} 8192 1689000000100
container_start_time_seconds{container="main",namespace="default",pod="web"} 1.688999e+09
container_swap_usage_bytes{container="main",namespace="default",pod="web"} 100 1689000000123
container_cpu_usage_seconds_totals{container="other",namespace="default",pod="web"} 3
node_cpu_usage_seconds_total 350.25 1689000000200
node_memory_working_set_bytes 1.5e+09 1689000000200
pod_cpu_usage_seconds_total{namespace="default",pod="web"} 5
scrape_error 0
`

test('a kubelet is understood, whichever way it writes numbers and times', () => {
  const { node, pods } = pointsIn(TEXT, 77)
  assert.deepEqual(node, {
    cpu: 350_250_000_000,
    memory: 1_500_000_000,
    swap: undefined,
    timeMs: 1_689_000_000_200,
  })
  assert.deepEqual(Object.fromEntries(pods), {
    'default/web': [
      {
        name: 'main',
        cpu: 4_709_169_000,
        memory: 15_360_000,
        swap: 100,
        timeMs: 1_689_000_000_123,
        startMs: 1_688_999_000_000,
      },
      { name: 'proxy', cpu: 500_000_000, memory: 4096, swap: undefined, timeMs: 77, startMs: 0 },
    ],
    'kube-system/web': [
      {
        name: 'main',
        cpu: 1_000_000,
        memory: 8192,
        swap: undefined,
        timeMs: 1_689_000_000_100,
        startMs: 0,
      },
    ],
  })
})

test('a pod of which something was not measured yet is left out, and so is such a node', () => {
  const labels = (container: string) => `{container="${container}",namespace="a",pod="b"}`
  const text = `node_cpu_usage_seconds_total 0 5
node_memory_working_set_bytes 100 5
container_cpu_usage_seconds_total${labels('one')} 1 5
container_memory_working_set_bytes${labels('one')} 100 5
container_cpu_usage_seconds_total${labels('two')} 1 5
`
  const { node, pods } = pointsIn(text, 77)
  assert.equal(node, undefined)
  assert.equal(pods.size, 0)
})

test('what is no exposition at all tells nothing', () => {
  for (const text of [
    '',
    '\n\n',
    '<html>node_cpu_usage_seconds_total 1</html>',
    'node_cpu_usage_seconds_total NaN',
  ])
    assert.deepEqual(pointsIn(text, 77), { node: undefined, pods: new Map() })
})
