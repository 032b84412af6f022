import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseCommandLine } from './cli.ts'

const read = (...words: string[]) =>
  parseCommandLine(['kubelet', ...words])?.values as never as Record<string, unknown>

test('how a machine is divided, in upstream’s notation', () => {
  const values = read(
    ...['--cpu-manager-policy=static', '--cpu-manager-policy-options', 'full-pcpus-only=true'],
    ...['--memory-manager-policy', 'Static', '--topology-manager-policy', 'single-numa-node'],
    ...['--reserved-memory', '0:memory=1Gi,hugepages-2Mi=4Mi;1:memory=1Mi'],
    ...['--system-reserved', 'cpu=500m,memory=1Gi', '--kube-reserved', 'cpu=1'],
    ...['--reserved-cpus', '0-1'],
  )
  assert.equal(values.cpuManagerPolicy, 'static')
  assert.deepEqual(values.cpuManagerPolicyOptions, new Map([['full-pcpus-only', true]]))
  assert.equal(values.topologyManagerScope, 'container')
  assert.deepEqual(
    values.reservedMemory,
    new Map([
      [0, { memory: 2 ** 30, 'hugepages-2Mi': 2 ** 22 }],
      [1, { memory: 2 ** 20 }],
    ]),
  )
  assert.deepEqual(
    values.systemReserved,
    new Map([
      ['cpu', '500m'],
      ['memory', '1Gi'],
    ]),
  )
})

test('what makes no sense is refused in one sentence', () => {
  for (const [words, message] of [
    [['--cpu-manager-policy', 'some'], /--cpu-manager-policy wants none, static, not "some"/],
    [['--memory-manager-policy', 'static'], /--memory-manager-policy wants None, Static/],
    [['--cpu-manager-policy-options', 'full-pcpus-only'], /wants NAME=true/],
    [['--system-reserved', 'cpu'], /--system-reserved wants NAME=QUANTITY/],
    [['--kube-reserved', 'pods=3'], /--kube-reserved wants NAME=QUANTITY with cpu, memory/],
    [['--reserved-memory', 'memory=1Gi'], /--reserved-memory wants NODE:NAME=QUANTITY/],
    [['--reserved-memory', '0:memory=1Gi;0:memory=1Gi'], /names memory node 0 twice/],
    [['--reserved-memory', '0:cpu=1'], /--reserved-memory wants NODE:NAME=QUANTITY/],
  ] as const)
    assert.throws(() => read(...words), { name: 'UserError', message })
})
