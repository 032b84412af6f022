import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { NetworkPolicy } from '#api/networking/v1/network-policy.ts'
import { type Allowance, compilePolicy } from './allowance.ts'
import { policyChain } from './policy-chain.ts'
import { addressText, blockOf, mergePorts } from './ranges.ts'

const allowed = (...ingress: object[]): readonly Allowance[] =>
  compilePolicy({
    metadata: { namespace: 'one', name: 'p', resourceVersion: '1' },
    spec: { podSelector: {}, ingress },
  } as unknown as NetworkPolicy).ingress ?? []
const tcp = (port: number) => ({ protocol: 'TCP', port })
const app = (name: string) => ({ podSelector: { matchLabels: { app: name } } })
const shape = (...ingress: object[]) =>
  policyChain(allowed(...ingress), 'ingress', 4).rules.map(rule =>
    rule.replaceAll(/\/[0-9a-f]{24}/g, ''),
  )

test('nothing allowed is one rule, all allowed two', () => {
  assert.deepEqual(shape(), ['drop'])
  assert.deepEqual(shape({}), ['return', 'drop'])
})

test('a hundred policies about the same ports are one set of peers, about the same peers one set of ports', () => {
  const numbers = Array.from({ length: 100 }, (_, number) => number)
  assert.deepEqual(shape(...numbers.map(n => ({ from: [app(`a${n}`)], ports: [tcp(80)] }))), [
    'ip saddr @peers4 tcp dport { 80 } return',
    'drop',
  ])
  assert.deepEqual(shape(...numbers.map(n => ({ from: [app('a')], ports: [tcp(n * 2 + 1)] }))), [
    `ip saddr @peers4 tcp dport { ${numbers.map(n => n * 2 + 1).join(', ')} } return`,
    'drop',
  ])
})

test('the order of policies makes no difference', () => {
  const [one, other] = [
    { from: [app('a'), app('b')], ports: [tcp(80)] },
    { from: [app('c')], ports: [{ protocol: 'UDP' }] },
  ]
  const content = (...ingress: object[]) => {
    const { name, rules, peers } = policyChain(allowed(...ingress), 'ingress', 4)
    return { name, rules, sets: [...peers.keys()] }
  }
  assert.deepEqual(content(one, other), content(other, one))
})

test('what is left out of a block is a hole in it, whatever stands behind the prefix', () => {
  const text = (cidr: string, ...except: string[]) =>
    blockOf(cidr, except).map(range => addressText(range, cidr.includes(':') ? 6 : 4))
  assert.deepEqual(text('10.0.0.77/24', '10.0.0.0/30', '10.0.0.128/32'), [
    '10.0.0.4-10.0.0.127',
    '10.0.0.129-10.0.0.255',
  ])
  assert.deepEqual(text('10.0.0.1/32'), ['10.0.0.1'])
  assert.deepEqual(text('10.0.0.0/24', '10.0.0.0/16'), [])
  assert.deepEqual(text('fd00::/127'), ['fd00:0:0:0:0:0:0:0-fd00:0:0:0:0:0:0:1'])
})

test('ranges of ports that touch are one', () => {
  const range = (first: number, last: number) => ({ first, last })
  assert.deepEqual(mergePorts([range(81, 90), range(80, 80), range(85, 86), range(92, 92)]), [
    range(80, 90),
    range(92, 92),
  ])
})

test('a policy as large as the API takes one holds nobody up', () => {
  const many = Array.from({ length: 20_000 }, (_, number) => number)
  const net = (n: number) => `${10 + (n >> 14)}.${(n >> 6) & 255}.${(n & 63) * 4}.0/24`
  const before = process.cpuUsage()
  const chains = [
    [{ ports: many.map(n => tcp(n * 2 + 1)) }],
    [{ from: many.map(n => ({ ipBlock: { cidr: net(n) } })) }],
    [{ from: [{ ipBlock: { cidr: '0.0.0.0/0', except: many.map(net) } }] }],
    many.map(n => ({ from: [app(`a${n}`)], ports: [tcp(80)] })),
    many.map(n => ({ from: [app('a')], ports: [tcp(n * 2 + 1)] })),
    many.map(n => ({ from: [{ ipBlock: { cidr: net(n) } }], ports: [tcp(80)] })),
  ].map(ingress => policyChain(allowed(...ingress), 'ingress', 4))
  for (const { rules } of chains) assert.equal(rules.length, 2)
  // Two or three seconds; where each of them is copied for the next one it is more than a minute.
  assert.ok(process.cpuUsage(before).user < 20e6)
})
