import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lines } from './testing.ts'
import { validateCommonSource } from './validation.volume-sources.ts'

const iqn = 'iqn.2026-01.com.example:disk'
const wrongSources: [string, object, string[]][] = [
  [
    'hostPath',
    { path: '/a/../b', type: 'Door' },
    [
      'at.path: Invalid value: "/a/../b": must not contain \'..\'',
      'at.type: Unsupported value: "Door": supported values: "", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"',
    ],
  ],
  [
    'gcePersistentDisk',
    { partition: 300 },
    [
      'at.pdName: Required value',
      'at.partition: Invalid value: 300: must be between 0 and 255, inclusive',
    ],
  ],
  ['nfs', { server: 'a', path: 'b' }, ['at.path: Invalid value: "b": must be an absolute path']],
  ['rbd', { monitors: [], image: 'a' }, ['at.monitors: Required value']],
  [
    'iscsi',
    { targetPortal: 'a', iqn: 'disk', lun: 256, chapAuthSession: true, initiatorName: 'iqn.x' },
    [
      'at.iqn: Invalid value: "disk": must be valid format starting with iqn, eui, or naa',
      'at.lun: Invalid value: 256: must be between 0 and 255, inclusive',
      'at.secretRef: Required value',
      'at.initiatorname: Invalid value: "iqn.x": must be valid format',
    ],
  ],
  [
    'fc',
    {},
    ['at.targetWWNs: Required value: must specify either targetWWNs or wwids, but not both'],
  ],
  [
    'fc',
    { targetWWNs: ['a'], wwids: ['b'] },
    [
      'at.targetWWNs: Invalid value: ["a"]: targetWWNs and wwids can not be specified simultaneously',
      'at.lun: Required value: lun is required if targetWWNs is specified',
    ],
  ],
  [
    'fc',
    { targetWWNs: ['a'], lun: -1 },
    ['at.lun: Invalid value: -1: must be between 0 and 255, inclusive'],
  ],
  [
    'flexVolume',
    { driver: 'a', options: { 'X.k8s.io/a': '', fine: '' } },
    [
      'at.options[X.k8s.io/a]: Invalid value: "X.k8s.io/a": kubernetes.io and k8s.io namespaces are reserved',
    ],
  ],
  ['flocker', {}, ['at: Required value: one of datasetName and datasetUUID is required']],
  [
    'flocker',
    { datasetName: 'a/b', datasetUUID: 'c' },
    [
      'at: Invalid value: "resource": datasetName and datasetUUID can not be specified simultaneously',
      'at.datasetName: Invalid value: "a/b": must not contain \'/\'',
    ],
  ],
  [
    'quobyte',
    {},
    [
      'at.registry: Required value: must be a host:port pair or multiple pairs separated by commas',
      'at.volume: Required value',
    ],
  ],
  [
    'quobyte',
    { volume: 'a' },
    ['at.registry: Required value: must be a host:port pair or multiple pairs separated by commas'],
  ],
  [
    'quobyte',
    { volume: 'a', registry: 'a:1,b' },
    [
      'at.registry: Invalid value: "a:1,b": must be a host:port pair or multiple pairs separated by commas',
    ],
  ],
  [
    'quobyte',
    { volume: 'a', registry: 'a:1', tenant: 'x'.repeat(65) },
    ['at.tenant: Required value: must be a UUID and may not exceed a length of 64 characters'],
  ],
  [
    'azureDisk',
    { diskName: 'a', diskURI: 'b', cachingMode: 'Maybe', kind: 'Managed' },
    [
      'at.cachingMode: Unsupported value: "Maybe": supported values: "None", "ReadOnly", "ReadWrite"',
      'at.diskURI: Unsupported value: "b": supported values: "/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}"',
    ],
  ],
  [
    'azureDisk',
    { diskName: 'a', diskURI: 'https://b', kind: 'Round' },
    ['at.kind: Unsupported value: "Round": supported values: "Dedicated", "Managed", "Shared"'],
  ],
  ['storageos', {}, ['at.volumeName: Required value']],
]
for (const [name, source, expected] of wrongSources)
  test(`refused as ${name}: ${JSON.stringify(source)}`, () => {
    assert.deepEqual(lines(validateCommonSource('at', name, source)), expected)
  })

test('sources that are well said are fine', () => {
  for (const [name, source] of Object.entries({
    iscsi: { targetPortal: 'a', iqn, lun: 0, initiatorName: `naa.${'0'.repeat(32)}` },
    fc: { wwids: ['a'] },
    quobyte: { volume: 'a', registry: 'a:1,[::1]:2' },
    azureDisk: { diskName: 'a', diskURI: 'https://b', kind: 'Shared' },
    csi: {},
  }))
    assert.deepEqual(lines(validateCommonSource('at', name, source)), [])
})
