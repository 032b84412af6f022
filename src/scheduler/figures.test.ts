import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pod } from '#api/core/v1/pod/pod.ts'
import { createFigureBook, figuresText } from '#base/figures.ts'
import { silentLog } from '#base/log.ts'
import { systemClock } from '#host/clock.ts'
import { systemRandom } from '#host/random.ts'
import { startTestCluster } from '../controllers/testing/test-cluster.ts'
import { startScheduler } from './scheduler.ts'

test('what is counted has upstream’s names', async () => {
  await using cluster = await startTestCluster({ scheduler: false, runPods: false })
  const { client, informers } = cluster
  const book = createFigureBook()
  // The lot falls on every attempt: all are measured.
  const random = { ...systemRandom, integer: () => 0 }
  const scheduler = startScheduler(
    { client, informers, clock: systemClock, random, log: silentLog },
    { figures: book },
  )
  try {
    await cluster.addNodes(['n1'], { cpu: '1' })
    const create = (name: string, cpu: string, gates: object[] = []) =>
      client.create(pod, {
        metadata: { name, namespace: 'default' },
        spec: {
          schedulingGates: gates,
          containers: [{ name: 'c', image: 'i', resources: { requests: { cpu } } }],
        },
      } as never)
    await create('small', '100m')
    await create('large', '5')
    await create('gated', '100m', [{ name: 'example.com/wait' }])
    await cluster.until('both were tried', () => {
      const { scheduled, unschedulable } = scheduler.counts
      return scheduled === 1 && unschedulable >= 1
    })
    await cluster.until('the gated pod is seen', () =>
      figuresText([book.source]).includes('queue="gated"} 1'),
    )
    // A new node is tainted for a moment, so an attempt may be in vain first.
    const lines = [
      /^scheduler_schedule_attempts_total\{result="scheduled",profile="default-scheduler"\} 1$/m,
      /^scheduler_schedule_attempts_total\{result="unschedulable",profile="default-scheduler"\} \d/m,
      /^scheduler_scheduling_attempt_duration_seconds_count\{result="scheduled",.*\} 1$/m,
      /^scheduler_scheduling_algorithm_duration_seconds_bucket\{le="0.001"\} \d/m,
      /^scheduler_pod_scheduling_attempts_count 1$/m,
      /^scheduler_pod_scheduling_sli_duration_seconds_count\{attempts="\d"\} 1$/m,
      /^scheduler_pending_pods\{queue="unschedulable"\} 1$/m,
      /^scheduler_queue_incoming_pods_total\{queue="active",event="PodAdd"\} 2$/m,
      /^scheduler_cache_size\{type="nodes"\} 1$/m,
      /^scheduler_unschedulable_pods\{plugin="NodeResourcesFit",profile="default-scheduler"\} 1$/m,
      /^scheduler_preemption_attempts_total \d/m,
      ...['PreFilter', 'Filter', 'PostFilter', 'Reserve', 'Permit', 'PreBind', 'Bind'].map(
        point =>
          new RegExp(
            `^scheduler_framework_extension_point_duration_seconds_count\\{extension_point="${point}",status="\\w+",profile="default-scheduler"\\} \\d`,
            'm',
          ),
      ),
      /^scheduler_plugin_execution_duration_seconds_count\{plugin="NodeResourcesFit",extension_point="Filter",status="Unschedulable\w*"\} \d/m,
      /^scheduler_plugin_execution_duration_seconds_count\{plugin="DefaultBinder",extension_point="Bind",status="Success"\} 1$/m,
      /^scheduler_preemption_victims_count 0$/m,
    ]
    const missing = () => {
      const text = figuresText([book.source, () => scheduler.figuresBeside()])
      return lines.filter(line => !line.test(text)).map(String)
    }
    await cluster.until('all figures', () => missing().length === 0).catch(() => {})
    assert.deepEqual(missing(), [])
  } finally {
    await scheduler.stop()
  }
})
