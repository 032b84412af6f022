import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createdService, updatedService, wrongOf } from './service.testing.ts'
import { type Service, service } from './service.ts'
import { defaulted, lines, rowOf } from './testing.ts'

const port = { port: 80 }
const withSpec = (spec: object) => ({ spec: { selector: { app: 'web' }, ports: [port], ...spec } })
const problemsOf = (spec: object) => lines(wrongOf(withSpec(spec)))

test('a bare service is a ClusterIP service with the usual policies', () => {
  const object = createdService(withSpec({}))
  assert.deepEqual(object.spec, {
    selector: { app: 'web' },
    ports: [{ port: 80, targetPort: 80, protocol: 'TCP' }],
    type: 'ClusterIP',
    sessionAffinity: 'None',
    internalTrafficPolicy: 'Cluster',
    ipFamilies: ['IPv4'],
    ipFamilyPolicy: 'SingleStack',
  })
  assert.deepEqual(object.status, { loadBalancer: {} })
  assert.deepEqual(lines(service.validate(object)), [])
})

test('types bring fields of their own', () => {
  assert.equal(createdService(withSpec({ type: 'NodePort' })).spec.externalTrafficPolicy, 'Cluster')
  const balanced = createdService(withSpec({ type: 'LoadBalancer' })).spec
  assert.equal(balanced.allocateLoadBalancerNodePorts, true)
  const external = createdService({ spec: { type: 'ExternalName', externalName: 'x.org' } }).spec
  assert.deepEqual(external, {
    type: 'ExternalName',
    externalName: 'x.org',
    sessionAffinity: 'None',
  })
  const sticky = createdService(withSpec({ sessionAffinity: 'ClientIP' })).spec
  assert.deepEqual(sticky.sessionAffinityConfig, { clientIP: { timeoutSeconds: 10800 } })
})

test('a headless service without selector claims both families', () => {
  const { spec } = createdService({ spec: { clusterIP: 'None', ports: [port] } })
  assert.equal(spec.ipFamilyPolicy, 'RequireDualStack')
  assert.deepEqual(spec.ipFamilies, ['IPv4', 'IPv6'])
  const selecting = createdService(withSpec({ clusterIP: 'None' })).spec
  assert.equal(selecting.ipFamilyPolicy, 'SingleStack')
  assert.deepEqual(selecting.clusterIPs, ['None'])
})

const allocated = (): Service => {
  const object = createdService(withSpec({ type: 'NodePort', clusterIP: '10.96.0.7' }))
  for (const each of object.spec.ports ?? []) each.nodePort = 30080
  return object
}

test('an update that leaves out what was allocated keeps it', () => {
  const next = updatedService(allocated(), withSpec({ type: 'NodePort' }))
  assert.equal(next.spec.clusterIP, '10.96.0.7')
  assert.deepEqual(next.spec.clusterIPs, ['10.96.0.7'])
  assert.equal(next.spec.ports?.[0]?.nodePort, 30080)
  assert.deepEqual(lines(service.validateUpdate(next, allocated())), [])
})

test('another type drops what it has no use for', () => {
  const whole = { ...allocated().spec, type: 'ClusterIP' }
  const next = updatedService(allocated(), { spec: whole })
  assert.equal(next.spec.ports?.[0]?.nodePort, undefined)
  assert.equal(next.spec.externalTrafficPolicy, undefined)
  assert.deepEqual(lines(service.validateUpdate(next, allocated())), [])
  const named = updatedService(allocated(), {
    spec: { ...allocated().spec, type: 'ExternalName', externalName: 'x.org' },
  })
  assert.equal(named.spec.clusterIP, undefined)
  assert.equal(named.spec.clusterIPs, undefined)
})

test('the cluster address does not change', () => {
  const next = updatedService(allocated(), withSpec({ type: 'NodePort', clusterIP: '10.96.0.8' }))
  assert.deepEqual(lines(service.validateUpdate(next, allocated())), [
    'spec.clusterIPs[0]: Invalid value: ["10.96.0.8"]: may not change once set',
  ])
})

const wrongServices: [string, object, string][] = [
  ['no ports', { ports: [] }, 'spec.ports: Required value'],
  [
    'port 0',
    { ports: [{ port: 0 }] },
    'spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive',
  ],
  [
    'nameless ports',
    { ports: [port, { port: 81, name: 'b' }] },
    'spec.ports[0].name: Required value',
  ],
  [
    'one name twice',
    {
      ports: [
        { port: 80, name: 'a' },
        { port: 81, name: 'a' },
      ],
    },
    'spec.ports[1].name: Duplicate value: "a"',
  ],
  [
    'one port twice',
    {
      ports: [
        { port: 80, name: 'a' },
        { port: 80, name: 'b' },
      ],
    },
    'spec.ports[1]: Duplicate value: {"port":80,"protocol":"TCP"}',
  ],
  [
    'unknown type',
    { type: 'Magic' },
    'spec.type: Unsupported value: "Magic": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"',
  ],
  [
    'node port of a cluster service',
    { ports: [{ port: 80, nodePort: 30000 }] },
    "spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'",
  ],
  [
    'headless node port',
    { type: 'NodePort', clusterIP: 'None' },
    'spec.clusterIPs[0]: Invalid value: "None": may not be set to \'None\' for NodePort services',
  ],
  [
    'bad address',
    { clusterIP: '10.0.0.300' },
    'spec.clusterIPs[0]: Invalid value: "10.0.0.300": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
  ],
  [
    'loopback outside',
    { externalIPs: ['127.0.0.1'] },
    'spec.externalIPs[0]: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)',
  ],
  [
    'external name missing',
    { type: 'ExternalName', ports: [] },
    'spec.externalName: Required value',
  ],
  [
    'affinity of no time',
    { sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 0 } } },
    'spec.sessionAffinityConfig.clientIP.timeoutSeconds: Invalid value: 0: must be greater than 0 and less than 86400',
  ],
]
wrongServices.push(
  [
    'ranges of clients without a balancer',
    { loadBalancerSourceRanges: ['10.0.0.0/8'] },
    "spec.LoadBalancerSourceRanges: Forbidden: may only be used when `type` is 'LoadBalancer'",
  ],
  [
    'families of a name',
    { type: 'ExternalName', externalName: 'a.b', ports: [], ipFamilies: ['IPv4'] },
    'spec.ipFamilies: Forbidden: may not be set for ExternalName services',
  ],
  [
    'an address of a name',
    { type: 'ExternalName', externalName: 'a.b', ports: [], clusterIP: '10.0.0.1' },
    'spec.clusterIPs: Forbidden: may not be set for ExternalName services',
  ],
)
wrongServices.push(
  [
    'a protocol of no name',
    { ports: [{ port: 80, appProtocol: '' }] },
    'spec.ports[0].appProtocol: Invalid value: "": name part must be non-empty',
  ],
  [
    'a class of no name',
    { type: 'LoadBalancer', loadBalancerClass: '' },
    'spec.loadBalancerClass: Invalid value: "": name part must be non-empty',
  ],
  [
    'an unknown policy of families',
    { ipFamilyPolicy: 'Both' },
    'spec.ipFamilyPolicy: Unsupported value: "Both": supported values: "PreferDualStack", "RequireDualStack", "SingleStack"',
  ],
  [
    'a policy of nothing',
    { internalTrafficPolicy: '' },
    'spec.internalTrafficPolicy: Unsupported value: "": supported values: "Cluster", "Local"',
  ],
  [
    'an unknown distribution',
    { trafficDistribution: 'Far' },
    'spec.trafficDistribution: Unsupported value: "Far": supported values: "PreferClose", "PreferSameZone", "PreferSameNode"',
  ],
)

test('causes are told in the order of upstream', () => {
  const fieldsOf = (spec: object) => problemsOf(spec).map(line => line.replace(/: .*/, ''))
  const ports = [{ port: 80 }, { port: 80 }]
  assert.deepEqual(fieldsOf({ type: 'NodePort', ports: ports.map(p => ({ ...p, nodePort: 7 })) }), [
    'spec.ports[0].name',
    'spec.ports[1].name',
    'spec.ports[1].nodePort',
    'spec.ports[1]',
  ])
  assert.deepEqual(fieldsOf({ type: 'Magic', ports: [] }), ['spec.ports', 'spec.type'])
  assert.deepEqual(fieldsOf({ clusterIP: 'x', ports: [] }), ['spec.clusterIPs[0]'])
  const balanced = { loadBalancerSourceRanges: ['10.0.0.0/8'], loadBalancerClass: 'x.org/y' }
  assert.deepEqual(fieldsOf({ ...balanced, externalTrafficPolicy: 'Local' }), [
    'spec.LoadBalancerSourceRanges',
    'spec.loadBalancerClass',
    'spec.externalTrafficPolicy',
  ])
})

for (const [name, spec, expected] of wrongServices)
  test(`refused: ${name}`, () => {
    const problems = problemsOf(spec)
    assert.ok(problems.includes(expected), problems.join('\n'))
  })

test('kubectl get shows addresses and ports', () => {
  const row = (spec: object, status = {}) => {
    const object = createdService(withSpec(spec))
    const {
      Type,
      'Cluster-IP': ip,
      'External-IP': external,
      'Port(s)': ports,
      Selector,
    } = rowOf(service, { ...object, status: { ...object.status, ...status } })
    return [Type, ip, external, ports, Selector].join(' ')
  }
  assert.equal(row({ clusterIP: '10.96.0.1' }), 'ClusterIP 10.96.0.1 <none> 80/TCP app=web')
  assert.equal(
    row({
      type: 'NodePort',
      clusterIP: '10.96.0.1',
      ports: [{ port: 53, nodePort: 30053, protocol: 'UDP' }],
    }),
    'NodePort 10.96.0.1 <none> 53:30053/UDP app=web',
  )
  assert.equal(row({ type: 'LoadBalancer' }), 'LoadBalancer <none> <pending> 80/TCP app=web')
  assert.equal(
    row({ type: 'LoadBalancer' }, { loadBalancer: { ingress: [{ ip: '1.2.3.4' }] } }),
    'LoadBalancer <none> 1.2.3.4 80/TCP app=web',
  )
  const ingress = [{ hostname: 'b.example.com' }, { ip: '8.0.0.1' }, { hostname: 'a.example.com' }]
  assert.equal(
    row({ type: 'LoadBalancer', externalIPs: ['1.1.1.1'] }, { loadBalancer: { ingress } }),
    'LoadBalancer <none> 8.0.0.1,a.example.com,b.example.com,1.1.1.1 80/TCP app=web',
    'those of the balancer in their order, then our own',
  )
  assert.equal(
    row({ type: 'ExternalName', externalName: 'x.org', ports: [], selector: {} }),
    'ExternalName <none> x.org <none> <none>',
  )
})

const RANGES = 'service.beta.kubernetes.io/load-balancer-source-ranges'
const HINTS = 'service.kubernetes.io/topology-aware-hints'
const MODE = 'service.kubernetes.io/topology-mode'
const annotated = (annotations: Record<string, string>, spec: object = {}) =>
  createdService({ metadata: { name: 'web', annotations }, ...withSpec(spec) })

test('older annotations obey the rules of what took their place', () => {
  const problems = (annotations: Record<string, string>, spec?: object) =>
    lines(service.validate(annotated(annotations, spec)))
  assert.deepEqual(problems({ [HINTS]: 'Auto', [MODE]: 'Auto' }), [])
  assert.deepEqual(problems({ [HINTS]: 'Auto', [MODE]: 'None' }), [
    `metadata.annotations[${MODE}]: Invalid value: "None": must match annotations[${HINTS}] when both are specified`,
  ])
  assert.deepEqual(
    problems({ [RANGES]: ' 10.0.0.0/8, 10.1.0.0/16 ' }, { type: 'LoadBalancer' }),
    [],
  )
  assert.deepEqual(problems({ [RANGES]: '' }), [
    `metadata.annotations[${RANGES}]: Forbidden: may only be used when \`type\` is 'LoadBalancer'`,
  ])
  assert.deepEqual(problems({ [RANGES]: 'all' }, { type: 'LoadBalancer' }), [
    `metadata.annotations[${RANGES}]: Invalid value: "all": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)`,
  ])
})

test('a balancer says where it takes traffic', () => {
  const problems = (type: string, ingress: object[]) => {
    const object = defaulted(service, {
      ...withSpec({ type }),
      status: { loadBalancer: { ingress } },
    })
    return lines(service.validateStatusUpdate(object, object))
  }
  const at = 'status.loadBalancer.ingress'
  assert.deepEqual(problems('LoadBalancer', [{ ip: '10.0.0.1' }, { hostname: 'a.b' }]), [])
  assert.deepEqual(problems('ClusterIP', [{ ip: 'here', ipMode: 'VIP' }]), [
    `${at}: Forbidden: may only be used when \`spec.type\` is 'LoadBalancer'`,
  ])
  assert.deepEqual(
    problems('LoadBalancer', [
      { ip: 'here', ipMode: 'Tunnel' },
      { ipMode: 'VIP', hostname: '10.0.0.1' },
    ]),
    [
      `${at}[0].ip: Invalid value: "here": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)`,
      `${at}[0].ipMode: Unsupported value: "Tunnel": supported values: "Proxy", "VIP"`,
      `${at}[1].ipMode: Forbidden: may not be specified when \`ip\` is not set`,
      `${at}[1].hostname: Invalid value: "10.0.0.1": must be a DNS name, not an IP address`,
    ],
  )
})

test('what has no effect or is on its way out is told', () => {
  const warnings = (spec: object, annotations: Record<string, string> = {}) =>
    service.warnings(annotated(annotations, spec), undefined)
  assert.deepEqual(warnings({}), [])
  assert.deepEqual(
    warnings({
      clusterIP: 'None',
      externalIPs: ['FD00::1'],
      loadBalancerIP: '1.2.3.4',
      sessionAffinity: 'ClientIP',
    }),
    [
      'spec.loadBalancerIP is ignored for headless services',
      'spec.externalIPs is ignored for headless services',
      'spec.SessionAffinity is ignored for headless services',
      'spec.externalIPs[0]: IPv6 address "FD00::1" should be in RFC 5952 canonical format ("fd00::1")',
    ],
  )
  assert.deepEqual(warnings({ externalIPs: ['1.2.3.4'] }), [
    'spec.externalIPs is deprecated and may no longer be implemented in some clusters',
  ])
  assert.deepEqual(warnings({ type: 'ExternalName', externalIPs: ['1.2.3.4'] }), [
    'spec.externalIPs is ignored when spec.type is "ExternalName"',
  ])
  assert.deepEqual(
    warnings(
      { clusterIP: 'FD00::1', externalName: 'a', trafficDistribution: 'PreferClose' },
      { [HINTS]: 'Auto' },
    ),
    [
      `annotation ${HINTS} is deprecated, please use ${MODE} instead`,
      'spec.clusterIPs[0]: IPv6 address "FD00::1" should be in RFC 5952 canonical format ("fd00::1")',
      'spec.externalName is ignored when spec.type is not "ExternalName"',
      'spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"',
    ],
  )
})
