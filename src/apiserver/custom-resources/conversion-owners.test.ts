/** Owners of fields that wrote in different versions, where only a webhook knows what is called how in which. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  caBundle,
  type Review,
  startCallingServer,
  startWebhook,
} from '../admission/webhooks/testing.ts'
import type { TestServer } from '../testing.ts'
import { define } from './testing.ts'

const GROUP = 'stable.example.com'
const at = (version: string) => `/apis/${GROUP}/${version}/namespaces/default/boxes`

// biome-ignore lint/suspicious/noExplicitAny: tests write whatever a webhook may answer
type Any = any

/** What is `size` in v1 is `shape.size` in v2, which is stored. */
function convert(object: Any, apiVersion: string): Any {
  const { size, shape, ...spec } = object.spec ?? {}
  const its = apiVersion.endsWith('v2') ? size : shape?.size
  if (its === undefined) return { ...object, apiVersion, spec }
  const said = apiVersion.endsWith('v2') ? { shape: { size: its } } : { size: its }
  return { ...object, apiVersion, spec: { ...spec, ...said } }
}

const converting = ({ objects, desiredAPIVersion }: Review) => ({
  result: { status: 'Success' },
  convertedObjects: objects.map((each: Any) => convert(each, desiredAPIVersion)),
})

const version = (name: string, properties: object, storage: boolean) => ({
  name,
  served: true,
  storage,
  schema: {
    openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties } } },
  },
})
const colour = { type: 'string' }
const size = { type: 'integer' }

async function started(hook: { readonly url: string }) {
  const server = await startCallingServer()
  await define(server as unknown as TestServer, {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `boxes.${GROUP}` },
    spec: {
      group: GROUP,
      scope: 'Namespaced',
      names: { plural: 'boxes', kind: 'Box' },
      versions: [
        version('v1', { size, colour }, false),
        version('v2', { shape: { type: 'object', properties: { size } }, colour }, true),
      ],
      conversion: {
        strategy: 'Webhook',
        webhook: {
          clientConfig: { url: hook.url.replace('/review', '/convert'), caBundle },
          conversionReviewVersions: ['v1'],
        },
      },
    },
  })
  const headers = { 'content-type': 'application/apply-patch+yaml' }
  const apply = (manager: string, its: string, spec: object, more = '') =>
    server.ask(
      'PATCH',
      `${at(its)}/a?fieldManager=${manager}${more}`,
      { apiVersion: `${GROUP}/${its}`, kind: 'Box', metadata: { name: 'a' }, spec },
      { headers },
    )
  const merge = (manager: string, its: string, spec: object) =>
    server.ask(
      'PATCH',
      `${at(its)}/a?fieldManager=${manager}`,
      { spec },
      { headers: { 'content-type': 'application/merge-patch+json' } },
    )
  return { server, apply, merge }
}

const ownedBy = (body: Any, manager: string) =>
  body.metadata.managedFields.find((each: Any) => each.manager === manager)?.fieldsV1['f:spec']

describe('where a webhook converts', () => {
  test('who writes a field in another version takes it from its owner', async () => {
    await using hook = await startWebhook(converting)
    const { server, apply, merge } = await started(hook)
    await using _ = server
    assert.equal((await apply('one', 'v1', { size: 1, colour: 'red' })).status, 201)
    const { body } = await merge('two', 'v2', { shape: { size: 2 } })
    assert.deepEqual(ownedBy(body, 'one'), { 'f:colour': {} })
    assert.deepEqual(ownedBy(body, 'two'), { 'f:shape': { 'f:size': {} } })
    const refused = await apply('one', 'v1', { size: 1, colour: 'red' })
    assert.equal(refused.status, 409, refused.text)
    assert.match(refused.body.message, /conflict with "two" using stable\.example\.com\/v2: /)
    const forced = await apply('one', 'v1', { size: 1, colour: 'red' }, '&force=true')
    assert.equal(forced.status, 200, forced.text)
    assert.equal(ownedBy(forced.body, 'two'), undefined)
    assert.deepEqual((await server.ask('GET', `${at('v2')}/a`)).body.spec.shape, { size: 1 })
  })

  test('who applies in another version than before drops what it says no more', async () => {
    await using hook = await startWebhook(converting)
    const { server, apply } = await started(hook)
    await using _ = server
    await apply('one', 'v1', { size: 1, colour: 'red' })
    const { body } = await apply('one', 'v2', { colour: 'red' })
    assert.deepEqual(body.spec, { colour: 'red' })
    assert.equal(body.metadata.managedFields.length, 1)
  })

  test('of owners in one version nobody asks', async () => {
    await using hook = await startWebhook(converting)
    const { server, apply, merge } = await started(hook)
    await using _ = server
    await apply('one', 'v2', { shape: { size: 1 } })
    await merge('two', 'v2', { shape: { size: 2 } })
    assert.equal(hook.asked.length, 0)
  })
})
