import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TLSSocket } from 'node:tls'
import { systemClock } from '../../host/clock.ts'
import { becomes, conditionOf, eventually, NAME, ROOT, registered, simple } from './testing.ts'

const PATH = `${ROOT}/namespaces/default/flunders`

test('requests share connections, which end when the APIService or its endpoints change', async () => {
  await using extension = await simple()
  const sockets: TLSSocket[] = []
  extension.server.on('secureConnection', socket => void sockets.push(socket))
  await using front = await registered(extension, systemClock)
  await becomes(front, 'Passed')
  const isOver = (some: readonly TLSSocket[]) =>
    some.every(socket => socket.destroyed || socket.readableEnded)
  const ask = async () => {
    // What learns of the extension takes turns with it, and may be dropped by the change before.
    await eventually(async () => (await front.read('GET', PATH)).status === 200)
    const before = sockets.length
    for (let i = 0; i < 10; i++) assert.equal((await front.read('GET', PATH)).status, 200)
    // The availability check may be at work beside.
    assert.ok(sockets.length - before <= 2, `${sockets.length - before} for ten requests`)
    return [...sockets]
  }
  const first = await ask()
  const moved = await front.ask(
    'PATCH',
    '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/extension-1',
    { endpoints: [{ addresses: ['192.0.2.8'] }] },
    { headers: { 'content-type': 'application/merge-patch+json' } },
  )
  assert.equal(moved.status, 200)
  await eventually(() => isOver(first))
  const second = await ask()
  const changed = await front.ask(
    'PATCH',
    `/apis/apiregistration.k8s.io/v1/apiservices/${NAME}`,
    { spec: { versionPriority: 16 } },
    { headers: { 'content-type': 'application/merge-patch+json' } },
  )
  assert.equal(changed.status, 200)
  await eventually(() => isOver(second))
  assert.equal((await conditionOf(front)).status, 'True')
  await ask()
})
