/** What documents say of custom resources otherwise than of built-in kinds, as read off a kube-apiserver 1.36.3 but for the words. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { customKind } from '#api/apiextensions/custom/custom-kind.ts'
import { kinds } from '#api/kinds.ts'
import { version } from '#base/version.ts'
import { type Document, openApiOf } from './openapi.ts'

const names = { plural: 'crontabs', kind: 'CronTab', listKind: 'CronTabList' }
const given = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'crontabs.example.com', uid: 'u', generation: 1 },
  spec: {
    group: 'example.com',
    names,
    scope: 'Namespaced',
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: { type: 'object', properties: { size: { type: 'integer' } } },
        },
        subresources: {
          status: {},
          scale: { specReplicasPath: '.spec.size', statusReplicasPath: '.status.size' },
        },
        selectableFields: [{ jsonPath: '.size' }],
      },
    ],
  },
  status: { acceptedNames: names, conditions: [], storedVersions: ['v1'] },
}
type Definition = Parameters<typeof customKind>[0]
const definition = given as unknown as Definition
const cronTab = customKind(
  definition,
  definition.spec.versions[0] as Definition['spec']['versions'][0],
)
const openApi = openApiOf([...kinds, cronTab], version)

// biome-ignore lint/suspicious/noExplicitAny: documents are looked at whatever they say
type Tree = any
const read = (document: Document | undefined): Tree =>
  JSON.parse(new TextDecoder().decode(document?.bytes))
const custom = read(openApi.document('apis/example.com/v1'))
const v2 = read(openApi.v2())
const namesOf = (parameters: Tree = []) => parameters.map(({ name }: Tree) => name)
const COLLECTION = '/apis/example.com/v1/namespaces/{namespace}/crontabs'

test('it has a document of its own, with its paths alone', () => {
  assert.deepEqual(custom.info, { title: 'Kubernetes CRD Swagger', version: 'v0.1.0' })
  assert.deepEqual(Object.keys(custom.components), ['schemas'])
  assert.deepEqual(Object.keys(custom.paths).sort(), [
    '/apis/example.com/v1/crontabs',
    COLLECTION,
    `${COLLECTION}/{name}`,
    `${COLLECTION}/{name}/scale`,
    `${COLLECTION}/{name}/status`,
  ])
  const paths = Object.keys(openApi.index().paths).filter(path => path.includes('example'))
  assert.deepEqual(paths, ['apis/example.com/v1'])
  const ofVersion2 = Object.keys(v2.paths).filter(path => path.includes('example'))
  assert.deepEqual(ofVersion2.sort(), Object.keys(custom.paths).sort())
})

test('bodies are JSON or YAML', () => {
  const { get, post } = v2.paths[COLLECTION]
  for (const { consumes, produces } of [get, post]) {
    assert.deepEqual(consumes, ['application/json', 'application/yaml'])
    assert.deepEqual(produces, consumes)
  }
  assert.deepEqual(v2.paths[`${COLLECTION}/{name}`].patch.consumes, [
    'application/json-patch+json',
    'application/merge-patch+json',
    'application/apply-patch+yaml',
  ])
})

test('operations differ in what upstream says of them', () => {
  const item = custom.paths[`${COLLECTION}/{name}`]
  assert.deepEqual(namesOf(item.get.parameters), ['resourceVersion'])
  assert.deepEqual(Object.keys(item.patch.responses), ['200', '401'])
  const collection = custom.paths[COLLECTION]
  assert.equal(collection.delete.requestBody, undefined)
  assert.deepEqual(namesOf(collection.delete.parameters), namesOf(collection.get.parameters))
  const scale = custom.paths[`${COLLECTION}/{name}/scale`]
  assert.deepEqual(scale.put['x-kubernetes-group-version-kind'], {
    group: 'example.com',
    version: 'v1',
    kind: 'CronTab',
  })
})

test('fields that may be selected by are told of the kind and of its list', () => {
  for (const name of ['CronTab', 'CronTabList'])
    assert.deepEqual(
      custom.components.schemas[`com.example.v1.${name}`]['x-kubernetes-selectable-fields'],
      [{ fieldPath: 'size' }],
    )
})

test('types of every version belong to built-in versions, in their order', () => {
  const marks = custom.components.schemas['io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions']
  const groups = marks['x-kubernetes-group-version-kind'].map(({ group }: Tree) => group)
  assert.ok(groups.includes('apps') && !groups.includes('example.com'))
  assert.deepEqual(groups, groups.toSorted())
})

test('dashes of a group are no part of names that programs generate code from', () => {
  const spec = { ...definition.spec, group: 'jobs.x-example.com' }
  const dashed = customKind({ ...definition, spec }, spec.versions[0] as (typeof spec.versions)[0])
  const { paths } = read(
    openApiOf([...kinds, dashed], version).document('apis/jobs.x-example.com/v1'),
  )
  const { get } = paths['/apis/jobs.x-example.com/v1/crontabs']
  assert.equal(get.operationId, 'listJobsXExampleComV1CronTabForAllNamespaces')
  assert.deepEqual(get.tags, ['jobsXExampleCom_v1'])
})
