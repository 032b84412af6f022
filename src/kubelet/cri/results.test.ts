import assert from 'node:assert/strict'
import { test } from 'node:test'
import { podSandboxStatusResponse } from './messages.ts'
import { fromSandboxStatus } from './results.ts'

test('whose users and groups a sandbox has is told where it has its own', () => {
  const told = (options: object) => {
    const sent = podSandboxStatusResponse.encode({
      status: { id: 's', linux: { namespaces: { options } } },
    } as never)
    const { status } = podSandboxStatusResponse.decode(sent)
    return status && fromSandboxStatus(status).ids
  }
  const mappings = [{ hostId: 65_536, containerId: 0, length: 65_536 }]
  assert.deepEqual(told({ users: { mode: 0, uids: mappings, gids: mappings } }), {
    hostId: 65_536,
    length: 65_536,
  })
  assert.equal(told({ users: { mode: 2 } }), undefined)
  assert.equal(told({}), undefined)
})
