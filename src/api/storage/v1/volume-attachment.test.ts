import assert from 'node:assert/strict'
import { test } from 'node:test'
import { created, defaulted, lines, rowOf, updated } from '../../core/v1/testing.ts'
import { volumeAttachment as kind } from './volume-attachment.ts'

const SUBDOMAIN =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
const spec = {
  attacher: 'disk.example.com',
  source: { persistentVolumeName: 'pv1' },
  nodeName: 'n1',
}
const problems = (change: object) => {
  const object = created(kind, { spec: { ...spec, ...change } })
  return lines([...kind.validate(object), ...kind.validateCreate(object)])
}
const inlineVolumeSpec = {
  accessModes: ['ReadWriteOnce'],
  persistentVolumeReclaimPolicy: 'Retain',
  csi: { driver: 'disk.example.com', volumeHandle: 'h' },
}
const JUST_ONE = 'must specify exactly one of inlineVolumeSpec and persistentVolumeName'

test('an attachment begins without being attached', () => {
  const object = created(kind, { spec, status: { attached: true } })
  assert.deepEqual(object.status, { attached: false })
  assert.deepEqual(problems({}), [])
  assert.deepEqual(problems({ source: { inlineVolumeSpec } }), [])
})

const wrongAttachments: [string, object, string[]][] = [
  [
    'by nobody, to nowhere',
    { attacher: '', nodeName: '' },
    ['spec.attacher: Required value', `spec.nodeName: Invalid value: "": ${SUBDOMAIN}`],
  ],
  ['of nothing', { source: {} }, [`spec.source: Required value: ${JUST_ONE}`]],
  [
    'of two volumes',
    { source: { persistentVolumeName: 'a', inlineVolumeSpec } },
    [`spec.source: Forbidden: ${JUST_ONE}`],
  ],
  [
    'of a volume without name',
    { source: { persistentVolumeName: '' } },
    [
      'spec.source.persistentVolumeName: Required value: must specify non empty persistentVolumeName',
      `spec.source.persistentVolumeName: Invalid value: "": ${SUBDOMAIN}`,
    ],
  ],
  [
    'of an inline volume with a class',
    { source: { inlineVolumeSpec: { ...inlineVolumeSpec, storageClassName: 'fast' } } },
    [
      'spec.source.inlineVolumeSpec.storageClassName: Forbidden: may not be specified in the context of inline volumes',
    ],
  ],
]
for (const [name, change, expected] of wrongAttachments)
  test(`refused attachment ${name}`, () => {
    assert.deepEqual(problems(change), expected)
  })

test('an attachment never changes but in its status', () => {
  const previous = created(kind, { spec })
  const next = updated(kind, previous, {
    spec: { ...spec, nodeName: 'n2' },
    status: { attached: true },
  })
  assert.deepEqual(next.status, { attached: false })
  assert.deepEqual(lines(kind.validateUpdate(next, previous)), [
    'spec: Invalid value: {"Attacher":"disk.example.com","Source":{"PersistentVolumeName":"pv1","InlineVolumeSpec":null},"NodeName":"n2"}: field is immutable',
  ])
  const other = updated(kind, previous, { spec: { ...spec, attacher: 'Not_Valid!' } })
  const [first = '', second = ''] = lines(kind.validateUpdate(other, previous))
  assert.match(first, /^spec\.attacher: Invalid value: "Not_Valid!": a lowercase RFC 1123/)
  assert.match(second, /^spec: .*: field is immutable$/)
})

test('a status is not too long', () => {
  const check = (status: object) => {
    const object = defaulted(kind, { spec, status: { attached: true, ...status } })
    return lines(kind.validateStatusUpdate(object, object))
  }
  assert.deepEqual(
    check({ attachmentMetadata: { a: 'b' }, attachError: { message: 'm', errorCode: 0 } }),
    [],
  )
  assert.deepEqual(
    check({
      attachmentMetadata: { a: 'x'.repeat(256 * 1024) },
      attachError: { message: 'x'.repeat(1025) },
      detachError: { errorCode: -1 },
    }),
    [
      'status.attachmentMetadata: Too long: may not be more than 262144 bytes',
      'status.attachError.message: Too long: may not be more than 262144 bytes',
      'status.detachError.errorCode: Invalid value: -1: must be between 0 and 2147483647, inclusive',
    ],
  )
})

test('kubectl get shows an attachment', () => {
  assert.deepEqual(rowOf(kind, created(kind, { spec })), {
    Name: 'web',
    Attacher: 'disk.example.com',
    PV: 'pv1',
    Node: 'n1',
    Attached: false,
    Age: '<unknown>',
  })
})
