/** Pods: every source of a volume, every handler, every sort of affinity. */

import type { Plain } from '../../../../src/apiserver/all-kinds/testing/fixture.ts'
import { podSpec } from '../../../../src/apiserver/all-kinds/testing/fixture.ts'
import { podsWithStatus } from './pod-statuses.ts'
import type { Variant } from './variant.ts'

const none = { automountServiceAccountToken: false }
export const main = { name: 'main', image: 'registry.example/app:1' }
const pod = (title: string, spec: Plain): Variant => ({
  title,
  object: { spec: { ...none, ...podSpec, ...spec } },
})
const container = (title: string, more: Plain, spec: Plain = {}): Variant =>
  pod(title, { containers: [{ ...main, ...more }], ...spec })
const volumes = (title: string, ...sources: Plain[]): Variant =>
  pod(`volumes ${title}`, {
    volumes: sources.map((source, at) => ({ name: `volume-${at}`, ...source })),
  })

const matchExpressions = [{ key: 'zone', operator: 'In', values: ['a', 'b'] }]
const matchLabels = { app: 'web' }
const terms = [{ topologyKey: 'zone', labelSelector: { matchLabels, matchExpressions } }]
const podTerms = {
  requiredDuringSchedulingIgnoredDuringExecution: [
    { ...terms[0], namespaces: ['other'], namespaceSelector: { matchLabels } },
    {
      ...terms[0],
      matchLabelKeys: ['pod-template-hash'],
      mismatchLabelKeys: ['tenant'],
      namespaceSelector: {},
    },
  ],
  preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 7, podAffinityTerm: terms[0] }],
}
export const affinity = {
  nodeAffinity: {
    requiredDuringSchedulingIgnoredDuringExecution: {
      nodeSelectorTerms: [
        {
          matchExpressions: [
            ...matchExpressions,
            { key: 'size', operator: 'Gt', values: ['3'] },
            { key: 'gone', operator: 'DoesNotExist' },
          ],
          matchFields: [{ key: 'metadata.name', operator: 'In', values: ['n1'] }],
        },
      ],
    },
    preferredDuringSchedulingIgnoredDuringExecution: [
      { weight: 1, preference: { matchExpressions } },
    ],
  },
  podAffinity: podTerms,
  podAntiAffinity: podTerms,
}
export const projected = {
  projected: {
    sources: [
      { secret: { name: 's', items: [{ key: 'a', path: 'b/c', mode: 256 }] } },
      { configMap: { name: 'c', items: [{ key: 'a', path: 'b/d' }] } },
      {
        downwardAPI: {
          items: [
            { path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } },
            { path: 'cpu', resourceFieldRef: { containerName: 'main', resource: 'limits.cpu' } },
          ],
        },
      },
      { serviceAccountToken: { path: 'token', expirationSeconds: 900 } },
    ],
  },
}
export const claimTemplate = {
  spec: {
    accessModes: ['ReadWriteOnce'],
    resources: { requests: { storage: '1Gi' } },
    dataSource: { kind: 'PersistentVolumeClaim', name: 'old' },
  },
}
export const handlers: readonly Plain[] = [
  { exec: { command: ['true'] } },
  { httpGet: { port: 'http', httpHeaders: [{ name: 'X-A', value: 'b' }], host: 'h' } },
  { tcpSocket: { port: 80 } },
  { grpc: { port: 80 } },
]
const hooks: readonly Plain[] = [
  { exec: { command: ['true'] } },
  { httpGet: { port: 80, path: '/' } },
  { tcpSocket: { port: 'http' } },
  { sleep: { seconds: 3 } },
]
export const ports = [
  { name: 'http', containerPort: 80, protocol: 'TCP', hostPort: 8080, hostIP: '127.0.0.1' },
  { containerPort: 53, protocol: 'UDP' },
]
export const env = [
  { name: 'A', value: 'b' },
  { name: 'F', valueFrom: { fieldRef: { fieldPath: "metadata.annotations['x']" } } },
  { name: 'R', valueFrom: { resourceFieldRef: { resource: 'requests.memory', divisor: '1Mi' } } },
  { name: 'C', valueFrom: { configMapKeyRef: { name: 'c', key: 'k' } } },
  { name: 'S', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } },
  { name: 'P', valueFrom: { fileKeyRef: { volumeName: 'files', path: 'a/b', key: 'K' } } },
]
export const resources = {
  requests: { cpu: '100m', memory: '64Mi', 'ephemeral-storage': '1Gi', 'example.com/x': '2' },
  limits: { cpu: '0.2', memory: '128Mi', 'example.com/x': '2', 'hugepages-2Mi': '4Mi' },
}

export const pods: readonly Variant[] = [
  ...podsWithStatus,
  ...handlers.map((handler, at) =>
    container(
      `handlers ${Object.keys(handler)}`,
      {
        ports,
        livenessProbe: { ...handler, terminationGracePeriodSeconds: 3 },
        readinessProbe: handler,
        startupProbe: handler,
        lifecycle: { postStart: hooks[at], preStop: { ...hooks[at] } },
      },
      {
        initContainers: [
          { name: 'beside', image: 'i', restartPolicy: 'Always', ports, startupProbe: handler },
          { name: 'first', image: 'i:latest', command: ['a'], args: ['b'] },
        ],
      },
    ),
  ),
  container(
    'environment',
    {
      env,
      envFrom: [
        { prefix: 'A_', configMapRef: { name: 'c', optional: true } },
        { secretRef: { name: 's' } },
      ],
    },
    { volumes: [{ name: 'files', emptyDir: {} }] },
  ),
  container('resources', {
    resources,
    resizePolicy: [
      { resourceName: 'cpu', restartPolicy: 'NotRequired' },
      { resourceName: 'memory', restartPolicy: 'RestartContainer' },
    ],
  }),
  pod('resources of the pod', { resources: { requests: { cpu: '1' }, limits: { memory: '1Gi' } } }),
  container(
    'mounts',
    {
      volumeMounts: [
        { name: 'v', mountPath: '/a', subPath: 'b', readOnly: true },
        { name: 'v', mountPath: '/b', subPathExpr: '$(A)', mountPropagation: 'HostToContainer' },
        { name: 'v', mountPath: '/c', readOnly: true, recursiveReadOnly: 'IfPossible' },
      ],
      volumeDevices: [{ name: 'd', devicePath: '/dev/x' }],
      env: [{ name: 'A', value: 'b' }],
    },
    {
      volumes: [
        { name: 'v', emptyDir: { medium: 'Memory', sizeLimit: '1Gi' } },
        { name: 'd', persistentVolumeClaim: { claimName: 'c' } },
      ],
    },
  ),
  container(
    'restart rules',
    {
      restartPolicy: 'Never',
      restartPolicyRules: [{ action: 'Restart', exitCodes: { operator: 'In', values: [42] } }],
    },
    { restartPolicy: 'OnFailure' },
  ),
  container(
    'security',
    {
      securityContext: {
        capabilities: { add: ['NET_ADMIN'], drop: ['ALL'] },
        seLinuxOptions: { level: 's0:c1,c2' },
        runAsUser: 1000,
        runAsNonRoot: true,
        allowPrivilegeEscalation: false,
        procMount: 'Default',
        seccompProfile: { type: 'Localhost', localhostProfile: 'a.json' },
        appArmorProfile: { type: 'RuntimeDefault' },
      },
    },
    {
      securityContext: {
        sysctls: [{ name: 'net.core.somaxconn', value: '1' }],
        fsGroup: 7,
        fsGroupChangePolicy: 'OnRootMismatch',
        supplementalGroups: [3, 4],
        supplementalGroupsPolicy: 'Strict',
        seccompProfile: { type: 'RuntimeDefault' },
        appArmorProfile: { type: 'Localhost', localhostProfile: 'p' },
        seLinuxChangePolicy: 'Recursive',
      },
    },
  ),
  container(
    'privileged',
    { securityContext: { privileged: true } },
    { hostPID: true, hostIPC: true },
  ),
  container(
    'of Windows',
    { securityContext: { windowsOptions: { runAsUserName: 'U', hostProcess: true } } },
    {
      os: { name: 'windows' },
      hostNetwork: true,
      securityContext: { windowsOptions: { hostProcess: true, runAsUserName: 'ContainerUser' } },
    },
  ),
  pod('affinity', { affinity }),
  pod('scheduling', {
    nodeSelector: { disk: 'ssd' },
    schedulerName: 'mine',
    tolerations: [
      { key: 'a', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 5 },
      { key: 'b', operator: 'Equal', value: 'c' },
      { operator: 'Exists' },
    ],
    topologySpreadConstraints: [
      {
        maxSkew: 1,
        topologyKey: 'zone',
        whenUnsatisfiable: 'DoNotSchedule',
        labelSelector: { matchLabels },
        minDomains: 2,
        nodeAffinityPolicy: 'Ignore',
        nodeTaintsPolicy: 'Honor',
        matchLabelKeys: ['pod-template-hash'],
      },
      { maxSkew: 2, topologyKey: 'host', whenUnsatisfiable: 'ScheduleAnyway', labelSelector: {} },
    ],
    schedulingGates: [{ name: 'example.com/wait' }],
    readinessGates: [{ conditionType: 'example.com/ready' }],
  }),
  pod('devices', {
    resourceClaims: [
      { name: 'one', resourceClaimName: 'c' },
      { name: 'two', resourceClaimTemplateName: 't' },
    ],
    containers: [
      { ...main, resources: { claims: [{ name: 'one' }, { name: 'two', request: 'r' }] } },
    ],
  }),
  pod('host network', {
    hostNetwork: true,
    dnsPolicy: 'ClusterFirstWithHostNet',
    containers: [{ ...main, ports: [{ containerPort: 90 }] }],
  }),
  pod('names', {
    hostname: 'h',
    subdomain: 's',
    setHostnameAsFQDN: true,
    dnsPolicy: 'None',
    dnsConfig: {
      nameservers: ['10.0.0.1'],
      searches: ['a.b'],
      options: [{ name: 'ndots', value: '2' }, { name: 'x' }],
    },
    hostAliases: [{ ip: '10.0.0.2', hostnames: ['a', 'b.c'] }],
    imagePullSecrets: [{ name: 'p' }],
    enableServiceLinks: false,
    terminationGracePeriodSeconds: 3,
    activeDeadlineSeconds: 50,
  }),
  pod('name of the host', { hostnameOverride: 'far.example.com' }),
  pod('namespaces of users', { hostUsers: false, shareProcessNamespace: true }),
  {
    title: 'account',
    object: {
      spec: { ...podSpec, serviceAccountName: 'default', preemptionPolicy: 'PreemptLowerPriority' },
    },
  },
  {
    title: 'priority',
    object: {
      spec: { ...none, ...podSpec, priorityClassName: 'system-node-critical', nodeName: 'n1' },
    },
  },
  volumes(
    'of the machine',
    { emptyDir: { medium: 'HugePages' } },
    { hostPath: { path: '/x', type: 'DirectoryOrCreate' } },
    { hostPath: { path: '/y' } },
    { secret: { secretName: 's', items: [{ key: 'a', path: 'b', mode: 288 }] } },
    { configMap: { name: 'c', items: [{ key: 'a', path: 'b' }] } },
    {
      downwardAPI: {
        items: [
          { path: 'a', fieldRef: { fieldPath: 'metadata.name' }, mode: 256 },
          {
            path: 'b',
            resourceFieldRef: { containerName: 'main', resource: 'limits.cpu', divisor: '1m' },
          },
        ],
      },
    },
    projected,
    { persistentVolumeClaim: { claimName: 'c' } },
    { ephemeral: { volumeClaimTemplate: claimTemplate } },
    { csi: { driver: 'd.example.com', volumeAttributes: { a: 'b' } } },
    { image: { reference: 'registry.example/data:1' } },
    { image: { reference: 'registry.example/data' } },
    {},
  ),
  volumes(
    'of networks',
    { nfs: { server: 's', path: '/p' } },
    { iscsi: { targetPortal: '10.0.0.1', iqn: 'iqn.2001-04.com.example:x', lun: 0 } },
    { glusterfs: { endpoints: 'e', path: 'p' } },
    { rbd: { monitors: ['m'], image: 'i' } },
    { cephfs: { monitors: ['m'] } },
    { cinder: { volumeID: 'v' } },
    { fc: { targetWWNs: ['w'], lun: 1 } },
    { fc: { wwids: ['w'] } },
    { flexVolume: { driver: 'a/b' } },
    { gitRepo: { repository: 'r', directory: 'd' } },
    { gcePersistentDisk: { pdName: 'p' } },
    { awsElasticBlockStore: { volumeID: 'v' } },
    { azureDisk: { diskName: 'd', diskURI: '/subscriptions/x', kind: 'Managed' } },
    { azureDisk: { diskName: 'd', diskURI: 'https://blob', kind: 'Shared' } },
    { azureFile: { secretName: 's', shareName: 'h' } },
    { photonPersistentDisk: { pdID: 'p' } },
    { portworxVolume: { volumeID: 'v' } },
    { quobyte: { registry: 'a:1', volume: 'v' } },
    { scaleIO: { gateway: 'g', system: 's', secretRef: { name: 'x' }, volumeName: 'v' } },
    { storageos: { volumeName: 'v' } },
    { vsphereVolume: { volumePath: 'v' } },
    { flocker: { datasetName: 'd' } },
  ),
]
