/** Services, volumes, nodes and the small kinds of the core. */
import type { Plain } from '../../../../src/apiserver/all-kinds/testing/fixture.ts'
import type { Variant, Variants } from './variant.ts'

const ports = [
  { name: 'http', port: 80, targetPort: 'web', appProtocol: 'kubernetes.io/h2c' },
  { name: 'dns', port: 53, protocol: 'UDP' },
]
const service = (title: string, spec: Plain): Variant => ({
  title,
  object: { spec: { selector: { app: 'web' }, ports, ...spec } },
})
const balanced = {
  loadBalancer: {
    ingress: [
      { ip: '10.9.0.3', ipMode: 'VIP', ports: [{ port: 80, protocol: 'TCP', error: 'Slow' }] },
      { hostname: 'a.b' },
    ],
  },
}
const services: readonly Variant[] = [
  service('ClusterIP', {
    type: 'ClusterIP',
    sessionAffinity: 'ClientIP',
    internalTrafficPolicy: 'Local',
  }),
  service('NodePort', {
    type: 'NodePort',
    externalIPs: ['1.2.3.4'],
    ports: [{ port: 80, nodePort: 30_080 }],
  }),
  {
    ...service('LoadBalancer', {
      type: 'LoadBalancer',
      externalTrafficPolicy: 'Local',
      loadBalancerClass: 'example.com/lb',
      loadBalancerSourceRanges: ['10.0.0.0/8'],
      sessionAffinity: 'ClientIP',
      sessionAffinityConfig: { clientIP: { timeoutSeconds: 30 } },
    }),
    status: balanced,
  },
  {
    ...service('LoadBalancer without node ports', {
      type: 'LoadBalancer',
      allocateLoadBalancerNodePorts: false,
    }),
    status: balanced,
  },
  service('ExternalName', { type: 'ExternalName', externalName: 'a.example.com' }),
  {
    title: 'ExternalName without ports',
    object: { spec: { type: 'ExternalName', externalName: 'a.example.com' } },
  },
  service('headless', {
    clusterIP: 'None',
    publishNotReadyAddresses: true,
    trafficDistribution: 'PreferClose',
  }),
  {
    title: 'headless without ports',
    object: { spec: { clusterIP: 'None', selector: { a: 'b' } } },
  },
  { title: 'without selector', object: { spec: { ports } } },
  service('both families preferred', {
    ipFamilyPolicy: 'PreferDualStack',
    trafficDistribution: 'PreferSameNode',
  }),
]

const nodeAffinity = {
  required: {
    nodeSelectorTerms: [
      { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: ['n1'] }] },
    ],
  },
}
const volume = (source: Plain, more: Plain = {}): Variant => ({
  title: Object.keys(source).join(),
  object: {
    spec: {
      accessModes: ['ReadWriteOnce', 'ReadOnlyMany'],
      capacity: { storage: '1Gi' },
      ...source,
      ...more,
    },
  },
  change: { metadata: { annotations: { changed: 'yes' } } },
})
const secretRef = { name: 's', namespace: 'n' }
const persistentVolumes: readonly Variant[] = [
  volume({ local: { path: '/x' } }, { nodeAffinity, volumeMode: 'Block' }),
  volume(
    { nfs: { server: 's', path: '/p' } },
    { mountOptions: ['ro', 'soft'], persistentVolumeReclaimPolicy: 'Recycle' },
  ),
  volume(
    {
      csi: {
        driver: 'd.example.com',
        volumeHandle: 'h',
        volumeAttributes: { a: 'b' },
        controllerPublishSecretRef: secretRef,
        nodeStageSecretRef: secretRef,
        nodePublishSecretRef: secretRef,
        controllerExpandSecretRef: secretRef,
        nodeExpandSecretRef: secretRef,
      },
    },
    { storageClassName: 'slow', volumeAttributesClassName: 'gold' },
  ),
  volume({
    iscsi: { targetPortal: '10.0.0.1', iqn: 'iqn.2001-04.com.example:x', lun: 0, secretRef },
  }),
  volume({ glusterfs: { endpoints: 'e', path: 'p' } }),
  volume({ rbd: { monitors: ['m'], image: 'i' } }),
  volume({ cephfs: { monitors: ['m'] } }),
  volume({ cinder: { volumeID: 'v' } }),
  volume({ fc: { targetWWNs: ['w'], lun: 1 } }),
  volume({ flexVolume: { driver: 'a/b' } }),
  volume({ gcePersistentDisk: { pdName: 'p' } }),
  volume({ awsElasticBlockStore: { volumeID: 'v' } }),
  volume({ azureDisk: { diskName: 'd', diskURI: '/subscriptions/x', kind: 'Managed' } }),
  volume({ azureFile: { secretName: 's', shareName: 'h' } }),
  volume({ photonPersistentDisk: { pdID: 'p' } }),
  volume({ portworxVolume: { volumeID: 'v' } }),
  volume({ quobyte: { registry: 'a:1', volume: 'v' } }),
  volume({ scaleIO: { gateway: 'g', system: 's', secretRef, volumeName: 'v' } }),
  volume({ storageos: { volumeName: 'v' } }),
  volume({ vsphereVolume: { volumePath: 'v' } }),
  volume({ flocker: { datasetName: 'd' } }),
  volume(
    { hostPath: { path: '/x', type: 'Directory' } },
    {
      claimRef: {
        namespace: 'n',
        name: 'c',
        kind: 'PersistentVolumeClaim',
        apiVersion: 'v1',
        uid: 'u',
      },
    },
  ),
]

const claimSpec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } }
const claim = (title: string, spec: Plain): Variant => ({
  title,
  object: { spec: { ...claimSpec, ...spec } },
})
const claims: readonly Variant[] = [
  claim('selector', {
    selector: { matchLabels: { a: 'b' }, matchExpressions: [{ key: 'c', operator: 'Exists' }] },
    volumeMode: 'Block',
  }),
  claim('source of its kind', { dataSource: { kind: 'PersistentVolumeClaim', name: 'old' } }),
  claim('snapshot', {
    dataSource: { kind: 'VolumeSnapshot', apiGroup: 'snapshot.storage.k8s.io', name: 'old' },
  }),
  claim('reference', { dataSourceRef: { kind: 'Thing', apiGroup: 'example.com', name: 'old' } }),
  claim('class', {
    storageClassName: 'slow',
    volumeAttributesClassName: 'gold',
    accessModes: ['ReadWriteOncePod'],
  }),
  {
    ...claim('volume', { volumeName: 'v', storageClassName: '' }),
    status: {
      phase: 'Bound',
      accessModes: ['ReadWriteOnce'],
      capacity: { storage: '1Gi' },
      allocatedResources: { storage: '2Gi' },
      allocatedResourceStatuses: { storage: 'ControllerResizeInProgress' },
      modifyVolumeStatus: { status: 'Pending', targetVolumeAttributesClassName: 'gold' },
    },
  },
]

const limit = (type: string, more: Plain): Variant => ({
  title: type,
  object: { spec: { limits: [{ type, ...more }] } },
  change: { metadata: { annotations: { changed: 'yes' } } },
})
const secret = (type: string, data: Plain): Variant => ({
  title: type,
  object: { type, data },
  change: { metadata: { labels: { a: 'b' } } },
})
const cpu = (amount: string) => ({ cpu: amount, memory: '1Gi' })
const involved = {
  kind: 'Pod',
  namespace: 'default',
  name: 'web',
  apiVersion: 'v1',
  uid: 'u',
  resourceVersion: '3',
  fieldPath: 'spec.containers{main}',
}

export const coreVariants: Variants = {
  'v1 Service': services,
  'v1 PersistentVolume': persistentVolumes,
  'v1 PersistentVolumeClaim': claims,
  'v1 Node': [
    {
      title: 'status',
      object: {
        spec: {
          podCIDR: '10.200.2.0/24',
          podCIDRs: ['10.200.2.0/24', 'fd00:1::/64'],
          providerID: 'a://b',
          taints: [
            { key: 'a', value: 'b', effect: 'NoSchedule' },
            { key: 'c', effect: 'NoExecute', timeAdded: '2026-01-02T03:04:05Z' },
          ],
        },
      },
      status: {
        capacity: { cpu: '4', memory: '8Gi', pods: '110', 'example.com/x': '3' },
        allocatable: { cpu: '3900m', memory: '7.5Gi' },
        addresses: [
          { type: 'InternalIP', address: '10.0.0.1' },
          { type: 'Hostname', address: 'h' },
        ],
        images: [{ names: ['a@sha256:b', 'a:1'], sizeBytes: 7 }],
        volumesInUse: ['kubernetes.io/csi/x'],
        volumesAttached: [{ name: 'kubernetes.io/csi/x', devicePath: '/d' }],
        nodeInfo: { kubeletVersion: 'v1.36.0', osImage: 'x', swap: { capacity: 7 } },
        runtimeHandlers: [
          { name: 'runc', features: { recursiveReadOnlyMounts: true, userNamespaces: false } },
        ],
        declaredFeatures: ['A'],
      },
    },
  ],
  'v1 Namespace': [
    {
      title: 'finalizers',
      object: { spec: { finalizers: ['kubernetes', 'example.com/mine'] } },
      status: { phase: 'Active' },
    },
  ],
  'v1 LimitRange': [
    limit('Container', {
      max: cpu('3'),
      min: cpu('100m'),
      default: cpu('2'),
      defaultRequest: cpu('1'),
      maxLimitRequestRatio: { cpu: '20' },
    }),
    limit('Pod', { max: cpu('3'), min: cpu('100m'), maxLimitRequestRatio: { cpu: '20' } }),
    limit('PersistentVolumeClaim', { max: { storage: '5Gi' }, min: { storage: '1Gi' } }),
    limit('example.com/thing', { max: { 'example.com/x': '5' } }),
  ],
  'v1 ResourceQuota': [
    {
      title: 'scopes',
      object: {
        spec: {
          hard: { pods: '40', 'requests.cpu': '100', 'limits.memory': '1Ti' },
          scopes: ['NotTerminating', 'NotBestEffort'],
          scopeSelector: {
            matchExpressions: [{ scopeName: 'PriorityClass', operator: 'In', values: ['high'] }],
          },
        },
      },
      status: {
        hard: { pods: '40', 'requests.cpu': '100' },
        used: { pods: '1', 'requests.cpu': '1500m' },
      },
    },
    {
      title: 'counts',
      object: {
        spec: {
          hard: {
            'count/deployments.apps': '40k',
            'requests.storage': '500Ti',
            'slow.storageclass.storage.k8s.io/requests.storage': '9Ti',
            services: '100',
            'services.nodeports': '90',
            configmaps: '10k',
          },
        },
      },
    },
  ],
  'v1 Secret': [
    secret('kubernetes.io/dockerconfigjson', { '.dockerconfigjson': 'e30=' }),
    secret('kubernetes.io/dockercfg', { '.dockercfg': 'e30=' }),
    secret('kubernetes.io/basic-auth', { username: 'YQ==', password: 'YQ==' }),
    secret('kubernetes.io/ssh-auth', { 'ssh-privatekey': 'YQ==' }),
    secret('example.com/own', { a: '' }),
    {
      title: 'texts',
      object: { stringData: { a: 'b', c: '' }, data: { a: 'YQ==' }, immutable: true },
      change: { metadata: { labels: { a: 'b' } } },
    },
  ],
  'v1 ConfigMap': [
    {
      title: 'bytes',
      object: {
        data: { a: 'x\ny <&>\\ "', empty: '' },
        binaryData: { b: '/w==' },
        immutable: true,
      },
      change: { metadata: { labels: { a: 'b' } } },
    },
  ],
  'v1 ServiceAccount': [
    {
      title: 'secrets',
      object: {
        secrets: [{ name: 's' }, { name: 't', namespace: 'x' }],
        imagePullSecrets: [{ name: 'p' }],
      },
    },
  ],
  'v1 Endpoints': [
    {
      title: 'not ready',
      object: {
        subsets: [
          {
            addresses: [
              { ip: '10.9.0.2', hostname: 'h', nodeName: 'n1', targetRef: involved },
              { ip: '10.9.0.1' },
            ],
            notReadyAddresses: [{ ip: '10.9.0.9' }],
            ports: [
              { name: 'b', port: 81, appProtocol: 'http' },
              { name: 'a', port: 80, protocol: 'UDP' },
            ],
          },
          {
            notReadyAddresses: [{ ip: 'fd00::1' }],
            ports: [{ port: 9, protocol: 'SCTP', name: 'x' }],
          },
        ],
      },
    },
  ],
  'v1 Event': [
    {
      title: 'series',
      object: {
        involvedObject: involved,
        related: involved,
        reason: 'R',
        message: 'm',
        action: 'A',
        eventTime: '2026-01-02T03:04:05.000006Z',
        reportingComponent: 'example.com/c',
        reportingInstance: 'i',
        type: 'Warning',
        series: { count: 3, lastObservedTime: '2026-01-02T03:04:06.000000Z' },
      },
      change: { metadata: { labels: { a: 'b' } } },
    },
    {
      title: 'source',
      object: {
        involvedObject: involved,
        reason: 'R',
        message: 'm',
        source: { component: 'c', host: 'h' },
        firstTimestamp: '2026-01-02T03:04:05Z',
        lastTimestamp: '2026-01-02T03:05:05Z',
        count: 4,
        type: 'Normal',
      },
    },
  ],
  'events.k8s.io/v1 Event': [
    {
      title: 'old source',
      object: {
        regarding: involved,
        related: involved,
        reason: 'R',
        note: 'n',
        action: 'A',
        type: 'Warning',
        eventTime: '2026-01-02T03:04:05.000006Z',
        reportingController: 'example.com/c',
        reportingInstance: 'i',
        series: { count: 3, lastObservedTime: '2026-01-02T03:04:06.000000Z' },
      },
      change: { metadata: { labels: { a: 'b' } } },
    },
  ],
}
