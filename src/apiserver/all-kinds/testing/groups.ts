/** Objects of the smaller groups: networking, storage, rights and what runs the cluster. */
import { condition, type Fixture, onlyMetadata } from './fixture.ts'

const role = { rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }] }
const wider = { rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get', 'list'] }] }
const binding = (kind: string) => ({
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name: 'view' },
  subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'ann' }],
})
const bound = { subjects: [{ kind: 'Group', apiGroup: 'rbac.authorization.k8s.io', name: 'dev' }] }

const ipAddress: Fixture = {
  object: { spec: { parentRef: { resource: 'services', namespace: 'default', name: 'web' } } },
  change: onlyMetadata,
  nameOf: number => `10.77.0.${number}`,
  isNamedByContent: true,
}
const serviceCidr: Fixture = {
  object: { spec: { cidrs: ['10.78.0.0/24'] } },
  change: onlyMetadata,
  status: { conditions: [condition] },
}
const volumeAttributesClass: Fixture = {
  object: { driverName: 'disk.example.com', parameters: { iops: '100' } },
  change: onlyMetadata,
}
const leaseCandidate: Fixture = {
  object: {
    spec: {
      leaseName: 'leader',
      binaryVersion: '1.36.0',
      emulationVersion: '1.36.0',
      strategy: 'OldestEmulationVersion',
    },
  },
  change: { spec: { binaryVersion: '1.36.1' } },
}
const schema = { openAPIV3Schema: { type: 'object' } }
const version = { name: 'v1', served: true, storage: true, schema }
const column = { name: 'Size', type: 'integer', jsonPath: '.size' }

export const groupObjects: Readonly<Record<string, Fixture>> = {
  'networking.k8s.io/v1 Ingress': {
    object: { spec: { defaultBackend: { service: { name: 'web', port: { number: 80 } } } } },
    change: { spec: { defaultBackend: { service: { name: 'other' } } } },
    status: { loadBalancer: { ingress: [{ ip: '10.9.0.3' }] } },
  },
  'networking.k8s.io/v1 IngressClass': {
    object: { spec: { controller: 'example.com/ingress' } },
    change: { spec: { parameters: { kind: 'Settings', name: 'a', scope: 'Cluster' } } },
  },
  'networking.k8s.io/v1 IPAddress': ipAddress,
  'networking.k8s.io/v1beta1 IPAddress': ipAddress,
  'networking.k8s.io/v1 ServiceCIDR': serviceCidr,
  'networking.k8s.io/v1beta1 ServiceCIDR': serviceCidr,
  'networking.k8s.io/v1 NetworkPolicy': {
    object: { spec: { podSelector: { matchLabels: { app: 'web' } }, policyTypes: ['Ingress'] } },
    change: { spec: { policyTypes: ['Egress'] } },
  },
  'discovery.k8s.io/v1 EndpointSlice': {
    object: {
      addressType: 'IPv4',
      endpoints: [{ addresses: ['10.9.0.1'] }],
      ports: [{ name: 'http', port: 80 }],
    },
    change: { ports: [{ name: 'http', port: 81, protocol: 'TCP' }] },
  },
  'rbac.authorization.k8s.io/v1 ClusterRole': { object: role, change: wider },
  'rbac.authorization.k8s.io/v1 Role': { object: role, change: wider },
  'rbac.authorization.k8s.io/v1 ClusterRoleBinding': {
    object: binding('ClusterRole'),
    change: bound,
  },
  'rbac.authorization.k8s.io/v1 RoleBinding': { object: binding('Role'), change: bound },
  'storage.k8s.io/v1 CSIDriver': {
    object: { spec: { attachRequired: false } },
    change: { spec: { requiresRepublish: true } },
  },
  'storage.k8s.io/v1 CSINode': {
    object: { spec: { drivers: [] } },
    change: {
      spec: { drivers: [{ name: 'disk.example.com', nodeID: 'n1', topologyKeys: ['zone'] }] },
    },
  },
  'storage.k8s.io/v1 CSIStorageCapacity': {
    object: { storageClassName: 'slow', capacity: '1Gi' },
    change: { capacity: '2Gi' },
  },
  'storage.k8s.io/v1 StorageClass': {
    object: { provisioner: 'disk.example.com' },
    change: { allowVolumeExpansion: true },
  },
  'storage.k8s.io/v1 VolumeAttachment': {
    object: {
      spec: {
        attacher: 'disk.example.com',
        nodeName: 'n1',
        source: { persistentVolumeName: 'volume' },
      },
    },
    change: onlyMetadata,
    status: { attached: true },
  },
  'storage.k8s.io/v1 VolumeAttributesClass': volumeAttributesClass,
  'storage.k8s.io/v1beta1 VolumeAttributesClass': volumeAttributesClass,
  'scheduling.k8s.io/v1 PriorityClass': {
    object: { value: 10 },
    change: { description: 'A little before others.' },
  },
  'scheduling.k8s.io/v1alpha2 PodGroup': {
    object: { spec: { schedulingPolicy: { gang: { minCount: 2 } } } },
    change: onlyMetadata,
    status: { conditions: [condition] },
  },
  'scheduling.k8s.io/v1alpha2 Workload': {
    object: {
      spec: { podGroupTemplates: [{ name: 'main', schedulingPolicy: { gang: { minCount: 2 } } }] },
    },
    change: { spec: { controllerRef: { kind: 'Job', apiGroup: 'batch', name: 'a' } } },
  },
  'coordination.k8s.io/v1 Lease': {
    object: { spec: { holderIdentity: 'a', leaseDurationSeconds: 10 } },
    change: { spec: { holderIdentity: 'b' } },
  },
  'coordination.k8s.io/v1beta1 LeaseCandidate': leaseCandidate,
  'coordination.k8s.io/v1alpha2 LeaseCandidate': leaseCandidate,
  'node.k8s.io/v1 RuntimeClass': {
    object: { handler: 'sandbox' },
    change: { overhead: { podFixed: { cpu: '10m' } } },
  },
  'flowcontrol.apiserver.k8s.io/v1 FlowSchema': {
    object: {
      spec: {
        priorityLevelConfiguration: { name: 'global-default' },
        rules: [
          {
            subjects: [{ kind: 'User', user: { name: 'ann' } }],
            resourceRules: [
              { apiGroups: ['*'], resources: ['*'], verbs: ['*'], clusterScope: true },
            ],
          },
        ],
      },
    },
    change: { spec: { matchingPrecedence: 900 } },
    status: { conditions: [{ type: 'Dangling', status: 'False', reason: 'Found' }] },
  },
  'flowcontrol.apiserver.k8s.io/v1 PriorityLevelConfiguration': {
    object: {
      spec: {
        type: 'Limited',
        limited: { nominalConcurrencyShares: 5, limitResponse: { type: 'Reject' } },
      },
    },
    change: { spec: { limited: { nominalConcurrencyShares: 6 } } },
    status: { conditions: [{ type: 'Fine', status: 'True', reason: 'Found' }] },
  },
  'internal.apiserver.k8s.io/v1alpha1 StorageVersion': {
    object: { spec: {} },
    change: onlyMetadata,
    status: {
      storageVersions: [{ apiServerID: 'a', encodingVersion: 'v1', decodableVersions: ['v1'] }],
      commonEncodingVersion: 'v1',
    },
    nameOf: number => `group${number}.things`,
  },
  'storagemigration.k8s.io/v1beta1 StorageVersionMigration': {
    object: { spec: { resource: { group: 'apps', resource: 'deployments' } } },
    change: onlyMetadata,
    status: { conditions: [condition] },
  },
  'apiextensions.k8s.io/v1 CustomResourceDefinition': {
    object: name => {
      const plural = name.split('.')[0] ?? ''
      const kind = plural.charAt(0).toUpperCase() + plural.slice(1)
      return {
        spec: {
          group: 'tried.example.com',
          scope: 'Cluster',
          names: { plural, singular: plural, kind, listKind: `${kind}List` },
          versions: [version],
        },
      }
    },
    change: { spec: { versions: [{ ...version, additionalPrinterColumns: [column] }] } },
    // Without these it would not be served any more.
    status: {
      conditions: [
        { type: 'NamesAccepted', status: 'True' },
        { type: 'Established', status: 'True' },
        { type: 'Fine', status: 'True' },
      ],
    },
    nameOf: number => `things${number}.tried.example.com`,
    isNamedByContent: true,
  },
}
