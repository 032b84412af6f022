import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { pod } from '#api/core/v1/pod/pod.ts'
import { silentLog } from '#base/log.ts'
import { systemClock } from '#host/clock.ts'
import { systemRandom } from '#host/random.ts'
import { startTestCluster } from '../controllers/testing/test-cluster.ts'
import { startConfiguredScheduler } from './configured-scheduler.ts'

test('an extender comes from the file: it is asked about its pods alone, and its resources are its own affair', async () => {
  const asked: string[] = []
  const server = createServer(async (request, reply) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const { Pod, NodeNames } = JSON.parse(Buffer.concat(chunks).toString())
    asked.push(Pod.metadata.name)
    reply.end(JSON.stringify({ NodeNames: NodeNames.filter((name: string) => name === 'second') }))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const directory = mkdtempSync(join(tmpdir(), 'proa-extender-'))
  const file = join(directory, 'scheduler.yaml')
  writeFileSync(
    file,
    `
apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
leaderElection: {leaderElect: false}
extenders:
  - urlPrefix: http://127.0.0.1:${(server.address() as AddressInfo).port}
    filterVerb: filter
    httpTimeout: 2s
    nodeCacheCapable: true
    managedResources: [{name: example.com/seat, ignoredByScheduler: true}]
`,
  )
  await using cluster = await startTestCluster({ scheduler: false, runPods: false })
  const { client, informers } = cluster
  const context = { client, informers, clock: systemClock, random: systemRandom, log: silentLog }
  const scheduler = await startConfiguredScheduler(context, { config: file })
  try {
    await cluster.addNodes(['first', 'second'])
    const create = (name: string, resources: object) =>
      client.create(pod, {
        metadata: { name, namespace: 'default' },
        spec: { containers: [{ name: 'c', image: 'i', resources }] },
      } as never)
    await create('plain', {})
    await create('seated', { limits: { 'example.com/seat': '1' } })
    const nodeOf = (name: string) => informers.for(pod).get(`default/${name}`)?.spec.nodeName
    await cluster.until('the plain one', () => nodeOf('plain'))
    await cluster.until('the seated one', () => nodeOf('seated') === 'second')
    assert.deepEqual([...new Set(asked)], ['seated'])
  } finally {
    await scheduler.stop()
    server.closeAllConnections()
    server.close()
    rmSync(directory, { recursive: true })
  }
})
