import assert from 'node:assert/strict'
import { test } from 'node:test'
import { kinds } from '#api/kinds.ts'
import { encodeCborValue, selfDescribed } from '#api/machinery/cbor.ts'
import { decodeObject } from '#api/machinery/decode.ts'
import { applyDefaults } from '#api/machinery/defaults.ts'
import { type AnyKind, apiVersionOf } from '#api/machinery/kind.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import {
  encodeObjectProtobuf,
  isProtobufBody,
  unwrapProtobuf,
} from '#api/machinery/protobuf-envelope.ts'
import { fullObject } from '#api/machinery/testing.ts'
import { silentLog } from '#base/log.ts'
import { etcdForm } from './etcd-form.ts'
import { prefixOf } from './keys.ts'
import { encodeValue, objectOfValue } from './stored-object.ts'

const form = etcdForm(silentLog)
const bytes = (text: string) => new TextEncoder().encode(text)
const stored = kinds.filter(({ ephemeral, storedAs }) => !ephemeral && !storedAs)

function objectOf(kind: AnyKind): KubernetesObject {
  const named = { ...fullObject(kind.shape), apiVersion: apiVersionOf(kind), kind: kind.kind }
  const { object } = decodeObject(kind, named)
  applyDefaults(kind, object)
  const { resourceVersion: _, selfLink: __, ...metadata } = object.metadata
  return { ...object, metadata }
}

for (const kind of stored) {
  test(`${kind.plural}.${kind.group}: what goes to etcd comes back the same`, () => {
    const key = `${prefixOf(kind)}one/two`
    const value = encodeValue(objectOf(kind))
    const sent = form.toEtcd(key, value)
    const isJson = /^api(extensions|registration)/.test(kind.group)
    assert.equal(isProtobufBody(sent), !isJson)
    assert.deepEqual(form.fromEtcd(key, sent), value)
  })
}

test('versions are those that upstream writes', () => {
  const versionOf = (plural: string) => {
    const kind = stored.find(each => each.plural === plural) as AnyKind
    const sent = form.toEtcd(`${prefixOf(kind)}a`, encodeValue(objectOf(kind)))
    return unwrapProtobuf(sent).apiVersion
  }
  assert.equal(versionOf('mutatingadmissionpolicies'), 'admissionregistration.k8s.io/v1beta1')
  assert.equal(versionOf('mutatingadmissionpolicybindings'), 'admissionregistration.k8s.io/v1beta1')
  assert.equal(versionOf('devicetaintrules'), 'resource.k8s.io/v1alpha3')
  assert.equal(versionOf('leasecandidates'), 'coordination.k8s.io/v1beta1')
  assert.equal(versionOf('horizontalpodautoscalers'), 'autoscaling/v2')
  assert.equal(versionOf('resourceclaims'), 'resource.k8s.io/v1')
})

test('an older version is read as the present one, with the defaults of its own', () => {
  const older = kinds.find(
    ({ plural, version }) => plural === 'horizontalpodautoscalers' && version === 'v1',
  ) as AnyKind
  const scaler = {
    metadata: { name: 'a', namespace: 'b' },
    spec: {
      maxReplicas: 3,
      targetCPUUtilizationPercentage: 50,
      scaleTargetRef: { kind: 'Deployment', name: 'c' },
    },
  }
  const read = objectOfValue(
    form.fromEtcd('/registry/horizontalpodautoscalers/b/a', encodeObjectProtobuf(older, scaler)),
  ) as KubernetesObject & { spec: Record<string, unknown> }
  assert.equal(read.apiVersion, 'autoscaling/v2')
  assert.equal(read.spec.minReplicas, 1)
  assert.ok(Array.isArray(read.spec.metrics))
})

test('JSON and CBOR of built-in kinds and of custom resources are brought into our order', () => {
  const json = '{"aa":{"metadata":{"x":1}},"apiVersion":"v1","kind":"K","metadata":{"name":"n"}}\n'
  const custom = form.fromEtcd('/registry/example.com/ks/n', bytes(json))
  assert.equal(
    new TextDecoder().decode(custom),
    '{"kind":"K","apiVersion":"v1","metadata":{"name":"n"},"aa":{"metadata":{"x":1}}}',
  )
  const ship = { apiVersion: 'example.com/v1', kind: 'K', metadata: { name: 'n' }, spec: { a: 1 } }
  const cbor = form.fromEtcd('/registry/example.com/ks/n', selfDescribed(encodeCborValue(ship)))
  assert.deepEqual(objectOfValue(cbor), ship)
  const map = '{"apiVersion":"v1","data":{"a":"b"},"kind":"ConfigMap","metadata":{"name":"n"}}'
  const read = objectOfValue(form.fromEtcd('/registry/configmaps/default/n', bytes(map)))
  assert.deepEqual(read, {
    kind: 'ConfigMap',
    apiVersion: 'v1',
    metadata: { name: 'n' },
    data: { a: 'b' },
  })
})

test('what nobody here knows is left as it is, and what is broken is told', () => {
  const told: unknown[] = []
  const telling = etcdForm({ ...silentLog, error: (_message, fields) => void told.push(fields) })
  const foreign = bytes('k8s\0whatever')
  assert.equal(telling.fromEtcd('/registry/ranges/serviceips', foreign), foreign)
  assert.equal(telling.fromEtcd('/registry/peerserverleases/x', foreign), foreign)
  assert.deepEqual(told, [])
  for (const broken of ['k8s\0\x0a\xff', 'no object', '{"apiVersion":"v9","kind":"Pod"}'])
    assert.equal(
      new TextDecoder().decode(telling.fromEtcd('/registry/pods/a/b', bytes(broken))),
      broken,
    )
  assert.equal(told.length, 3)
})

test('a definition in v1beta1 is read as v1', () => {
  const beta = {
    kind: 'CustomResourceDefinition',
    apiVersion: 'apiextensions.k8s.io/v1beta1',
    metadata: { name: 'ks.example.com' },
    spec: {
      group: 'example.com',
      version: 'v1',
      names: { plural: 'ks', singular: 'k', kind: 'K', listKind: 'KList' },
      scope: 'Namespaced',
      validation: { openAPIV3Schema: { type: 'object' } },
      subresources: { status: {} },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          additionalPrinterColumns: [{ name: 'N', type: 'string', JSONPath: '.spec.n' }],
        },
        { name: 'v2', served: true, storage: false },
      ],
      conversion: {
        strategy: 'Webhook',
        webhookClientConfig: { url: 'https://a.example.com' },
        conversionReviewVersions: ['v1'],
      },
      preserveUnknownFields: false,
    },
  }
  const key = '/registry/apiextensions.k8s.io/customresourcedefinitions/ks.example.com'
  const read = objectOfValue(form.fromEtcd(key, bytes(JSON.stringify(beta))))
  const { spec } = read as KubernetesObject & { spec: Record<string, unknown> }
  assert.equal(read.apiVersion, 'apiextensions.k8s.io/v1')
  const schema = { openAPIV3Schema: { type: 'object' } }
  assert.deepEqual(spec.versions, [
    {
      name: 'v1',
      served: true,
      storage: true,
      schema,
      subresources: { status: {} },
      additionalPrinterColumns: [{ name: 'N', type: 'string', jsonPath: '.spec.n' }],
    },
    { name: 'v2', served: true, storage: false, schema, subresources: { status: {} } },
  ])
  assert.deepEqual(spec.conversion, {
    strategy: 'Webhook',
    webhook: {
      clientConfig: { url: 'https://a.example.com' },
      conversionReviewVersions: ['v1'],
    },
  })
  assert.equal('version' in spec || 'validation' in spec, false)
})
