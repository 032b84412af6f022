import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { HostAccess } from '../host-access.ts'
import { TERMINATION_MESSAGE_PATH } from '../labels.ts'
import type { ContainerStatus } from '../runtime.ts'
import { terminationMessage } from './termination.ts'

test('the runtime tells why a container did not start, and the container what it has to say', async () => {
  const told = (message: string, file: string) =>
    terminationMessage(
      {
        ...{ message, exitCode: 1, logPath: '' },
        annotations: { [TERMINATION_MESSAGE_PATH]: '/said' },
        mounts: [{ containerPath: '/said', hostPath: '/host/said' }],
      } as unknown as ContainerStatus,
      { files: { read: async () => new TextEncoder().encode(file) } } as unknown as HostAccess,
    )
  assert.equal(await told('no such program', ''), 'no such program')
  assert.equal(await told('', 'bye'), 'bye')
  assert.equal(await told('killed', 'bye'), 'killed: bye')
})
