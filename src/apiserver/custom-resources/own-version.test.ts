/** Versions of one definition with schemas of their own and no converter, as read off a kube-apiserver 1.36.3. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTestServer } from '../testing.ts'
import { define, WIDGETS, widget, widgets, widgetVersion } from './testing.ts'

const version = (name: string, storage: boolean, properties: object) => ({
  ...widgetVersion,
  name,
  storage,
  selectableFields: [],
  schema: {
    openAPIV3Schema: {
      type: 'object',
      properties: {
        spec: { type: 'object', properties: { colour: { type: 'string' }, ...properties } },
      },
    },
  },
})
const OLD = WIDGETS.replace('/v1/', '/v1beta1/')
const asOld = (name: string, spec: object) => ({
  ...widget(name, spec),
  apiVersion: 'example.com/v1beta1',
})

test('a version shows what is stored, with the defaults of the stored one and none of its own', async () => {
  const server = await startTestServer()
  const versions = [
    version('v1', true, { size: { type: 'integer', default: 3 } }),
    version('v1beta1', false, { delay: { type: 'integer', default: 15 } }),
  ]
  await define(server, widgets({ versions }))
  const spec = async (path: string) => (await server.ask('GET', path)).body.spec

  for (const query of ['?dryRun=All', '']) {
    const made = await server.ask('POST', `${OLD}${query}`, asOld('a', { colour: 'red', delay: 1 }))
    assert.equal(made.status, 201, made.text)
    // The stored version has no place for it, and nobody is to believe that it was kept.
    assert.deepEqual(made.body.spec, { colour: 'red' })
  }
  assert.deepEqual(await spec(`${OLD}/a`), { colour: 'red' })
  assert.deepEqual(await spec(`${WIDGETS}/a`), { colour: 'red', size: 3 })

  await server.ask('POST', WIDGETS, widget('b', { colour: 'green', size: 7 }))
  assert.deepEqual(await spec(`${OLD}/b`), { colour: 'green' })
  const { body: list } = await server.ask('GET', OLD)
  assert.deepEqual(
    list.items.map((item: { spec: object }) => item.spec),
    [{ colour: 'red' }, { colour: 'green' }],
  )
})
