import assert from 'node:assert/strict'
import { test } from 'node:test'
import { created, lines, rowOf } from '../../core/v1/testing.ts'
import { networkPolicy } from './network-policy.ts'

const make = (spec: object) => created(networkPolicy, { spec })
const problems = (spec: object) => lines(networkPolicy.validate(make(spec)))
const port = (fields: object) => ({ ingress: [{ ports: [fields] }] })
const block = (ipBlock: object) => ({ egress: [{ to: [{ ipBlock }] }] })

test('ports are of TCP, and rules say which direction is governed', () => {
  assert.deepEqual(make(port({ port: 80 })).spec, {
    podSelector: {},
    ingress: [{ ports: [{ protocol: 'TCP', port: 80 }] }],
    policyTypes: ['Ingress'],
  })
  assert.deepEqual(make({ egress: [{}] }).spec.policyTypes, ['Ingress', 'Egress'])
  assert.deepEqual(make({ policyTypes: ['Egress'] }).spec.policyTypes, ['Egress'])
})

const right: object[] = [
  {},
  port({}),
  port({ port: 'http' }),
  port({ port: 80, endPort: 80, protocol: 'SCTP' }),
  { ingress: [{ from: [{ podSelector: {}, namespaceSelector: {} }] }] },
  block({ cidr: '10.0.0.0/8', except: ['10.1.0.0/16', '10.2.3.4/32'] }),
  block({ cidr: 'fd00::/8', except: ['fd01::/16'] }),
]
for (const spec of right)
  test(`accepted: ${JSON.stringify(spec)}`, () => assert.deepEqual(problems(spec), []))

const at = 'spec.ingress[0].ports[0]'
const to = 'spec.egress[0].to[0]'
const wrong: [object, string[]][] = [
  [
    { podSelector: { matchExpressions: [{ key: 'a', operator: 'Is' }] } },
    [
      'spec.podSelector.matchExpressions[0].operator: Invalid value: "Is": not a valid selector operator',
    ],
  ],
  [
    port({ protocol: 'ICMP' }),
    [`${at}.protocol: Unsupported value: "ICMP": supported values: "TCP", "UDP", "SCTP"`],
  ],
  [port({ port: 0 }), [`${at}.port: Invalid value: 0: must be between 1 and 65535, inclusive`]],
  [
    port({ port: 'a--b', endPort: 9 }),
    [
      `${at}.endPort: Invalid value: 9: may not be specified when \`port\` is non-numeric`,
      `${at}.port: Invalid value: "a--b": must not contain consecutive hyphens`,
    ],
  ],
  [
    port({ endPort: 9 }),
    [`${at}.endPort: Invalid value: 9: may not be specified when \`port\` is not specified`],
  ],
  [
    port({ port: 80, endPort: 70 }),
    [`${at}.endPort: Invalid value: 80: must be greater than or equal to \`port\``],
  ],
  [
    port({ port: 80, endPort: 70000 }),
    [`${at}.endPort: Invalid value: 70000: must be between 1 and 65535, inclusive`],
  ],
  [
    { ingress: [{}, { from: [{}] }] },
    ['spec.ingress[1].from[0]: Required value: must specify a peer'],
  ],
  [
    { egress: [{ to: [{ ipBlock: { cidr: '0.0.0.0/0' }, podSelector: {} }] }] },
    [`${to}: Forbidden: may not specify both ipBlock and another peer`],
  ],
  [block({}), [`${to}.ipBlock.cidr: Required value`]],
  [
    block({ cidr: '10.1.0.0/8', except: ['x'] }),
    [
      `${to}.ipBlock.cidr: Invalid value: "10.1.0.0/8": must not have bits set beyond the prefix length`,
      `${to}.ipBlock.except[0]: Invalid value: "x": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)`,
    ],
  ],
  [
    block({ cidr: '10.0.0.0/8', except: ['10.0.0.0/8', '11.0.0.0/16', 'fd00::/16'] }),
    ['10.0.0.0/8', '11.0.0.0/16', 'fd00::/16'].map(
      (range, index) =>
        `${to}.ipBlock.except[${index}]: Invalid value: "${range}": must be a strict subset of \`cidr\``,
    ),
  ],
  [
    { policyTypes: ['Sideways'] },
    ['spec.policyTypes[0]: Unsupported value: "Sideways": supported values: "Ingress", "Egress"'],
  ],
  [
    { policyTypes: ['Ingress', 'Egress', 'Ingress'] },
    [
      'spec.policyTypes: Invalid value: ["Ingress","Egress","Ingress"]: may not specify more than two policyTypes',
    ],
  ],
]
for (const [spec, expected] of wrong)
  test(`refused: ${JSON.stringify(spec)}`, () => assert.deepEqual(problems(spec), expected))

test('ranges that are not in canonical form are warned of', () => {
  const spec = {
    ingress: [{ from: [{ ipBlock: { cidr: 'FD00::/8' } }] }],
    egress: [{ to: [{}, { ipBlock: { cidr: 'fd00::/8', except: ['fd01:0::/16'] } }] }],
  }
  assert.deepEqual(networkPolicy.warnings(make(spec), undefined), [
    'spec.ingress[0].from[0].ipBlock.cidr: IPv6 CIDR value "FD00::/8" should be in RFC 5952 canonical format ("fd00::/8")',
    'spec.egress[0].to[1].ipBlock.except[0]: IPv6 CIDR value "fd01:0::/16" should be in RFC 5952 canonical format ("fd01::/16")',
  ])
})

test('kubectl get shows whom it is for', () => {
  const shown = (podSelector: object) => rowOf(networkPolicy, make({ podSelector }))['Pod-Selector']
  assert.equal(shown({}), '<none>')
  assert.equal(shown({ matchLabels: { app: 'web' } }), 'app=web')
})
