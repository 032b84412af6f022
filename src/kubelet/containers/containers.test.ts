import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Service } from '#api/core/v1/service.ts'
import type { AnyContainer, Pod } from '../pod-types.ts'
import { dnsOf, hostnameOf, hostsFile, kernelNameOf, parseResolvConf } from './dns.ts'
import { environmentOf, serviceEnvironment } from './environment.ts'
import { expand } from './expand.ts'
import { fieldValue, resourceValue } from './fields.ts'
import { withTag } from './images.ts'
import { containerResources, cpuShares, podRequests } from './resources.ts'
import { containerSecurity } from './security.ts'

const podWith = (spec: object = {}, metadata: object = {}): Pod =>
  ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', namespace: 'ns', uid: 'u', ...metadata },
    spec: { containers: [], ...spec },
  }) as unknown as Pod

const containerWith = (part: object = {}): AnyContainer =>
  ({ name: 'c', resources: {}, ...part }) as AnyContainer

const fields = (pod: Pod) => ({
  pod,
  nodeName: 'n',
  hostIps: ['10.1.0.1'],
  podIps: ['10.0.0.1'],
  allocatable: { cpu: '4', memory: '8Gi' },
})

test('references in commands and values', () => {
  const known = (name: string) => ({ A: '1', B: '$(A)' })[name]
  assert.equal(expand('x$(A)y', known), 'x1y')
  assert.equal(expand('$(NO) $$(A) $$$(A) $ $(', known), '$(NO) $(A) $1 $ $(')
  assert.equal(expand('$(B)', known), '$(A)')
})

test('what a pod knows about itself', () => {
  const pod = podWith({ serviceAccountName: 'sa' }, { labels: { b: '2', a: 'x"y' } })
  assert.equal(fieldValue("metadata.labels['b']", fields(pod)), '2')
  assert.equal(fieldValue('metadata.labels', fields(pod)), 'a="x\\"y"\nb="2"')
  assert.equal(fieldValue('spec.nodeName', fields(pod)), 'n')
  assert.equal(fieldValue('spec.other', fields(pod)), undefined)
  const container = { name: 'c', resources: { limits: { cpu: '1500m', memory: '100Mi' } } }
  const value = (resource: string, divisor?: string) =>
    resourceValue({ resource, ...(divisor ? { divisor } : {}) }, container, { memory: '8Gi' })
  assert.equal(value('limits.cpu'), '2')
  assert.equal(value('limits.cpu', '1m'), '1500')
  assert.equal(value('limits.memory', '1Mi'), '100')
  assert.equal(
    resourceValue({ resource: 'limits.memory' }, containerWith(), { memory: '1Ki' }),
    '1024',
  )
})

test('variables of services, envFrom and env, later ones over earlier ones', async () => {
  const service = (name: string, namespace: string, spec: object) =>
    ({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name, namespace },
      spec,
    }) as unknown as Service
  const services = [
    service('my-db', 'ns', { clusterIP: '10.96.0.5', ports: [{ name: 'sql', port: 5432 }] }),
    service('other', 'elsewhere', { clusterIP: '10.96.0.6', ports: [{ port: 1 }] }),
    service('headless', 'ns', { clusterIP: 'None', ports: [{ port: 1 }] }),
    service('kubernetes', 'default', {
      clusterIP: '10.96.0.1',
      ports: [{ name: 'https', port: 443 }],
    }),
  ]
  const told = [...serviceEnvironment(services, podWith()).values()]
  const from = Object.fromEntries(told.map(({ name, value }) => [name, value]))
  assert.equal(from.MY_DB_SERVICE_HOST, '10.96.0.5')
  assert.equal(from.MY_DB_SERVICE_PORT_SQL, '5432')
  assert.equal(from.MY_DB_PORT_5432_TCP, 'tcp://10.96.0.5:5432')
  assert.equal(from.KUBERNETES_SERVICE_PORT_HTTPS, '443')
  assert.ok(!('OTHER_SERVICE_HOST' in from) && !('HEADLESS_SERVICE_HOST' in from))
  const alone = serviceEnvironment(services, podWith({ enableServiceLinks: false }))
  assert.ok(alone.has('KUBERNETES_SERVICE_HOST') && !alone.has('MY_DB_SERVICE_HOST'))

  const container = containerWith({
    envFrom: [
      { prefix: 'P_', configMapRef: { name: 'm' } },
      { secretRef: { name: 'no', optional: true } },
    ],
    env: [
      { name: 'P_A', value: 'own' },
      { name: 'SAYS', value: '$(P_B) $(MY_DB_SERVICE_HOST)' },
      { name: 'NONE', valueFrom: { secretKeyRef: { name: 's', key: 'k', optional: true } } },
    ],
  })
  const environment = await environmentOf({
    container,
    fields: fields(podWith()),
    services,
    lookup: async (_, name) => (name === 'm' ? { A: '1', B: '2', 'not=a name': '3' } : undefined),
  })
  const values = Object.fromEntries(environment.map(({ name, value }) => [name, value]))
  assert.equal(values.P_A, 'own')
  assert.equal(values.SAYS, '2 10.96.0.5')
  assert.ok(!('NONE' in values) && !('P_not=a name' in values))
  const missing = containerWith({
    env: [{ name: 'X', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }],
  })
  await assert.rejects(
    environmentOf({
      container: missing,
      fields: fields(podWith()),
      services: [],
      lookup: async () => ({}),
    }),
    { message: "couldn't find key k in Secret ns/s", reason: 'CreateContainerConfigError' },
  )
})

test('resolv.conf, host name and hosts file', () => {
  const node = parseResolvConf('nameserver 1.1.1.1\nsearch corp.example\noptions edns0\n')
  const input = { clusterDns: ['10.96.0.10'], clusterDomain: 'cluster.local', node }
  assert.deepEqual(dnsOf(podWith(), input), {
    servers: ['10.96.0.10'],
    searches: ['ns.svc.cluster.local', 'svc.cluster.local', 'cluster.local', 'corp.example'],
    options: ['ndots:5'],
  })
  assert.deepEqual(dnsOf(podWith({ hostNetwork: true }), input), node)
  assert.deepEqual(
    dnsOf(
      podWith({
        dnsPolicy: 'None',
        dnsConfig: { nameservers: ['9.9.9.9'], options: [{ name: 'ndots', value: '2' }] },
      }),
      input,
    ),
    { servers: ['9.9.9.9'], searches: [], options: ['ndots:2'] },
  )
  const named = podWith({
    hostname: 'h',
    subdomain: 'sub',
    hostAliases: [{ ip: '1.2.3.4', hostnames: ['x', 'y'] }],
  })
  const name = hostnameOf(named, 'cluster.local')
  const text = hostsFile(named, ['10.0.0.1'], name, undefined)
  assert.match(text, /^10\.0\.0\.1\th\.sub\.ns\.svc\.cluster\.local\th$/m)
  assert.match(text, /^1\.2\.3\.4\tx\ty$/m)
})

test('image references', () => {
  assert.equal(withTag('nginx'), 'nginx:latest')
  assert.equal(withTag('r.example:5000/a/b'), 'r.example:5000/a/b:latest')
  assert.equal(withTag('nginx:1.2'), 'nginx:1.2')
  const digest = `nginx@sha256:${'a'.repeat(64)}`
  assert.equal(withTag(digest), digest)
  for (const bad of ['', 'UPPER', 'a b', 'a//b', ':x', 'a:', `a@sha256:${'a'.repeat(5)}`])
    assert.equal(withTag(bad), undefined, bad)
})

test('requests and limits as cgroup values', () => {
  assert.equal(cpuShares(0), 2)
  assert.equal(cpuShares(100), 102)
  const container = {
    name: 'c',
    resources: { requests: { cpu: '250m', memory: '1Gi' }, limits: { cpu: '500m', memory: '2Gi' } },
  }
  const pod = podWith({ containers: [container] })
  assert.deepEqual(containerResources(pod, container, 4 * 1024 ** 3), {
    cpuShares: 256,
    cpuPeriod: 100_000,
    cpuQuota: 50_000,
    memoryLimitBytes: 2 * 1024 ** 3,
    oomScoreAdj: 750,
  })
  assert.equal(
    containerResources(podWith({ containers: [{ name: 'c' }] }), containerWith(), 1).oomScoreAdj,
    1000,
  )
  const withInit = podWith({
    containers: [{ name: 'a', resources: { requests: { cpu: '1' } } }],
    initContainers: [
      { name: 's', restartPolicy: 'Always', resources: { requests: { cpu: '500m' } } },
      { name: 'i', resources: { requests: { cpu: '2' } } },
    ],
  })
  assert.equal(podRequests(withInit).cpu, 2500)
})

test('security contexts', () => {
  const image = (more: object) => ({
    id: 'i',
    repoTags: [],
    repoDigests: [],
    sizeBytes: 0,
    ...more,
  })
  const nonRoot = podWith({
    securityContext: { runAsNonRoot: true, fsGroup: 5, supplementalGroups: [7] },
  })
  assert.throws(() => containerSecurity(nonRoot, containerWith(), image({ uid: 0 })), {
    message: 'container has runAsNonRoot and image will run as root (pod: "p_ns(u)", container: c)',
  })
  assert.throws(
    () => containerSecurity(nonRoot, containerWith(), image({ username: 'www' })),
    /non-numeric user \(www\)/,
  )
  const security = containerSecurity(
    nonRoot,
    containerWith({
      securityContext: {
        runAsUser: 8,
        capabilities: { drop: ['CAP_CHOWN'] },
        allowPrivilegeEscalation: false,
      },
    }),
    undefined,
  )
  assert.equal(security.runAsUser, 8)
  assert.deepEqual(security.supplementalGroups, [5, 7])
  assert.deepEqual(security.dropCapabilities, ['CHOWN'])
  assert.equal(security.noNewPrivileges, true)
  assert.ok(security.maskedPaths?.includes('/proc/kcore'))
  const privileged = containerSecurity(
    podWith(),
    containerWith({ securityContext: { privileged: true } }),
    undefined,
  )
  assert.deepEqual([privileged.maskedPaths, privileged.seccomp?.type], [[], 'Unconfined'])
})

test('a pod says what it is called, in short, in full, or something else altogether', () => {
  const named = (spec: object) => {
    const pod = {
      metadata: { name: 'web-0', namespace: 'default' },
      spec: { containers: [], subdomain: 'sub', ...spec },
    } as unknown as Pod
    const name = hostnameOf(pod, 'cluster.local')
    return [kernelNameOf(pod, name), name.domain]
  }
  const domain = 'sub.default.svc.cluster.local'
  assert.deepEqual(named({}), ['web-0', domain])
  assert.deepEqual(named({ setHostnameAsFQDN: true }), [`web-0.${domain}`, domain])
  assert.deepEqual(named({ setHostnameAsFQDN: true, subdomain: undefined }), ['web-0', ''])
  assert.deepEqual(named({ hostnameOverride: 'any.example' }), ['any.example', ''])
  const long = 'x'.repeat(40)
  assert.throws(() => named({ hostname: long, setHostnameAsFQDN: true }), {
    message: `failed to construct FQDN from pod hostname and cluster domain, FQDN ${long}.${domain} is too long (64 characters is the max, 70 characters requested)`,
  })
})
