import assert from 'node:assert/strict'
import { test } from 'node:test'
import { persistentVolume } from './persistent-volume.ts'
import { validateInlineVolume } from './persistent-volume.validation.ts'
import { changeProblemsOf, created, defaulted, lines, problemsOf, rowOf } from './testing.ts'

const nodes = (key = 'zone') => ({
  required: { nodeSelectorTerms: [{ matchExpressions: [{ key, operator: 'Exists' }] }] },
})
const common = { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'] }
const csi = { driver: 'disk.example.com', volumeHandle: 'a' }
const minimal = { ...common, csi }

test('a volume is kept, has a file system and is pending at first', () => {
  const creationTimestamp = '2026-01-01T00:00:00Z'
  const object = created(persistentVolume, {
    metadata: { name: 'web', creationTimestamp },
    spec: { ...common, hostPath: { path: '/data' } },
    status: { phase: 'Bound' },
  })
  assert.deepEqual(object.status, { phase: 'Pending', lastPhaseTransitionTime: creationTimestamp })
  const { persistentVolumeReclaimPolicy, volumeMode, hostPath } = object.spec
  assert.deepEqual(
    { persistentVolumeReclaimPolicy, volumeMode, hostPath },
    {
      persistentVolumeReclaimPolicy: 'Retain',
      volumeMode: 'Filesystem',
      hostPath: { path: '/data', type: '' },
    },
  )
})

const MODES =
  'supported values: "ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"'
const wrongVolumes: [string, object, string[]][] = [
  [
    'empty',
    {},
    [
      'spec.accessModes: Required value',
      'spec.capacity: Required value',
      'spec.capacity: Unsupported value: null: supported values: "storage"',
      'spec: Required value: must specify a volume type',
    ],
  ],
  [
    'of nothing and more than storage',
    { ...minimal, accessModes: ['Now'], capacity: { storage: '0', cpu: '1' } },
    [
      `spec.accessModes: Unsupported value: "Now": ${MODES}`,
      'spec.capacity: Unsupported value: {"cpu":"1","storage":"0"}: supported values: "storage"',
      'spec.capacity[storage]: Invalid value: "0": must be greater than zero',
    ],
  ],
  [
    'with unknown words',
    { ...minimal, persistentVolumeReclaimPolicy: 'Burn', volumeMode: 'Tape' },
    [
      'spec.persistentVolumeReclaimPolicy: Unsupported value: "Burn": supported values: "Delete", "Recycle", "Retain"',
      'spec.volumeMode: Unsupported value: "Tape": supported values: "Block", "Filesystem"',
    ],
  ],
  [
    'with two sources',
    { ...minimal, nfs: { server: 'a', path: '/' } },
    ['spec.csi: Forbidden: may not specify more than 1 volume type'],
  ],
  [
    'with two sources, of which upstream looks at the other first',
    { ...common, cephfs: { monitors: ['a'] }, quobyte: { registry: 'a:1', volume: 'v' } },
    ['spec.cephFS: Forbidden: may not specify more than 1 volume type'],
  ],
  [
    'with a second source that is let through',
    { ...common, flexVolume: { driver: 'a/b' }, quobyte: { registry: 'a:1', volume: 'v' } },
    [],
  ],
  [
    'with sources beside the first, in which nothing is looked for',
    { ...common, nfs: { server: 'a', path: '/' }, local: { path: '..' }, iscsi: { secretRef: {} } },
    [
      'spec.iscsi: Forbidden: may not specify more than 1 volume type',
      'spec.local: Forbidden: may not specify more than 1 volume type',
    ],
  ],
  [
    'local without nodes',
    { ...common, local: { path: '/a/../b' } },
    [
      'spec.local.path: Invalid value: "/a/../b": must not contain \'..\'',
      'spec.nodeAffinity: Required value: Local volume requires node affinity',
    ],
  ],
  [
    'with nodes that are not said',
    { ...minimal, nodeAffinity: {} },
    ['spec.nodeAffinity.required: Required value: must specify required node constraints'],
  ],
  [
    'that would recycle a whole node',
    { ...common, hostPath: { path: '//.' }, persistentVolumeReclaimPolicy: 'Recycle' },
    [
      "spec.persistentVolumeReclaimPolicy: Forbidden: may not be 'recycle' for a hostPath mount of '/'",
    ],
  ],
  [
    'with a class of attributes but no driver',
    { ...common, nfs: { server: 'a', path: '/' }, volumeAttributesClassName: '' },
    [
      'spec.volumeAttributesClassName: Required value: an empty string is disallowed',
      'spec.csi: Required value: has to be specified when using volumeAttributesClassName',
    ],
  ],
  [
    'without handle, with half a secret',
    { ...common, csi: { driver: csi.driver, nodePublishSecretRef: { name: 'a' } } },
    [
      'spec.csi.volumeHandle: Required value',
      'spec.csi.nodePublishSecretRef.namespace: Required value',
    ],
  ],
  [
    'of Gluster in no namespace',
    { ...common, glusterfs: { endpoints: 'a', path: 'b', endpointsNamespace: '' } },
    [
      'spec.glusterfs.endpointsNamespace: Invalid value: "": if the endpointnamespace is set, it must be a valid namespace name',
    ],
  ],
  [
    'of Azure files in no namespace',
    { ...common, azureFile: { secretName: 'a', shareName: 'b', secretNamespace: '' } },
    ['spec.azureFile.secretNamespace: Required value'],
  ],
  [
    'of Cinder with half a secret',
    { ...common, cinder: { volumeID: 'a', secretRef: { namespace: 'b' } } },
    ['spec.cinder.secretRef.name: Required value'],
  ],
  [
    'of StorageOS with half a secret',
    { ...common, storageos: { volumeName: 'a', secretRef: { name: 'b' } } },
    ['spec.storageos.secretRef.namespace: Required value'],
  ],
  [
    'of iSCSI without the name of a target',
    { ...common, iscsi: { targetPortal: 'a', iqn: 'b', lun: 0 } },
    ['spec.iscsi.iqn: Invalid value: "b": must be valid format'],
  ],
  [
    'a disk that nobody names, which has an older name here',
    { ...common, gcePersistentDisk: {} },
    ['spec.persistentDisk.pdName: Required value'],
  ],
  [
    'of iSCSI with a long portal',
    {
      ...common,
      iscsi: {
        targetPortal: 'x'.repeat(61),
        iqn: 'iqn.2026-01.com.example:disk',
        lun: 0,
        initiatorName: 'iqn.2026-01.com.example:node',
        secretRef: {},
      },
    },
    [
      `spec.iscsi.targetportal: Invalid value: "${'x'.repeat(61)}": Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.`,
      'spec.iscsi.secretRef.name: Required value',
    ],
  ],
]
for (const [name, spec, expected] of wrongVolumes)
  test(`a volume is refused: ${name}`, () => {
    assert.deepEqual(problemsOf(persistentVolume, { spec }), expected)
  })

test('volumes that are well said are fine', () => {
  for (const spec of [
    minimal,
    { ...common, local: { path: '/a' }, nodeAffinity: nodes() },
    { ...common, azureFile: { secretName: 'a', shareName: 'b' } },
    { ...minimal, volumeAttributesClassName: 'fast', storageClassName: 'slow' },
  ])
    assert.deepEqual(problemsOf(persistentVolume, { spec }), [])
})

test('a volume inside an attachment has a driver and little else', () => {
  const { spec } = defaulted(persistentVolume, {
    spec: {
      ...common,
      nfs: { server: 'a', path: '/' },
      claimRef: { name: 'a' },
      nodeAffinity: nodes(),
      storageClassName: 'fast',
      persistentVolumeReclaimPolicy: 'Delete',
      volumeMode: 'Block',
    },
  })
  const NOT_INLINE = 'may not be specified in the context of inline volumes'
  assert.deepEqual(lines(validateInlineVolume('inline', spec)), [
    `inline.claimRef: Forbidden: ${NOT_INLINE}`,
    `inline.capacity: Forbidden: ${NOT_INLINE}`,
    'inline.csi: Required value: has to be specified in the context of inline volumes',
    'inline.persistentVolumeReclaimPolicy: Forbidden: may only be Retain in the context of inline volumes',
    `inline.nodeAffinity: Forbidden: ${NOT_INLINE}`,
    `inline.storageClassName: Forbidden: ${NOT_INLINE}`,
    'inline.volumeMode: Forbidden: may not specify volumeMode other than Filesystem in the context of inline volumes',
  ])
  const fine = defaulted(persistentVolume, { spec: { csi, accessModes: ['ReadWriteOnce'] } })
  assert.deepEqual(lines(validateInlineVolume('inline', fine.spec)), [])
})

const secret = { name: 'a', namespace: 'b' }
const changes: [string, object, object, string[]][] = [
  ['its size, claim and class', minimal, { ...minimal, capacity: { storage: '2Gi' } }, []],
  [
    'not its place',
    minimal,
    { ...minimal, csi: { ...csi, volumeHandle: 'b' } },
    [
      'spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after creation\n- spec.csi.volumeHandle: "a"\n+ spec.csi.volumeHandle: "b"\n',
    ],
  ],
  [
    'the secret for growing may come',
    minimal,
    { ...minimal, csi: { ...csi, controllerExpandSecretRef: secret } },
    [],
  ],
  [
    'not its mode',
    minimal,
    { ...minimal, volumeMode: 'Block' },
    ['volumeMode: Invalid value: "Block": field is immutable'],
  ],
  ['nodes may come', minimal, { ...minimal, nodeAffinity: nodes() }, []],
  [
    'not change',
    { ...minimal, nodeAffinity: nodes() },
    { ...minimal, nodeAffinity: nodes('rack') },
    [
      'nodeAffinity: Invalid value: {"Required":{"NodeSelectorTerms":[{"MatchExpressions":[{"Key":"rack","Operator":"Exists","Values":null}],"MatchFields":null}]}}: field is immutable, except for updating from beta label to GA',
    ],
  ],
  [
    'nor go',
    { ...minimal, nodeAffinity: nodes() },
    minimal,
    [
      'nodeAffinity: Invalid value: null: field is immutable, except for updating from beta label to GA',
    ],
  ],
  [
    'no label is refused for itself',
    { ...minimal, nodeAffinity: nodes('rack') },
    { ...minimal, nodeAffinity: nodes('') },
    [],
  ],
  [
    'a label may follow its new name',
    { ...minimal, nodeAffinity: nodes('failure-domain.beta.kubernetes.io/zone') },
    { ...minimal, nodeAffinity: nodes('topology.kubernetes.io/zone') },
    [],
  ],
  [
    'the class of attributes does not go',
    { ...minimal, volumeAttributesClassName: 'a' },
    minimal,
    ['spec.volumeAttributesClassName: Forbidden: update from non-nil value to nil is forbidden'],
  ],
]
for (const [name, before, after, expected] of changes)
  test(`changing a volume: ${name}`, () => {
    assert.deepEqual(
      changeProblemsOf(persistentVolume, { spec: before }, { spec: after }),
      expected,
    )
  })

test('what is on its way out is told', () => {
  const annotations = { 'volume.beta.kubernetes.io/storage-class': 'fast' }
  const object = defaulted(persistentVolume, {
    metadata: { name: 'web', annotations },
    spec: {
      ...common,
      rbd: { monitors: ['a'], image: 'b' },
      persistentVolumeReclaimPolicy: 'Recycle',
      nodeAffinity: nodes('beta.kubernetes.io/os'),
    },
  })
  assert.deepEqual(persistentVolume.warnings(object, undefined), [
    'metadata.annotations[volume.beta.kubernetes.io/storage-class]: deprecated since v1.8; use "storageClassName" attribute instead',
    'spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.',
    'spec.nodeAffinity.required.nodeSelectorTerms[0].matchExpressions[0].key: beta.kubernetes.io/os is deprecated since v1.14; use "kubernetes.io/os" instead',
    'spec.rbd: deprecated in v1.28, non-functional in v1.31+',
  ])
  assert.deepEqual(
    persistentVolume.warnings(created(persistentVolume, { spec: minimal }), undefined),
    [],
  )
})

test('kubectl get shows a volume and its claim', () => {
  const object = defaulted(persistentVolume, {
    spec: {
      ...minimal,
      claimRef: { namespace: 'default', name: 'data' },
      storageClassName: 'fast',
    },
    status: { phase: 'Bound', reason: 'Why' },
  })
  assert.deepEqual(rowOf(persistentVolume, object), {
    Name: 'web',
    Capacity: '1Gi',
    'Access Modes': 'RWO',
    'Reclaim Policy': 'Retain',
    Status: 'Bound',
    Claim: 'default/data',
    StorageClass: 'fast',
    VolumeAttributesClass: '<unset>',
    Reason: 'Why',
    Age: '<unknown>',
    VolumeMode: 'Filesystem',
  })
})
