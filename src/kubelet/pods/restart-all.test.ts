import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '../pod-types.ts'
import type { ContainerStatus, SandboxStatus } from '../runtime.ts'
import type { ObservedPod } from './observed-pod.ts'
import { askedBy, wasRestartingAll } from './restart-all.ts'

const rules = (...actions: string[]) =>
  actions.map(action => ({ action, exitCodes: { operator: 'In', values: [88] } }))
const podOf = (restartPolicyRules: object[], status: object = {}) =>
  ({
    metadata: { name: 'p', uid: 'u' },
    spec: {
      containers: [{ name: 'a', restartPolicy: 'Never', restartPolicyRules }, { name: 'b' }],
    },
    status,
  }) as unknown as Pod
const all = podOf(rules('RestartAllContainers'))

const run = (name: string, more: Partial<ContainerStatus>) =>
  ({ name, sandboxId: 's', state: 'exited', exitCode: 88, ...more }) as ContainerStatus
const observe = (...containers: ContainerStatus[]) =>
  ({
    uid: 'u',
    sandboxes: [{ id: 's', ready: true } as SandboxStatus],
    containers,
  }) as unknown as ObservedPod

test('the newest end in the present sandbox asks for it, by the first rule that speaks of it', () => {
  assert.equal(askedBy(all, observe(run('a', {})))?.container.name, 'a')
  assert.equal(askedBy(all, observe(run('a', { exitCode: 1 }))), undefined)
  assert.equal(askedBy(all, observe(run('b', {}))), undefined, 'another container')
  assert.equal(askedBy(all, observe(run('a', { sandboxId: 'former' }))), undefined)
  const again = observe(run('a', { state: 'running' }), run('a', {}))
  assert.equal(askedBy(all, again), undefined, 'it runs again')
  assert.equal(
    askedBy(podOf(rules('Restart', 'RestartAllContainers')), observe(run('a', {}))),
    undefined,
  )
  assert.ok(askedBy(podOf(rules('RestartAllContainers', 'Restart')), observe(run('a', {}))))
})

test('the condition counts for pods that may have it alone', () => {
  const conditions = (status: string) => ({
    conditions: [{ type: 'AllContainersRestarting', status }],
  })
  assert.equal(wasRestartingAll(podOf(rules('RestartAllContainers'), conditions('True'))), true)
  assert.equal(wasRestartingAll(podOf(rules('RestartAllContainers'), conditions('False'))), false)
  assert.equal(wasRestartingAll(podOf(rules('Restart'), conditions('True'))), false)
})
