import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ContainerConfig, Mount, SandboxConfig } from '../runtime.ts'
import { toContainer, toSandbox } from './configs.ts'
import { containerConfig, sandboxConfig, statusResponse } from './messages.ts'
import { fromRuntimeStatus } from './results.ts'

const sandbox: SandboxConfig = {
  ...{ name: 'a', namespace: 'b', uid: 'c', attempt: 0, hostname: 'a', logDirectory: '/logs' },
  ...{ portMappings: [], labels: {}, annotations: {}, cgroupParent: '', sysctls: {} },
  ...{ hostNetwork: false, hostPid: false, hostIpc: false, shareProcessNamespace: false },
  securityContext: {},
}
const mount: Mount = {
  ...{ hostPath: '/on-host', containerPath: '/in', readOnly: true, propagation: 'private' },
}
const container: ContainerConfig = {
  ...{ name: 'c', attempt: 0, imageId: 'sha256:1', image: 'i', workingDir: '', logPath: 'c/0.log' },
  ...{ command: [], args: [], env: [], devices: [], labels: {}, annotations: {}, mounts: [mount] },
  ...{ stdin: false, stdinOnce: false, tty: false, resources: {}, securityContext: {} },
}
const containerOf = (more: Partial<ContainerConfig>, pod: SandboxConfig = sandbox) =>
  containerConfig.decode(containerConfig.encode(toContainer({ ...container, ...more }, pod)))

test('a pod with its own users tells them of itself, of its containers and of all their mounts', () => {
  const pod = { ...sandbox, ids: { hostId: 4_294_836_224, length: 65_536 } }
  const mappings = [{ hostId: 4_294_836_224, containerId: 0, length: 65_536 }]
  const users = { mode: 0, uids: mappings, gids: mappings }
  const sent = sandboxConfig.decode(sandboxConfig.encode(toSandbox(pod)))
  assert.deepEqual(sent.linux?.securityContext?.namespaceOptions?.users, users)
  const { linux, mounts } = containerOf({}, pod)
  assert.deepEqual(linux?.securityContext?.namespaceOptions?.users, users)
  assert.deepEqual(mounts[0]?.uidMappings, mappings)
  assert.deepEqual(mounts[0]?.gidMappings, mappings)
})

test('others share the node’s', () => {
  const { linux, mounts } = containerOf({})
  assert.equal(linux?.securityContext?.namespaceOptions?.users, undefined)
  assert.deepEqual(mounts[0]?.uidMappings, [])
  assert.equal(mounts[0]?.recursiveReadOnly, false)
  assert.equal(mounts[0]?.image, undefined)
})

test('images as mounts, recursive ones, strict groups, and the signal to stop with', () => {
  const image = { id: 'sha256:2', subPath: 'a/b' }
  const { mounts, linux, stopSignal } = containerOf({
    mounts: [{ ...mount, image, recursiveReadOnly: true }],
    securityContext: { strictGroups: true },
    stopSignal: 'SIGUSR1',
  })
  assert.deepEqual(mounts[0]?.image, { image: 'sha256:2' })
  assert.equal(mounts[0]?.imageSubPath, 'a/b')
  assert.equal(mounts[0]?.hostPath, '')
  assert.equal(mounts[0]?.recursiveReadOnly, true)
  assert.equal(linux?.securityContext?.supplementalGroupsPolicy, 1)
  // As kubernetes/cri-api numbers it.
  assert.equal(stopSignal, 29)
})

test('what a runtime can do is told by new ones alone', () => {
  const answer = (more: object) =>
    fromRuntimeStatus(statusResponse.decode(statusResponse.encode(more)))
  const conditions = [{ type: 'RuntimeReady', status: true }]
  assert.deepEqual(answer({ status: { conditions } }), {
    ...{ runtimeReady: true, networkReady: false, message: '' },
  })
  const features = { recursiveReadOnlyMounts: true, userNamespaces: true }
  const told = answer({
    status: { conditions },
    runtimeHandlers: [{ name: 'runc', features }, { name: '', features }, { name: 'old' }],
    features: { supplementalGroupsPolicy: true },
  })
  assert.deepEqual(told.handlers, [
    { name: '', ...features },
    { name: 'old', recursiveReadOnlyMounts: false, userNamespaces: false },
    { name: 'runc', ...features },
  ])
  assert.equal(told.supplementalGroupsPolicy, true)
})
