import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AnyContainer } from '../pod-types.ts'
import { type HookTools, runHook } from './lifecycle.ts'

test('upstream’s words for a hook that fails', async () => {
  const said = (execSync: () => Promise<object>) =>
    runHook(
      { exec: { command: ['fail', 'x'] } },
      { container: { name: 'c' } as AnyContainer, containerId: '1', podIp: '', pod: 'p_d(u)' },
      { runtime: { execSync } } as unknown as HookTools,
      0,
    ).then(
      () => 'nothing',
      (error: Error) => error.message,
    )
  const bytes = (text: string) => new TextEncoder().encode(text)
  const begin = 'Exec lifecycle hook ([fail x]) for Container "c" in Pod "p_d(u)" failed - error: '
  const result = { exitCode: 7, stdout: bytes('out'), stderr: bytes('') }
  assert.equal(
    await said(async () => result),
    `${begin}command 'fail x' exited with 7: , message: "out"`,
  )
  const away = () => Promise.reject(new Error('containerd is away'))
  assert.equal(await said(away), `${begin}containerd is away, message: ""`)
  assert.equal(await said(async () => ({ ...result, exitCode: 0 })), 'nothing')
})
