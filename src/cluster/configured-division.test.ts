import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UserError } from '#base/errors.ts'
import { parseCommandLine } from '#cli'
import { type DivisionFields, dividedBy } from './configured-division.ts'

function valuesOf(...words: string[]) {
  const invocation = parseCommandLine(['kubelet', ...words])
  assert.ok(invocation?.name === 'kubelet')
  return invocation.values
}

const FIELDS: DivisionFields = {
  cpuManagerPolicy: 'static',
  cpuManagerPolicyOptions: { 'full-pcpus-only': 'true' },
  memoryManagerPolicy: 'Static',
  reservedMemory: [{ numaNode: 0, limits: { memory: '1Gi' } }],
  topologyManagerPolicy: 'restricted',
  topologyManagerScope: 'pod',
  reservedSystemCPUs: '0-1',
  systemReserved: { cpu: '500m', memory: '1Gi' },
  kubeReserved: { cpu: '100m' },
}

test('a file divides the machine as flags do', () => {
  assert.deepEqual(dividedBy(valuesOf(), FIELDS), {
    cpuManagerPolicy: 'static',
    cpuManagerPolicyOptions: new Map([['full-pcpus-only', true]]),
    memoryManagerPolicy: 'Static',
    reservedMemory: new Map([[0, { memory: 2 ** 30 }]]),
    topologyManagerPolicy: 'restricted',
    topologyManagerScope: 'pod',
    reservedCpus: '0-1',
    systemReserved: new Map([
      ['cpu', '500m'],
      ['memory', '1Gi'],
    ]),
    kubeReserved: new Map([['cpu', '100m']]),
  })
})

test('flags count more than a file, and what neither says is as it is', () => {
  const flags = ['--topology-manager-policy', 'best-effort', '--system-reserved', 'cpu=2']
  const divided = dividedBy(valuesOf(...flags), FIELDS)
  assert.equal(divided.topologyManagerPolicy, 'best-effort')
  assert.deepEqual(divided.systemReserved, new Map([['cpu', '2']]))
  assert.equal(divided.cpuManagerPolicy, 'static')
  assert.equal(dividedBy(valuesOf(), {}).cpuManagerPolicy, 'none')
})

const WRONG: readonly (readonly [DivisionFields, RegExp])[] = [
  [{ cpuManagerPolicy: 'all' }, /^invalid kubelet configuration: cpuManagerPolicy wants none/],
  [{ systemReserved: { cpu: 'x' } }, /^invalid kubelet configuration: systemReserved wants/],
  [{ kubeReserved: { cpu: '-1' } }, /^invalid kubelet configuration: kubeReserved wants/],
  [
    { reservedMemory: [{ numaNode: 0, limits: { cpu: '1' } }] },
    /^invalid kubelet configuration: reservedMemory wants/,
  ],
]
for (const [fields, message] of WRONG)
  test(`${JSON.stringify(fields)} is refused by the name of its field`, () => {
    assert.throws(
      () => dividedBy(valuesOf(), fields),
      (error: unknown) => error instanceof UserError && message.test(error.message),
    )
  })
