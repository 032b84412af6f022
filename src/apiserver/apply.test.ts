import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  define,
  WIDGETS,
  widget,
  widgetSchema,
  widgets,
  widgetVersion,
} from './custom-resources/testing.ts'
import { startTestServer, type TestServer } from './testing.ts'

const APPLY = { headers: { 'content-type': 'application/apply-patch+yaml' } }
const DEPLOYMENT = '/apis/apps/v1/namespaces/default/deployments/d'

const apply = ({ ask }: TestServer, path: string, body: object, query = '') =>
  ask('PATCH', `${path}?fieldManager=me${query}`, body, APPLY)

const deployment = (spec: object, container: object = {}) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'd', namespace: 'default' },
  spec: {
    selector: { matchLabels: { a: 'b' } },
    template: {
      metadata: { labels: { a: 'b' } },
      spec: { containers: [{ name: 'a', image: 'a', ...container }] },
    },
    ...spec,
  },
})

test('an apply may say nothing that has no place in the schema, however fields are validated', async () => {
  const server = await startTestServer()
  const start = 'failed to create typed patch object (default/d; apps/v1, Kind=Deployment): '
  const wrong: [object, string][] = [
    [deployment({ foo: 1 }), '.spec.foo: field not declared in schema'],
    [
      deployment({}, { bar: 2 }),
      '.spec.template.spec.containers[name="a"].bar: field not declared in schema',
    ],
    [
      { ...deployment({}, { bar: 2 }), foo: 1 },
      'errors:\n  .spec.template.spec.containers[name="a"].bar: field not declared in schema\n  .foo: field not declared in schema',
    ],
    [deployment({ replicas: '3' }), '.spec.replicas: expected numeric (int or float), got string'],
    [
      deployment({}, { image: 7 }),
      '.spec.template.spec.containers[name="a"].image: expected string, got &value.valueUnstructured{Value:7}',
    ],
    [
      deployment({}, { ports: [{ protocol: 'TCP' }] }),
      '.spec.template.spec.containers[name="a"].ports: element 0: associative list with keys has an element that omits key field "containerPort" (and doesn\'t have default value)',
    ],
    [
      deployment({}, { env: [{ name: 'x' }, { name: 'x' }] }),
      '.spec.template.spec.containers[name="a"].env: duplicate entries for key [name="x"]',
    ],
  ]
  for (const [body, fault] of wrong)
    for (const query of ['', '&fieldValidation=Ignore', '&fieldValidation=Strict']) {
      const { body: answer } = await apply(server, DEPLOYMENT, body, query)
      assert.deepEqual(answer, {
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Failure',
        message: start + fault,
        code: 500,
      })
    }
  assert.equal((await apply(server, DEPLOYMENT, deployment({}))).status, 201)
})

test('the same holds of custom resources, but where their schema keeps what it does not know', async () => {
  const server = await startTestServer()
  const schema = structuredClone(widgetSchema)
  schema.properties.spec.properties.anything = { 'x-kubernetes-preserve-unknown-fields': true }
  const version = { ...widgetVersion, schema: { openAPIV3Schema: schema } }
  await define(server, widgets({ versions: [version] }))
  const path = `${WIDGETS}/a`
  const { status, body } = await apply(server, path, widget('a', { colour: 'red', shape: 'round' }))
  assert.equal(status, 500)
  assert.equal(
    body.message,
    'failed to create typed patch object (/a; example.com/v1, Kind=Widget): .spec.shape: field not declared in schema',
  )
  const extra = { any: [{ thing: 1 }] }
  const open = widget('a', { colour: 'red', extra, anything: 1 })
  const fine = await apply(server, path, open)
  assert.equal(fine.status, 201, fine.text)
})
