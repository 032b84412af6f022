/** The words and the order are those that upstream's server answers with. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { validatingAdmissionPolicy } from '../../admissionregistration/v1/validating-admission-policy.ts'
import { customResourceDefinition } from '../../apiextensions/v1/custom-resource-definition.ts'
import { configMap } from '../../core/v1/config-map.ts'
import { pod } from '../../core/v1/pod/pod.ts'
import type { AnyKind } from '../kind.ts'
import { isPlainObject, type PlainObject } from '../plain.ts'
import { mistakeInShape } from './in-json.ts'
import { mistakeInPatched } from './in-patched.ts'
import { inOrderAlong, inOrderOfNames } from './order.ts'

const inBody = (kind: AnyKind, body: unknown) =>
  mistakeInShape(kind.shape, body)?.replace('json: cannot unmarshal ', '')
const ofPod = (spec: object) => inBody(pod, { spec })
const ofContainer = (container: object) => ofPod({ containers: [container] })

test('messages name what a field is embedded in', () => {
  assert.equal(
    ofPod({ volumes: [{ downwardAPI: 'x' }] }),
    'string into Go struct field Volume.spec.volumes.VolumeSource.downwardAPI of type v1.DownwardAPIVolumeSource',
  )
  assert.equal(
    ofPod({ ephemeralContainers: [{ livenessProbe: { httpGet: { port: true } } }] }),
    'bool into Go struct field HTTPGetAction.spec.ephemeralContainers.EphemeralContainerCommon.livenessProbe.ProbeHandler.httpGet.port of type int32',
  )
  assert.equal(
    inBody(validatingAdmissionPolicy, {
      spec: { matchConstraints: { resourceRules: [{ scope: 1 }] } },
    }),
    'number into Go struct field NamedRuleWithOperations.spec.matchConstraints.resourceRules.RuleWithOperations.Rule.scope of type v1.ScopeType',
  )
})

test('messages tell the names of types', () => {
  const ofPort = 'into Go struct field ContainerPort.spec.containers.ports.protocol of type'
  assert.equal(ofContainer({ ports: [{ protocol: 1 }] }), `number ${ofPort} v1.Protocol`)
  assert.equal(
    ofContainer({ resources: { limits: [] } }),
    'array into Go struct field ResourceRequirements.spec.containers.resources.limits of type v1.ResourceList',
  )
  assert.equal(
    inBody(configMap, { metadata: { uid: 1 } }),
    'number into Go struct field ObjectMeta.metadata.uid of type types.UID',
  )
  assert.equal(
    inBody(configMap, { binaryData: { a: [300] } }),
    'number 300 into Go struct field ConfigMap.binaryData of type uint8',
  )
})

test('the first mistake of the text is told, but for what reads itself', () => {
  const tolerations = 'number into Go struct field PodSpec.spec.tolerations of type v1.Toleration'
  assert.equal(ofPod({ tolerations: [1], nodeName: 1 }), tolerations)
  assert.match(
    `${ofPod({ nodeName: 1, tolerations: [1] })}`,
    /PodSpec\.spec\.nodeName of type string$/,
  )
  assert.match(
    `${ofContainer({ image: 5, resources: { limits: { cpu: 'x' } } })}`,
    /^quantities must match/,
  )
  const body = { binaryData: { a: 'x' }, metadata: { generation: 'y' } }
  assert.equal(inBody(configMap, body), 'illegal base64 data at input byte 0')
  assert.match(
    `${inBody(configMap, inOrderOfNames({ metadata: body.metadata, data: 1 }))}`,
    /\.data /,
  )
  assert.equal(inBody(configMap, { data: null, other: 1 }), undefined)
})

const ofSchema = (openAPIV3Schema: object) =>
  inBody(customResourceDefinition, { spec: { versions: [{ schema: { openAPIV3Schema } }] } })

test('schemas or something simpler', () => {
  const at = 'Go struct field JSONSchemaProps.spec.versions.schema.openAPIV3Schema.items.type'
  assert.equal(ofSchema({ items: { type: 1 } }), `number into ${at} of type string`)
  assert.equal(ofSchema({ maximum: 'x', items: [{ type: 1 }] }), `number into ${at} of type string`)
  assert.equal(ofSchema({ additionalProperties: 1 }), 'boolean or JSON schema expected')
  assert.equal(ofSchema({ items: 1 }), undefined)
})

const patched = (kind: AnyKind, made: PlainObject) => mistakeInPatched(kind.shape, made)
const ofMeta = (metadata: object) => patched(configMap, { metadata })

test('what a strategic patch makes is converted', () => {
  assert.equal(ofMeta({ labels: { a: 1 } }), 'cannot convert int64 to string')
  assert.equal(ofMeta({ labels: { a: 1.5 } }), 'unrecognized type: string')
  assert.equal(ofMeta({ uid: 1 }), 'cannot convert int64 to types.UID')
  assert.equal(ofMeta({ generation: 'x' }), 'unrecognized type: int64')
  assert.equal(ofMeta({ generation: 1.5 }), 'cannot convert float64 to int64')
  assert.equal(ofMeta({ labels: 1.5 }), 'cannot restore map from float64')
  assert.equal(ofMeta({ finalizers: {} }), 'cannot restore slice from map')
  assert.equal(patched(configMap, { metadata: 'x' }), 'cannot restore struct from: string')
  const ofTime = 'json: cannot unmarshal number into Go value of type string'
  assert.equal(ofMeta({ creationTimestamp: 1 }), ofTime)
  const ofBytes = (value: unknown) => patched(configMap, { binaryData: { a: value } })
  assert.match(`${ofBytes('y')}`, /^error decoding from json: illegal base64 data/)
  assert.equal(ofBytes(['a']), 'unrecognized type: uint8')
  const ofVersion = (openAPIV3Schema: object) =>
    patched(customResourceDefinition, { spec: { versions: [{ schema: { openAPIV3Schema } }] } })
  assert.equal(
    ofVersion({ items: { type: 1 } }),
    'json: cannot unmarshal number into Go struct field JSONSchemaProps.type of type string',
  )
})

test('it is converted in the order of the struct', () => {
  const made = { binaryData: 1, data: 'x', immutable: 'x' }
  assert.equal(patched(configMap, made), 'unrecognized type: bool')
  assert.equal(patched(configMap, { ...made, immutable: true }), 'cannot restore map from string')
  assert.equal(patched(configMap, { immutable: null, data: { a: 'b' }, other: 1 }), undefined)
})

test('JSON patches put in order what they go through', () => {
  const made = { spec: { z: { y: 1, x: 2 }, a: [{ d: 1, c: 2 }] }, kind: 'A' }
  const names = (value: unknown): unknown =>
    isPlainObject(value) ? Object.entries(value).map(([name, part]) => [name, names(part)]) : '.'
  assert.deepEqual(names(inOrderAlong(made, ['/spec/z'])), [
    ['kind', '.'],
    [
      'spec',
      [
        ['a', '.'],
        [
          'z',
          [
            ['y', '.'],
            ['x', '.'],
          ],
        ],
      ],
    ],
  ])
  const list = inOrderAlong(made, ['/spec/a/0/c', '/nothing/there']) as typeof made
  assert.deepEqual(Object.keys(list.spec.a[0] ?? {}), ['c', 'd'])
  assert.equal(inOrderAlong(made, []), made)
})
