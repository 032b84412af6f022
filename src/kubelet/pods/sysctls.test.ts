import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '../pod-types.ts'
import { forbiddenSysctl } from './sysctls.ts'

const podWith = (name: string, more: object = {}) =>
  ({ spec: { securityContext: { sysctls: [{ name, value: '1' }] }, ...more } }) as unknown as Pod

test('what touches nobody else may be set, the rest where the node allows it', () => {
  const why = (name: string, unsafe: readonly string[] = []) =>
    forbiddenSysctl(podWith(name), unsafe)?.message
  assert.equal(forbiddenSysctl({ spec: {} } as Pod, []), undefined)
  assert.equal(why('kernel.shm_rmid_forced'), undefined)
  assert.equal(why('net/ipv4/tcp_syncookies'), undefined)
  assert.deepEqual(forbiddenSysctl(podWith('kernel.msgmax'), []), {
    reason: 'SysctlForbidden',
    message: 'forbidden sysctl: "kernel.msgmax" not allowlisted',
  })
  assert.equal(why('kernel.msgmax', ['kernel.msg*']), undefined)
  assert.equal(why('net.core.somaxconn', ['net.core.somaxconn']), undefined)
  assert.match(why('net.core.somaxconnections', ['net.core.somaxconn']) ?? '', /not allowlisted/)
})

test('what would be the node’s own is not a pod’s to set', () => {
  const why = (name: string, more: object) =>
    forbiddenSysctl(podWith(name, more), ['kernel.msg*'])?.message
  const network = { hostNetwork: true }
  assert.equal(
    why('net.ipv4.tcp_syncookies', network),
    'forbidden sysctl: "net.ipv4.tcp_syncookies" not allowed with host net enabled',
  )
  assert.equal(why('kernel.shm_rmid_forced', network), undefined)
  assert.equal(
    why('kernel.msgmax', { hostIPC: true }),
    'forbidden sysctl: "kernel.msgmax" not allowed with host ipc enabled',
  )
})
