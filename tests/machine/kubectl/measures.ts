/** How long people wait. Limits are far above what a quiet machine needs: they catch waits, not slow machines, and the best of three counts. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { busyboxImage } from '../../tools/busybox-image.ts'
import { type Bench, memoryOf } from './bench.ts'

/** How often something is done at most. A wait that the code has is there each time, one for other processes is not. */
const TRIES = 3

export function measures(bench: Bench): void {
  const { kubectl } = bench
  /** `act` makes something and resolves with how it is taken away again, which is not measured. */
  const timed = async (what: string, limitMs: number, act: () => Promise<() => Promise<void>>) => {
    for (let tries = 1; ; tries++) {
      const from = performance.now()
      const undo = await act()
      const ms = Math.round(performance.now() - from)
      console.log(`# ${what}: ${ms} ms`)
      await undo()
      if (ms < limitMs) return
      assert.ok(tries < TRIES, `${what}: ${ms} ms`)
    }
  }

  test('one pod is ready soon, and so are twenty', async () => {
    const command = ['--command', '--', 'sleep', '1000']
    await timed('kubectl run until Ready', 15_000, async () => {
      await kubectl.run(['run', 'soon', `--image=${busyboxImage}`, ...command])
      await bench.ready('soon')
      return () => bench.delete('soon')
    })
    await timed('a Deployment of 20 rolled out', 60_000, async () => {
      const words = ['create', 'deployment', 'twenty', `--image=${busyboxImage}`, '--replicas=20']
      await kubectl.run([...words, '--', 'sleep', '1000'])
      await kubectl.run('rollout status deployment/twenty --timeout=150s')
      return async () => {
        console.log(`# memory with 20 pods: ${memoryOf(bench.proa.processId)} MiB`)
        await kubectl.run('delete deployment twenty')
        await kubectl.run('delete pod -l app=twenty --now --wait')
      }
    })
  })
}
