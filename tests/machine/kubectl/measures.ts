/** How long people wait. Limits are far above what a quiet machine needs: they catch waits, not slow machines. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { busyboxImage } from '../../tools/busybox-image.ts'
import { type Bench, memoryOf } from './bench.ts'

export function measures(bench: Bench): void {
  const { kubectl } = bench
  const timed = async (what: string, limitMs: number, act: () => Promise<unknown>) => {
    const from = performance.now()
    await act()
    const ms = Math.round(performance.now() - from)
    console.log(`# ${what}: ${ms} ms`)
    assert.ok(ms < limitMs, `${what}: ${ms} ms`)
  }

  test('one pod is ready soon, and so are twenty', async () => {
    const command = ['--command', '--', 'sleep', '1000']
    await timed('kubectl run until Ready', 15_000, async () => {
      await kubectl.run(['run', 'soon', `--image=${busyboxImage}`, ...command])
      await bench.ready('soon')
    })
    await timed('a Deployment of 20 rolled out', 60_000, async () => {
      const words = ['create', 'deployment', 'twenty', `--image=${busyboxImage}`, '--replicas=20']
      await kubectl.run([...words, '--', 'sleep', '1000'])
      await kubectl.run('rollout status deployment/twenty --timeout=60s', { timeoutMs: 65_000 })
    })
    console.log(`# memory with 21 pods: ${memoryOf(bench.proa.processId)} MiB`)
    await kubectl.run('delete deployment twenty')
    await kubectl.run('delete pod -l app=twenty --now --wait')
    await bench.delete('soon')
  })
}
