import assert from 'node:assert/strict'
import { test } from 'node:test'
import { created, lines, rowOf, updated } from '../../core/v1/testing.ts'
import { ingress } from './ingress.ts'

const backend = { service: { name: 'web', port: { number: 80 } } }
const make = (spec: object, annotations?: Record<string, string>) =>
  created(ingress, { metadata: { name: 'web', ...(annotations ? { annotations } : {}) }, spec })
const problems = (spec: object) =>
  lines([...ingress.validate(make(spec)), ...ingress.validateCreate(make(spec))])
const path = (fields: object) => ({
  rules: [{ http: { paths: [{ path: '/', pathType: 'Prefix', backend, ...fields }] } }],
})

test('an ingress begins without addresses and keeps those it has', () => {
  const status = { loadBalancer: { ingress: [{ ip: '10.0.0.1' }] } }
  const object = created(ingress, { spec: { defaultBackend: backend }, status })
  assert.deepEqual(object.status, { loadBalancer: {} })
  const next = updated(ingress, { ...object, status }, { spec: { defaultBackend: backend } })
  assert.deepEqual(next.status, status)
  assert.equal(ingress.hasGeneration, true)
  assert.deepEqual(problems({ defaultBackend: backend }), [])
  assert.deepEqual(problems(path({})), [])
})

const SUBDOMAIN =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
const WILDCARD =
  "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character (e.g. '*.example.com', regex used for validation is '\\*\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
const at = 'spec.rules[0].http.paths[0]'
const wrong: [string, object, string[]][] = [
  [
    'nothing',
    {},
    ['spec: Invalid value: null: either `defaultBackend` or `rules` must be specified'],
  ],
  [
    'no backend',
    { defaultBackend: {} },
    ['spec.defaultBackend: Invalid value: "": resource or service backend is required'],
  ],
  [
    'two backends',
    { defaultBackend: { ...backend, resource: { kind: 'Bucket', name: 'a' } } },
    ['spec.defaultBackend: Invalid value: "": cannot set both resource and service backends'],
  ],
  [
    'a resource of no kind and name',
    { defaultBackend: { resource: { apiGroup: 'A' } } },
    [
      `spec.defaultBackend.resource.apiGroup: Invalid value: "A": ${SUBDOMAIN}`,
      'spec.defaultBackend.resource.kind: Required value',
      'spec.defaultBackend.resource.name: Required value',
    ],
  ],
  [
    'a service of no name and port',
    path({ backend: { service: {} } }),
    [
      `${at}.backend.service.name: Required value`,
      `${at}.backend: Required value: port name or number is required`,
    ],
  ],
  [
    'two ports',
    path({ backend: { service: { name: '1web', port: { name: 'http', number: 80 } } } }),
    [`${at}.backend: Invalid value: "": cannot set both port name & port number`],
  ],
  [
    'a port that is none',
    path({ backend: { service: { name: 'web', port: { number: 70000 } } } }),
    [
      `${at}.backend.service.port.number: Invalid value: 70000: must be between 1 and 65535, inclusive`,
    ],
  ],
  [
    'a name of a port that is none',
    path({ backend: { service: { name: 'web', port: { name: 'a--b' } } } }),
    [
      `${at}.backend.service.port.name: Invalid value: "a--b": must not contain consecutive hyphens`,
    ],
  ],
  ['a rule without paths', { rules: [{ http: {} }] }, ['spec.rules[0].http.paths: Required value']],
  [
    'a path without a type',
    path({ pathType: undefined }),
    [`${at}.pathType: Required value: pathType must be specified`],
  ],
  [
    'a path of an unknown type',
    path({ pathType: 'Regex' }),
    [
      `${at}.pathType: Unsupported value: "Regex": supported values: "Exact", "ImplementationSpecific", "Prefix"`,
    ],
  ],
  [
    'a relative path',
    path({ path: '' }),
    [`${at}.path: Invalid value: "": must be an absolute path`],
  ],
  [
    'a relative path of its own kind',
    path({ path: 'a', pathType: 'ImplementationSpecific' }),
    [`${at}.path: Invalid value: "a": must be an absolute path`],
  ],
  [
    'a path that proxies may take for another',
    path({ path: '/a//b/./c/../d%2fe%2Ff/..', pathType: 'Exact' }),
    [
      ...['//', '/./', '/../', '%2f', '%2F'].map(
        part =>
          `${at}.path: Invalid value: "/a//b/./c/../d%2fe%2Ff/..": must not contain '${part}'`,
      ),
      `${at}.path: Invalid value: "/a//b/./c/../d%2fe%2Ff/..": cannot end with '/..'`,
    ],
  ],
  [
    'a path that ends in a dot',
    path({ path: '/a/.' }),
    [`${at}.path: Invalid value: "/a/.": cannot end with '/.'`],
  ],
  [
    'an address for a host',
    { rules: [{ host: '10.0.0.1' }] },
    ['spec.rules[0].host: Invalid value: "10.0.0.1": must be a DNS name, not an IP address'],
  ],
  [
    'hosts that are none',
    { rules: [{ host: 'A' }, { host: 'a.*.b' }] },
    [
      `spec.rules[0].host: Invalid value: "A": ${SUBDOMAIN}`,
      `spec.rules[1].host: Invalid value: "a.*.b": ${WILDCARD}`,
    ],
  ],
  [
    'certificates for hosts that are none, in secrets that are none',
    { defaultBackend: backend, tls: [{ hosts: ['a.*', 'B'], secretName: 'S' }] },
    [
      `spec.tls[0].hosts[0]: Invalid value: "a.*": ${WILDCARD}`,
      `spec.tls[0].hosts[1]: Invalid value: "B": ${SUBDOMAIN}`,
      `spec.tls[0].secretName: Invalid value: "S": ${SUBDOMAIN}`,
    ],
  ],
  [
    'a class that is none',
    { defaultBackend: backend, ingressClassName: '' },
    [`spec.ingressClassName: Invalid value: "": ${SUBDOMAIN}`],
  ],
]
for (const [name, spec, expected] of wrong)
  test(`refused: ${name}`, () => assert.deepEqual(problems(spec), expected))

test('names of services may begin with a digit, and paths of their own kind may be anything', () => {
  const service = { name: '1web', port: { name: 'http' } }
  assert.deepEqual(problems({ defaultBackend: { service } }), [])
  for (const text of ['', '/a//b/..'])
    assert.deepEqual(problems(path({ path: text, pathType: 'ImplementationSpecific' })), [])
})

const CLASS = 'kubernetes.io/ingress.class'

test('a new ingress may not name two classes', () => {
  const create = (spec: object) =>
    lines(ingress.validateCreate(make({ defaultBackend: backend, ...spec }, { [CLASS]: 'nginx' })))
  assert.deepEqual(create({ ingressClassName: 'other' }), [
    `annotations.${CLASS}: Invalid value: "nginx": must match \`ingressClassName\` when both are specified`,
  ])
  assert.deepEqual(create({ ingressClassName: 'nginx' }), [])
  assert.deepEqual(create({}), [])
})

test('the old annotation is warned of when an ingress is made', () => {
  const object = make({ defaultBackend: backend }, { [CLASS]: 'nginx' })
  assert.deepEqual(ingress.warnings(object, undefined), [
    `annotation "${CLASS}" is deprecated, please use 'spec.ingressClassName' instead`,
  ])
  assert.deepEqual(ingress.warnings(object, object), [])
  const both = make({ ingressClassName: 'nginx' }, { [CLASS]: 'nginx' })
  assert.deepEqual(ingress.warnings(both, undefined), [])
})

test('a load balancer is where it says', () => {
  const object = make({ defaultBackend: backend })
  const status = {
    loadBalancer: { ingress: [{ ip: '010.0.0.1' }, { hostname: '10.0.0.1' }, { hostname: 'A' }] },
  }
  assert.deepEqual(lines(ingress.validateStatusUpdate({ ...object, status }, object)), [
    'status.loadBalancer.ingress[0].ip: Invalid value: "010.0.0.1": must not have leading 0s',
    'status.loadBalancer.ingress[1].hostname: Invalid value: "10.0.0.1": must be a DNS name, not an IP address',
    `status.loadBalancer.ingress[2].hostname: Invalid value: "A": ${SUBDOMAIN}`,
  ])
})

test('kubectl get shows class, hosts and addresses', () => {
  const object = make({ defaultBackend: backend })
  assert.deepEqual(rowOf(ingress, object), {
    Name: 'web',
    Class: '<none>',
    Hosts: '*',
    Address: '',
    Ports: '80',
    Age: '<unknown>',
  })
  const hosts = ['a', 'b', 'c', 'd'].map(host => ({ host }))
  const entries = [{ hostname: 'lb' }, { ip: '10.0.0.1' }, { ip: '10.0.0.1' }, {}]
  const row = rowOf(ingress, {
    ...make({ ingressClassName: 'nginx', tls: [{}], rules: hosts }),
    status: { loadBalancer: { ingress: entries } },
  })
  assert.deepEqual(
    [row.Class, row.Hosts, row.Address, row.Ports],
    ['nginx', 'a,b,c + 1 more...', '10.0.0.1,lb', '80, 443'],
  )
  const hostsOf = (...names: string[]) =>
    rowOf(ingress, make({ rules: names.map(host => (host ? { host } : {})) })).Hosts
  assert.equal(hostsOf('a', 'b', 'c', ''), 'a,b,c + 1 more...', 'rules for all hosts are counted')
  assert.equal(hostsOf('', 'a', 'b', 'c'), 'a,b,c')
})
