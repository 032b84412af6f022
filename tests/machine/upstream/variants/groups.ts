/** Networking, storage, rights and what runs the cluster. */
import { encodedRequest } from '#base/pki/testing.ts'
import type { Plain } from '../../../../src/apiserver/all-kinds/testing/fixture.ts'
import { onlyMetadata } from '../../../../src/apiserver/all-kinds/testing/fixture.ts'
import { matchLabels, selector } from './selector.ts'
import type { Variant, Variants } from './variant.ts'

const path = (more: Plain) => ({ path: '/a', pathType: 'Prefix', backend: more })
const backend = { service: { name: 'web', port: { name: 'http' } } }
const user = { kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'ann' }
const account = { kind: 'ServiceAccount', namespace: 'default', name: 'default' }
const volumeSource = (spec: Plain): Variant => ({
  title: `inline ${Object.keys(spec)}`,
  object: {
    spec: {
      attacher: 'd.example.com',
      nodeName: 'n1',
      source: {
        inlineVolumeSpec: { accessModes: ['ReadWriteOnce'], ...spec },
      },
    },
  },
})
const schemaRules = [
  {
    subjects: [
      { kind: 'Group', group: { name: 'g' } },
      { kind: 'ServiceAccount', serviceAccount: { namespace: 'n', name: '*' } },
    ],
    resourceRules: [
      {
        apiGroups: ['apps'],
        resources: ['deployments', 'deployments/status'],
        verbs: ['get'],
        namespaces: ['a', 'b'],
      },
    ],
    nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['/healthz', '/a/*'] }],
  },
]

export const groupVariants: Variants = {
  'policy/v1 PodDisruptionBudget': [
    {
      title: 'most unavailable',
      object: {
        spec: { maxUnavailable: '30%', selector, unhealthyPodEvictionPolicy: 'AlwaysAllow' },
      },
      change: onlyMetadata,
      status: {
        observedGeneration: 1,
        disruptedPods: { p: '2026-01-02T03:04:05Z' },
        disruptionsAllowed: 1,
        currentHealthy: 2,
        desiredHealthy: 1,
        expectedPods: 3,
      },
    },
    {
      title: 'all pods',
      object: { spec: { minAvailable: '100%', selector: {} } },
      change: onlyMetadata,
    },
  ],
  'networking.k8s.io/v1 Ingress': [
    {
      title: 'rules',
      object: {
        spec: {
          ingressClassName: 'c',
          tls: [{ hosts: ['a.example.com'], secretName: 's' }, {}],
          rules: [
            {
              host: '*.example.com',
              http: {
                paths: [
                  path(backend),
                  path({ resource: { apiGroup: 'x.example.com', kind: 'Bucket', name: 'b' } }),
                ],
              },
            },
            {
              http: {
                paths: [
                  {
                    ...path({ service: { name: 'w', port: { number: 8080 } } }),
                    pathType: 'ImplementationSpecific',
                  },
                ],
              },
            },
            { host: 'b.example.com' },
          ],
        },
      },
      change: onlyMetadata,
      status: {
        loadBalancer: {
          ingress: [
            { hostname: 'h', ports: [{ port: 80, protocol: 'TCP', error: 'Slow' }] },
            { ip: '10.0.0.1' },
          ],
        },
      },
    },
    {
      title: 'resource',
      object: {
        spec: {
          defaultBackend: { resource: { apiGroup: 'x.example.com', kind: 'Bucket', name: 'b' } },
        },
      },
      change: onlyMetadata,
    },
  ],
  'networking.k8s.io/v1 IngressClass': [
    {
      title: 'namespace',
      object: {
        spec: {
          controller: 'example.com/c',
          parameters: { apiGroup: 'x', kind: 'K', name: 'n', scope: 'Namespace', namespace: 'm' },
        },
      },
    },
  ],
  'networking.k8s.io/v1 NetworkPolicy': [
    {
      title: 'peers',
      object: {
        spec: {
          podSelector: selector,
          ingress: [
            {
              from: [
                { podSelector: selector, namespaceSelector: selector },
                { ipBlock: { cidr: '10.0.0.0/8', except: ['10.1.0.0/16'] } },
              ],
              ports: [{ port: 80, endPort: 90 }, { port: 'http', protocol: 'UDP' }, {}],
            },
            {},
          ],
          egress: [{ to: [{ namespaceSelector: {} }], ports: [{ protocol: 'SCTP' }] }],
        },
      },
      change: onlyMetadata,
    },
  ],
  'discovery.k8s.io/v1 EndpointSlice': [
    {
      title: 'hints',
      object: {
        addressType: 'IPv6',
        endpoints: [
          {
            addresses: ['fd00::1', 'fd00::2'],
            conditions: { ready: true, serving: true, terminating: false },
            hostname: 'h',
            targetRef: { kind: 'Pod', name: 'p', namespace: 'default' },
            nodeName: 'n1',
            zone: 'z',
            hints: { forZones: [{ name: 'z' }], forNodes: [{ name: 'n1' }] },
            deprecatedTopology: { a: 'b' },
          },
        ],
        ports: [{ name: '', port: 80, protocol: 'TCP', appProtocol: 'h2c' }, { name: 'x' }],
      },
      change: onlyMetadata,
    },
    {
      title: 'FQDN',
      object: {
        addressType: 'FQDN',
        endpoints: [{ addresses: ['a.example.com'], conditions: {} }],
      },
      change: onlyMetadata,
    },
  ],
  'rbac.authorization.k8s.io/v1 ClusterRole': [
    {
      title: 'paths',
      object: {
        rules: [
          { nonResourceURLs: ['/healthz', '/x/*'], verbs: ['get'] },
          {
            apiGroups: ['apps', ''],
            resources: ['pods/log', '*'],
            resourceNames: ['a'],
            verbs: ['*'],
          },
        ],
      },
    },
    {
      title: 'aggregation',
      object: { aggregationRule: { clusterRoleSelectors: [selector, { matchLabels }] } },
      change: onlyMetadata,
    },
  ],
  'rbac.authorization.k8s.io/v1 RoleBinding': [
    {
      title: 'account',
      object: {
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
        subjects: [account, user],
      },
    },
  ],
  'rbac.authorization.k8s.io/v1 ClusterRoleBinding': [
    {
      title: 'account',
      object: {
        roleRef: { kind: 'ClusterRole', name: 'view', apiGroup: 'rbac.authorization.k8s.io' },
        subjects: [account, { kind: 'Group', name: 'g' }],
      },
    },
  ],
  'storage.k8s.io/v1 CSIDriver': [
    {
      title: 'tokens',
      object: {
        spec: {
          attachRequired: true,
          podInfoOnMount: true,
          volumeLifecycleModes: ['Persistent', 'Ephemeral'],
          storageCapacity: true,
          fsGroupPolicy: 'File',
          tokenRequests: [{ audience: 'a', expirationSeconds: 900 }, { audience: '' }],
          requiresRepublish: true,
          seLinuxMount: true,
          nodeAllocatableUpdatePeriodSeconds: 30,
          serviceAccountTokenInSecrets: true,
        },
      },
    },
    { title: 'nothing', object: { spec: {} } },
  ],
  'storage.k8s.io/v1 CSINode': [
    {
      title: 'count',
      object: {
        spec: {
          drivers: [
            {
              name: 'd.example.com',
              nodeID: 'n',
              topologyKeys: ['a', 'b'],
              allocatable: { count: 7 },
            },
            { name: 'e.example.com', nodeID: 'n' },
          ],
        },
      },
      change: onlyMetadata,
    },
  ],
  'storage.k8s.io/v1 CSIStorageCapacity': [
    {
      title: 'topology',
      object: {
        storageClassName: 'slow',
        nodeTopology: selector,
        capacity: '1.5Gi',
        maximumVolumeSize: '1000Mi',
      },
    },
  ],
  'storage.k8s.io/v1 StorageClass': [
    {
      title: 'topologies',
      object: {
        provisioner: 'd.example.com',
        parameters: { a: 'b' },
        reclaimPolicy: 'Retain',
        mountOptions: ['ro'],
        allowVolumeExpansion: true,
        volumeBindingMode: 'WaitForFirstConsumer',
        allowedTopologies: [{ matchLabelExpressions: [{ key: 'zone', values: ['a', 'b'] }] }],
      },
      change: onlyMetadata,
    },
  ],
  'storage.k8s.io/v1 VolumeAttachment': [
    {
      ...volumeSource({ csi: { driver: 'd.example.com', volumeHandle: 'h' } }),
      status: {
        attached: false,
        attachError: { time: '2026-01-02T03:04:05Z', message: 'm', errorCode: 3 },
        detachError: { message: 'd' },
        attachmentMetadata: { a: 'b' },
      },
    },
  ],
  'scheduling.k8s.io/v1 PriorityClass': [
    { title: 'never', object: { value: -10, preemptionPolicy: 'Never', description: 'd' } },
  ],
  'node.k8s.io/v1 RuntimeClass': [
    {
      title: 'scheduling',
      object: {
        handler: 'h',
        overhead: { podFixed: { cpu: '0.25', memory: '100Mi' } },
        scheduling: {
          nodeSelector: { a: 'b' },
          tolerations: [
            { key: 'a', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 5 },
          ],
        },
      },
    },
  ],
  'coordination.k8s.io/v1 Lease': [
    {
      title: 'strategy',
      object: {
        spec: {
          holderIdentity: 'h',
          leaseDurationSeconds: 5,
          acquireTime: '2026-01-02T03:04:05.000006Z',
          renewTime: '2026-01-02T03:04:05.100000Z',
          leaseTransitions: 3,
        },
      },
    },
  ],
  'flowcontrol.apiserver.k8s.io/v1 FlowSchema': [
    {
      title: 'paths',
      object: {
        spec: {
          priorityLevelConfiguration: { name: 'workload-low' },
          matchingPrecedence: 7777,
          distinguisherMethod: { type: 'ByNamespace' },
          rules: schemaRules,
        },
      },
    },
    {
      title: 'by user',
      object: {
        spec: {
          priorityLevelConfiguration: { name: 'none' },
          distinguisherMethod: { type: 'ByUser' },
          rules: schemaRules,
        },
      },
    },
  ],
  'flowcontrol.apiserver.k8s.io/v1 PriorityLevelConfiguration': [
    {
      title: 'queue',
      object: {
        spec: {
          type: 'Limited',
          limited: {
            nominalConcurrencyShares: 5,
            lendablePercent: 20,
            borrowingLimitPercent: 30,
            limitResponse: {
              type: 'Queue',
              queuing: { queues: 16, handSize: 4, queueLengthLimit: 20 },
            },
          },
        },
      },
    },
    {
      title: 'queue by default',
      object: {
        spec: { type: 'Limited', limited: { limitResponse: { type: 'Queue', queuing: {} } } },
      },
    },
  ],
  'certificates.k8s.io/v1 CertificateSigningRequest': [
    {
      title: 'kubelet',
      object: {
        spec: {
          request: encodedRequest(),
          signerName: 'example.com/x',
          usages: ['client auth', 'digital signature'],
          expirationSeconds: 3600,
          username: 'other',
          groups: ['a'],
          uid: 'u',
          extra: { a: ['b'] },
        },
      },
    },
  ],
}
