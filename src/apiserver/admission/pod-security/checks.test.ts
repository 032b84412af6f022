import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PodSpec } from '#api/core/v1/pod/pod.ts'
import { checkedPod } from './check.ts'
import { checks, findingOf } from './checks.ts'
import type { Level } from './policy.ts'

const LATEST = Number.POSITIVE_INFINITY

function find(
  level: Level,
  spec: object,
  minor = LATEST,
  annotations: Record<string, string> = {},
) {
  const pod = checkedPod({ annotations }, { containers: [], ...spec } as unknown as PodSpec)
  return findingOf({ level, minor }, pod)?.details
}
const container = (name: string, securityContext?: object, more: object = {}) => ({
  name,
  image: 'x',
  ...(securityContext ? { securityContext } : {}),
  ...more,
})

/** Nothing at all is wrong with it. */
const HARDENED = {
  securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
  containers: [
    container('a', { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } }),
  ],
}
const hardened = (more: object, ofContainer: object = {}) => ({
  ...HARDENED,
  containers: [container('a', { ...HARDENED.containers[0]?.securityContext, ...ofContainer })],
  ...more,
})

const baseline: [string, object, string][] = [
  [
    'namespaces of the host',
    { hostNetwork: true, hostPID: true, hostIPC: true },
    'host namespaces (hostNetwork=true, hostPID=true, hostIPC=true)',
  ],
  [
    'privileged containers of all kinds, in order',
    {
      containers: [container('b', { privileged: true }), container('c', { privileged: false })],
      initContainers: [container('a', { privileged: true })],
      ephemeralContainers: [container('d', { privileged: true })],
    },
    'privileged (containers "a", "b", "d" must not set securityContext.privileged=true)',
  ],
  [
    'capabilities',
    {
      containers: [
        container('a', { capabilities: { add: ['SYS_ADMIN', 'CHOWN', 'NET_RAW'] } }),
        container('b', { capabilities: { add: ['NET_RAW'] } }),
      ],
    },
    'non-default capabilities (containers "a", "b" must not include "NET_RAW", "SYS_ADMIN" in securityContext.capabilities.add)',
  ],
  [
    'a directory of the host',
    {
      volumes: [
        { name: 'h', hostPath: { path: '/' } },
        { name: 'e', emptyDir: {} },
      ],
    },
    'hostPath volumes (volume "h")',
  ],
  [
    'ports of the host',
    {
      containers: [
        container('a', undefined, { ports: [{ containerPort: 1, hostPort: 20 }] }),
        container('b', undefined, { ports: [{ containerPort: 1, hostPort: 10 }] }),
        container('c', undefined, { ports: [{ containerPort: 1, hostPort: 0 }] }),
      ],
    },
    'hostPort (containers "a", "b" use hostPorts 10, 20)',
  ],
  [
    'probes of other hosts',
    {
      containers: [
        container('b', undefined, { livenessProbe: { httpGet: { port: 1, host: 'h2' } } }),
        container('a', undefined, {
          lifecycle: { preStop: { tcpSocket: { port: 1, host: 'h1' } } },
        }),
        container('c', undefined, { readinessProbe: { httpGet: { port: 1, host: '' } } }),
      ],
    },
    'probe or lifecycle host (containers "a", "b" use probe or lifecycle hosts "h1", "h2")',
  ],
  [
    'profiles of AppArmor',
    {
      securityContext: { appArmorProfile: { type: 'Unconfined' } },
      containers: [container('a', { appArmorProfile: { type: 'Unconfined' } })],
    },
    'forbidden AppArmor profile (pod and container "a" must not set AppArmor profile type to "Unconfined")',
  ],
  [
    'all of /proc',
    { containers: [container('a', { procMount: 'Unmasked' })] },
    'procMount (container "a" must not set securityContext.procMount to "Unmasked")',
  ],
  [
    'labels of SELinux',
    {
      securityContext: { seLinuxOptions: { type: 'spc_t', user: 'u' } },
      containers: [
        container('a', { seLinuxOptions: { role: 'r' } }),
        container('b', { seLinuxOptions: { type: 'container_t' } }),
      ],
    },
    'seLinuxOptions (pod and container "a" set forbidden securityContext.seLinuxOptions: type "spc_t"; user may not be set; role may not be set)',
  ],
  [
    'no seccomp',
    {
      securityContext: { seccompProfile: { type: 'Unconfined' } },
      containers: [container('a', { seccompProfile: { type: 'Localhost' } })],
    },
    'seccompProfile (pod must not set securityContext.seccompProfile.type to "Unconfined")',
  ],
  [
    'settings of the kernel',
    {
      securityContext: {
        sysctls: [{ name: 'net.ipv4.tcp_rmem' }, { name: 'kernel.b' }, { name: 'kernel.a' }],
      },
    },
    'forbidden sysctls (kernel.b, kernel.a)',
  ],
  [
    'processes of the host on Windows',
    {
      securityContext: { windowsOptions: { hostProcess: true } },
      containers: [container('a', { windowsOptions: { hostProcess: true } })],
    },
    'hostProcess (pod and container "a" must not set securityContext.windowsOptions.hostProcess=true)',
  ],
  [
    'several at once',
    { hostPID: true, containers: [container('a', { privileged: true })] },
    'host namespaces (hostPID=true), privileged (container "a" must not set securityContext.privileged=true)',
  ],
]
for (const [name, spec, expected] of baseline)
  test(`the baseline forbids ${name}`, () => {
    assert.equal(find('baseline', spec), expected)
    assert.equal(find('privileged', spec), undefined)
  })

const restricted: [string, object, string][] = [
  [
    'what nobody thought of',
    { containers: [container('a'), container('b')] },
    'allowPrivilegeEscalation != false (containers "a", "b" must set securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (containers "a", "b" must set securityContext.capabilities.drop=["ALL"]), runAsNonRoot != true (pod or containers "a", "b" must set securityContext.runAsNonRoot=true), seccompProfile (pod or containers "a", "b" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")',
  ],
  [
    'capabilities that the baseline allows',
    hardened({}, { capabilities: { drop: ['ALL'], add: ['NET_BIND_SERVICE', 'CHOWN'] } }),
    'unrestricted capabilities (container "a" must not include "CHOWN" in securityContext.capabilities.add)',
  ],
  [
    'volumes from elsewhere, told once',
    hardened({
      volumes: [
        { name: 'h', hostPath: { path: '/' } },
        { name: 'n', nfs: {} },
        { name: 'i', image: {} },
      ],
    }),
    'restricted volume types (volumes "h", "n" use restricted volume types "hostPath", "nfs")',
  ],
  [
    'to be root, by what is said',
    hardened({
      securityContext: { ...HARDENED.securityContext, runAsNonRoot: false },
    }),
    'runAsNonRoot != true (pod must not set securityContext.runAsNonRoot=false)',
  ],
  [
    'to be root, by number',
    hardened({}, { runAsUser: 0 }),
    'runAsUser=0 (container "a" must not set runAsUser=0)',
  ],
  [
    'all of /proc, also with users of its own',
    hardened({ hostUsers: false }, { procMount: 'Unmasked' }),
    'procMount (container "a" must not set securityContext.procMount to "Unmasked")',
  ],
]
for (const [name, spec, expected] of restricted)
  test(`the restricted standard forbids ${name}`, () => {
    assert.equal(find('restricted', spec), expected)
  })

test('a hardened pod is fine', () => {
  assert.equal(find('restricted', HARDENED), undefined)
})

test('annotations of old count, too', () => {
  const appArmor = { 'container.apparmor.security.beta.kubernetes.io/a': 'unconfined' }
  assert.equal(
    find('baseline', {}, LATEST, appArmor),
    'forbidden AppArmor profile (annotation must not set AppArmor profile type to "container.apparmor.security.beta.kubernetes.io/a="unconfined"")',
  )
  const seccomp = { 'seccomp.security.alpha.kubernetes.io/pod': 'unconfined' }
  assert.equal(
    find('baseline', {}, 18, seccomp),
    'seccompProfile (forbidden annotation seccomp.security.alpha.kubernetes.io/pod="unconfined")',
  )
  assert.equal(find('baseline', {}, 19, seccomp), undefined)
})

/** Minor versions on both sides of a change, and whether the pod is fine. */
const since: [string, Level, object, readonly (readonly [number, boolean])[]][] = [
  [
    'hosts of probes',
    'baseline',
    { containers: [container('a', undefined, { startupProbe: { tcpSocket: { host: 'h' } } })] },
    [
      [33, true],
      [34, false],
    ],
  ],
  [
    'users of its own',
    'baseline',
    { hostUsers: false, containers: [container('a', { procMount: 'Unmasked' })] },
    [
      [34, false],
      [35, true],
    ],
  ],
  [
    'root among its own users',
    'restricted',
    hardened({ hostUsers: false }, { runAsUser: 0, runAsNonRoot: false }),
    [
      [34, false],
      [35, true],
    ],
  ],
  [
    'a type of SELinux',
    'baseline',
    { securityContext: { seLinuxOptions: { type: 'container_engine_t' } } },
    [
      [30, false],
      [31, true],
    ],
  ],
  [
    'sysctls of 1.27',
    'baseline',
    { securityContext: { sysctls: [{ name: 'net.ipv4.ip_local_reserved_ports' }] } },
    [
      [26, false],
      [27, true],
    ],
  ],
  [
    'sysctls of 1.29',
    'baseline',
    { securityContext: { sysctls: [{ name: 'net.ipv4.tcp_keepalive_time' }] } },
    [
      [28, false],
      [29, true],
    ],
  ],
  [
    'sysctls of 1.32',
    'baseline',
    { securityContext: { sysctls: [{ name: 'net.ipv4.tcp_wmem' }] } },
    [
      [31, false],
      [32, true],
    ],
  ],
  [
    'pods on Windows',
    'restricted',
    {
      os: { name: 'windows' },
      securityContext: { runAsNonRoot: true },
      containers: [container('a')],
    },
    [
      [24, false],
      [25, true],
    ],
  ],
  [
    'users',
    'restricted',
    hardened({}, { runAsUser: 0 }),
    [
      [22, true],
      [23, false],
    ],
  ],
]
for (const [name, level, spec, versions] of since)
  test(`versions differ: ${name}`, () => {
    for (const [minor, isFine] of versions)
      assert.equal(find(level, spec, minor) === undefined, isFine, `v1.${minor}`)
  })

test('violations are told by level, and there by name', () => {
  const ids = (level: string) => checks.filter(each => each.level === level).map(({ id }) => id)
  assert.deepEqual(ids('baseline'), ids('baseline').toSorted())
  assert.deepEqual(ids('restricted'), ids('restricted').toSorted())
  assert.deepEqual(
    checks.map(({ id }) => id),
    [...ids('baseline'), ...ids('restricted')],
  )
  for (const { replaces } of checks)
    if (replaces) assert.ok(ids('baseline').includes(replaces), replaces)
})
