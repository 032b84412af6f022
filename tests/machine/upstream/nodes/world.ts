/** Two nodes, and objects that concern one of them, the other, both or neither. */

export const NODES = ['n1', 'n2'] as const
export const TOKENS = NODES.map(
  (name, at) => `${name}-token,system:node:${name},${at},"system:nodes"\n`,
)
  .concat('odd-token,system:node:,9,"system:nodes"\n', 'out-token,system:node:n1,8\n')
  .join('')

const DRIVER = 'gpu.example.com'
const STORAGE = '/apis/storage.k8s.io/v1'
const DEVICES = '/apis/resource.k8s.io/v1'
const core = (kind: string, name: string, rest: object = {}) => ({
  apiVersion: 'v1',
  kind,
  metadata: { name },
  ...rest,
})

/** A pod that names an object of each kind under the name of its node: `secret-n1`. */
const pod = (name: string, node: string | undefined, of: string) =>
  core('Pod', name, {
    spec: {
      ...(node ? { nodeName: node } : {}),
      serviceAccountName: `sa-${of}`,
      automountServiceAccountToken: false,
      imagePullSecrets: [{ name: `pull-${of}` }],
      resourceClaims: [
        { name: 'direct', resourceClaimName: `claim-${of}` },
        { name: 'made', resourceClaimTemplateName: `template-${of}` },
      ],
      containers: [
        {
          name: 'main',
          image: 'i',
          envFrom: [
            { secretRef: { name: `secret-${of}` } },
            { configMapRef: { name: `map-${of}` } },
          ],
        },
      ],
      volumes: [
        { name: 'data', persistentVolumeClaim: { claimName: `pvc-${of}` } },
        {
          name: 'scratch',
          ephemeral: {
            volumeClaimTemplate: {
              spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
            },
          },
        },
        {
          name: 'tokens',
          projected: {
            sources: [{ serviceAccountToken: { path: 't', audience: `aud-${of}` } }],
          },
        },
        {
          name: 'csi',
          csi: { driver: 'csi.example.com', nodePublishSecretRef: { name: `publish-${of}` } },
        },
      ],
    },
  })

const volume = (name: string, claim: string) =>
  core('PersistentVolume', name, {
    spec: {
      capacity: { storage: '1Gi' },
      accessModes: ['ReadWriteOnce'],
      claimRef: { namespace: 'default', name: claim },
      csi: {
        driver: 'csi.example.com',
        volumeHandle: name,
        nodeStageSecretRef: { namespace: 'default', name: `stage-${claim}` },
        controllerPublishSecretRef: { namespace: 'default', name: `controller-${claim}` },
      },
    },
  })

const claimSpec = {
  devices: { requests: [{ name: 'r', exactly: { deviceClassName: 'gpu' } }] },
}
const deviceClaim = (name: string) => ({
  apiVersion: 'resource.k8s.io/v1',
  kind: 'ResourceClaim',
  metadata: { name },
  spec: claimSpec,
})
export const slice = (name: string, of: object) => ({
  apiVersion: 'resource.k8s.io/v1',
  kind: 'ResourceSlice',
  metadata: { name },
  spec: {
    driver: DRIVER,
    pool: { name, generation: 1, resourceSliceCount: 1 },
    devices: [],
    ...of,
  },
})

export type Made = readonly [path: string, body: object]
const NAMESPACED = '/api/v1/namespaces/default'

export const OBJECTS: readonly Made[] = [
  [
    `${STORAGE}/csidrivers`,
    {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'CSIDriver',
      metadata: { name: 'csi.example.com' },
      spec: {
        tokenRequests: [{ audience: 'csi-aud' }],
        volumeLifecycleModes: ['Persistent', 'Ephemeral'],
      },
    },
  ],
  ['/api/v1/namespaces', core('Namespace', 'other')],
  ['/api/v1/namespaces', core('Namespace', 'kube-node-lease')],
  ...['n1', 'n2', 'none'].flatMap((of): Made[] => [
    [`${NAMESPACED}/serviceaccounts`, core('ServiceAccount', `sa-${of}`)],
    ...['secret', 'pull', 'publish', `stage-pvc`, `controller-pvc`].map(
      (name): Made => [`${NAMESPACED}/secrets`, core('Secret', `${name}-${of}`)],
    ),
    [`${NAMESPACED}/configmaps`, core('ConfigMap', `map-${of}`)],
    ['/api/v1/persistentvolumes', volume(`pv-${of}`, `pvc-${of}`)],
    [
      `${NAMESPACED}/persistentvolumeclaims`,
      core('PersistentVolumeClaim', `pvc-${of}`, {
        spec: {
          accessModes: ['ReadWriteOnce'],
          volumeName: `pv-${of}`,
          storageClassName: '',
          resources: { requests: { storage: '1Gi' } },
        },
      }),
    ],
    [`${DEVICES}/namespaces/default/resourceclaims`, deviceClaim(`claim-${of}`)],
    [`${DEVICES}/namespaces/default/resourceclaims`, deviceClaim(`made-${of}`)],
  ]),
  ...NODES.flatMap((node): Made[] => [
    ['/api/v1/nodes', core('Node', node)],
    [`${NAMESPACED}/pods`, pod(`pod-${node}`, node, node)],
    [
      '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases',
      { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: node }, spec: {} },
    ],
    [
      `${STORAGE}/csinodes`,
      {
        apiVersion: 'storage.k8s.io/v1',
        kind: 'CSINode',
        metadata: { name: node },
        spec: { drivers: [] },
      },
    ],
    [
      `${STORAGE}/volumeattachments`,
      {
        apiVersion: 'storage.k8s.io/v1',
        kind: 'VolumeAttachment',
        metadata: { name: `va-${node}` },
        spec: {
          attacher: 'csi.example.com',
          nodeName: node,
          source: { persistentVolumeName: `pv-${node}` },
        },
      },
    ],
    [`${DEVICES}/resourceslices`, slice(`slice-${node}`, { nodeName: node })],
  ]),
  [`${NAMESPACED}/pods`, pod('pod-none', undefined, 'none')],
  [`${DEVICES}/resourceslices`, slice('slice-none', { allNodes: true })],
]
/** Claims that were made for pods. */
export const STATUSES: readonly Made[] = NODES.map(node => [
  `${NAMESPACED}/pods/pod-${node}/status`,
  { status: { resourceClaimStatuses: [{ name: 'made', resourceClaimName: `made-${node}` }] } },
])
