import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { Server, ServerCredentials, type ServiceDefinition } from '@grpc/grpc-js'
import { createManualClock } from '#client/testing/manual-clock.ts'
import { registrationClient } from './registration-client.ts'

const directory = mkdtempSync(join(tmpdir(), 'proa-registration-'))
after(() => rmSync(directory, { recursive: true, force: true }))

/** Bytes as they are: what is sent is compared with what the protocol's own field numbers make. */
const raw = (path: string) => ({
  path,
  requestStream: false,
  responseStream: false,
  requestSerialize: (bytes: Buffer) => bytes,
  requestDeserialize: (bytes: Buffer) => bytes,
  responseSerialize: (bytes: Buffer) => bytes,
  responseDeserialize: (bytes: Buffer) => bytes,
})
const field = (number: number, text: string) =>
  Buffer.concat([Buffer.from([number * 8 + 2, text.length]), Buffer.from(text)])

test('asks a gRPC server what it is, and tells it what came of it', async () => {
  const socketPath = join(directory, 'plugin.sock')
  const notes: string[] = []
  const server = new Server()
  server.addService(
    {
      getInfo: raw('/pluginregistration.Registration/GetInfo'),
      notify: raw('/pluginregistration.Registration/NotifyRegistrationStatus'),
    } as ServiceDefinition,
    {
      getInfo: (_: unknown, answer: (error: null, bytes: Buffer) => void) =>
        answer(
          null,
          Buffer.concat([
            field(1, 'CSIPlugin'),
            field(2, 'hostpath.csi.k8s.io'),
            field(3, '/csi/csi.sock'),
            field(4, '1.0.0'),
            field(4, '1.1.0'),
          ]),
        ),
      notify: ({ request }: { request: Buffer }, answer: (error: null, bytes: Buffer) => void) => {
        notes.push(request.toString('latin1'))
        answer(null, Buffer.alloc(0))
      },
    },
  )
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(`unix://${socketPath}`, ServerCredentials.createInsecure(), error =>
      error ? reject(error) : resolve(),
    )
  })
  const client = registrationClient(createManualClock())
  try {
    assert.deepEqual(await client.getInfo(socketPath), {
      type: 'CSIPlugin',
      name: 'hostpath.csi.k8s.io',
      endpoint: '/csi/csi.sock',
      supportedVersions: ['1.0.0', '1.1.0'],
    })
    await client.notify(socketPath)
    await client.notify(socketPath, 'no')
    assert.deepEqual(notes, ['\x08\x01', '\x12\x02no'])
  } finally {
    server.forceShutdown()
  }
  await assert.rejects(
    client.getInfo(join(directory, 'nobody.sock')),
    /the plugin can not be reached/,
  )
})
