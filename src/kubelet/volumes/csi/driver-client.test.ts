import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { Server, ServerCredentials, type ServiceDefinition, status } from '@grpc/grpc-js'
import { createFigureBook, figuresText } from '#base/figures.ts'
import { createManualClock } from '#client/testing/manual-clock.ts'
import { csiOperations } from '../storage-figures.ts'
import { CsiError, isFinal } from './csi-error.ts'
import { connectDriver } from './driver-client.ts'

const directory = mkdtempSync(join(tmpdir(), 'proa-driver-'))
after(() => rmSync(directory, { recursive: true, force: true }))

const raw = (method: string) => ({
  path: `/csi.v1.Node/${method}`,
  ...{ requestStream: false, responseStream: false },
  requestSerialize: (bytes: Buffer) => bytes,
  requestDeserialize: (bytes: Buffer) => bytes,
  responseSerialize: (bytes: Buffer) => bytes,
  responseDeserialize: (bytes: Buffer) => bytes,
})
type Reply = (error: object | null, bytes?: Buffer) => void

test('asks a driver in the words of CSI, tells its errors as upstream does, and counts', async () => {
  const endpoint = join(directory, 'csi.sock')
  const asked: string[] = []
  const server = new Server()
  server.addService(
    {
      info: raw('NodeGetInfo'),
      capabilities: raw('NodeGetCapabilities'),
      unpublish: raw('NodeUnpublishVolume'),
    } as ServiceDefinition,
    {
      // node_id "n", max_volumes_per_node 9
      info: (_: unknown, reply: Reply) => reply(null, Buffer.from('0a016e1009', 'hex')),
      // two capabilities, each { rpc: { type } }: 1 and 3
      capabilities: (_: unknown, reply: Reply) =>
        reply(null, Buffer.from('0a040a0208010a040a020803', 'hex')),
      unpublish: ({ request }: { request: Buffer }, reply: Reply) => {
        asked.push(request.toString('latin1'))
        reply({ code: status.ABORTED, details: 'at it' })
      },
    },
  )
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(`unix://${endpoint}`, ServerCredentials.createInsecure(), error =>
      error ? reject(error) : resolve(),
    )
  })
  const figures = createFigureBook()
  const clock = createManualClock()
  const driver = connectDriver({
    ...{ name: 'd', endpoint, clock },
    operations: csiOperations(figures),
  })
  try {
    const { nodeId, maxVolumesPerNode } = await driver.getInfo()
    assert.deepEqual([nodeId, maxVolumesPerNode], ['n', 9])
    assert.deepEqual([...(await driver.getCapabilities())], [1, 3])
    await assert.rejects(
      driver.unpublish({ volumeId: 'v', targetPath: '/t' }),
      new CsiError('Aborted', 'at it'),
    )
    assert.deepEqual(asked, ['\n\x01v\x12\x02/t'])
  } finally {
    driver.close()
    server.forceShutdown()
  }
  const text = figuresText([figures.source])
  for (const [method, code] of [
    ['NodeGetInfo', 'OK'],
    ['NodeUnpublishVolume', 'Aborted'],
  ])
    assert.ok(
      text.includes(
        `csi_operations_seconds_count{driver_name="d",method_name="/csi.v1.Node/${method}",grpc_status_code="${code}",migrated="false"} 1`,
      ),
    )
})

test('only some refusals say for sure that nothing was done', () => {
  for (const code of ['InvalidArgument', 'Internal', 'NotFound'])
    assert.equal(isFinal(new CsiError(code, '')), true)
  for (const code of ['DeadlineExceeded', 'Unavailable', 'Aborted'])
    assert.equal(isFinal(new CsiError(code, '')), false)
  assert.equal(isFinal(new Error('of our own')), false)
})
