/** Resources of running pods are changed: what the kernel's own files say, as the containers go on. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventually } from '../proa-process.ts'
import { type Bench, container, FOREVER, podOf, podRunning } from './bench.ts'

const MEBIBYTE = 1024 ** 2
const amounts = (cpu: string, memory: string) => ({ cpu, memory })
const having = (cpu: string, memory: string) => ({
  resources: { requests: amounts(cpu, memory), limits: amounts(cpu, memory) },
})

export function resizeCases(bench: Bench): void {
  const { kubectl } = bench
  const files = ['memory/memory.limit_in_bytes', 'cpu/cpu.shares', 'cpu/cpu.cfs_quota_us']
  const read = `cd /sys/fs/cgroup; cat ${files.join(' ')}`
  const cgroup = async (pod: string, name = 'c') =>
    (await kubectl.run(['exec', pod, '-c', name, '--', 'sh', '-c', read]))
      .split('\n')
      .filter(Boolean)
      .map(Number)
  const resize = (pod: string, list: string, ...containers: object[]) =>
    kubectl.run([
      'patch',
      'pod',
      pod,
      '--subresource=resize',
      '-p',
      JSON.stringify({ spec: { [list]: containers } }),
    ])
  const first = '.status.containerStatuses[0]'
  const condition = (type: string, of: string) => `.status.conditions[?(@.type=="${type}")].${of}`

  test('a running container grows and shrinks, and nobody starts anew', async () => {
    await bench.apply(podRunning('resize-here', FOREVER, having('100m', '32Mi')))
    await bench.ready('resize-here')
    assert.deepEqual(await cgroup('resize-here'), [32 * MEBIBYTE, 102, 10_000])
    for (const [cpu, memory, expected] of [
      ['200m', '64Mi', [64 * MEBIBYTE, 204, 20_000]],
      ['50m', '16Mi', [16 * MEBIBYTE, 51, 5_000]],
    ] as const) {
      await resize('resize-here', 'containers', { name: 'c', ...having(cpu, memory) })
      await bench.until('pod/resize-here', `${first}.resources.limits.memory`, memory)
      assert.deepEqual(await cgroup('resize-here'), expected)
      // Nor may it come to disks: memory and swap together have the same limit.
      const both = 'cat /sys/fs/cgroup/memory/memory.memsw.limit_in_bytes'
      const limit = await kubectl.run(['exec', 'resize-here', '--', 'sh', '-c', both])
      assert.equal(Number(limit), expected[0])
      assert.equal(await bench.field('pod resize-here', `${first}.resources.limits.cpu`), cpu)
      assert.equal(await bench.field('pod resize-here', `${first}.allocatedResources.cpu`), cpu)
    }
    assert.equal(await bench.field('pod resize-here', `${first}.restartCount`), '0')
    await eventually(async () => {
      const events = (await bench.events('resize-here')).map(event => event.split(':')[0])
      return events.filter(reason => reason === 'ResizeCompleted').length === 2
    })
    await bench.delete('resize-here')
  })

  test('a container starts anew where its policy wants it, a sidecar beside it goes on', async () => {
    const resizePolicy = [{ resourceName: 'memory', restartPolicy: 'RestartContainer' }]
    await bench.apply(
      podOf('resize-anew', {
        initContainers: [
          container('side', FOREVER, { restartPolicy: 'Always', ...having('100m', '16Mi') }),
        ],
        containers: [container('c', FOREVER, { resizePolicy, ...having('100m', '32Mi') })],
      }),
    )
    await bench.ready('resize-anew')
    await resize('resize-anew', 'containers', { name: 'c', ...having('100m', '64Mi') })
    await bench.until('pod/resize-anew', `${first}.restartCount`, '1')
    await bench.ready('resize-anew')
    assert.equal((await cgroup('resize-anew'))[0], 64 * MEBIBYTE)
    await resize('resize-anew', 'initContainers', { name: 'side', ...having('200m', '32Mi') })
    const side = '.status.initContainerStatuses[0]'
    await bench.until('pod/resize-anew', `${side}.resources.limits.memory`, '32Mi')
    assert.deepEqual(await cgroup('resize-anew', 'side'), [32 * MEBIBYTE, 204, 20_000])
    assert.equal(await bench.field('pod resize-anew', `${side}.restartCount`), '0')
    await bench.delete('resize-anew')
  })

  test('memory in use is not taken away, until it is given back', async () => {
    const fill =
      'x=$(head -c 20000000 /dev/zero | tr "\\0" a); trap "x=" USR1; while :; do sleep 0.2; done'
    await bench.apply(podRunning('resize-full', fill, having('500m', '96Mi')))
    await bench.ready('resize-full')
    // Held, not only passed through.
    await eventually(async () => {
      const usage = 'cat /sys/fs/cgroup/memory/memory.usage_in_bytes'
      return Number(await bench.says('resize-full', usage)) > 18 * MEBIBYTE
    })
    await resize('resize-full', 'containers', { name: 'c', ...having('500m', '8Mi') })
    const reason = condition('PodResizeInProgress', 'reason')
    await eventually(async () => (await bench.field('pod resize-full', reason)) === 'Error')
    assert.match(
      await bench.field('pod resize-full', condition('PodResizeInProgress', 'message')),
      /memory limit \(8388608\) below current usage/,
    )
    assert.equal((await cgroup('resize-full'))[0], 96 * MEBIBYTE)
    assert.equal(await bench.field('pod resize-full', `${first}.resources.limits.memory`), '96Mi')
    await resize('resize-full', 'containers', { name: 'c', ...having('500m', '96Mi') })
    await eventually(async () => (await bench.field('pod resize-full', reason)) === '')
    await bench.delete('resize-full')
  })
}
