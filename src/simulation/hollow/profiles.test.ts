/** Where a kubelet answers for profiles of its process, and where it does not. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pprof } from '#client/serving/pprof.ts'
import type { KubeletOptions } from '#kubelet'
import { withCluster } from '../testing/pod-views.ts'

async function answersOf(paths: readonly string[], options: Partial<KubeletOptions>) {
  const told: string[] = []
  await withCluster(async cluster => {
    const { transport } = await cluster.kubelet(cluster.node(), options)
    for (const path of paths) {
      const { status, body } = await transport.request({ method: 'GET', path })
      assert.ok(body.kind === 'bytes')
      told.push(`${status} ${Buffer.from(body.bytes)}`.trim())
    }
  })
  return told
}

const pprof: Pprof = async ({ path, query }) => ({
  ...{ status: 200, headers: {} },
  body: { kind: 'bytes', bytes: Buffer.from(`${path} ${query}`) },
})

test('profiles are found where upstream has them, unless the configuration has none', async () => {
  const paths = ['/debug/pprof', '/debug/pprof/', '/debug/pprof/heap?seconds=1', '/debug/flags/v']
  const nowhere = '404 404 page not found'
  assert.deepEqual(await answersOf(paths, { pprof }), [
    '200',
    '200 /',
    '200 /heap seconds=1',
    nowhere,
  ])
  const refused = '405 profiling endpoint is disabled.'
  assert.deepEqual(await answersOf(paths.slice(1), { pprof, showsProfiles: false }), [
    refused,
    refused,
    nowhere,
  ])
  assert.deepEqual(await answersOf(paths.slice(0, 1), {}), [nowhere])
})
