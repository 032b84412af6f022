/** Owners of fields whose version is not served any more, or is gone: as a kube-apiserver v1.36 did where both were asked the same. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { startTestServer, type TestServer } from '../testing.ts'
import { DEFINITIONS, define, until, widgets, widgetVersion } from './testing.ts'

// biome-ignore lint/suspicious/noExplicitAny: tests read whatever a server may answer
type Any = any

const sort = (type: string) => ({ headers: { 'content-type': `application/${type}` } })
const at = (version: string) => `/apis/example.com/${version}/namespaces/default/widgets`
const GONE = 'request to convert CR to an invalid group/version: example.com/v1beta1'

const version = (name: string, served: boolean) => ({
  ...widgetVersion,
  name,
  served,
  storage: name === 'v1',
})

function apply(server: TestServer, manager: string, its: string, spec: object) {
  const body = {
    apiVersion: `example.com/${its}`,
    kind: 'Widget',
    metadata: { name: 'a' },
    spec,
  }
  return server.ask(
    'PATCH',
    `${at(its)}/a?fieldManager=${manager}&force=true`,
    body,
    sort('apply-patch+yaml'),
  )
}

const edit = (server: TestServer, spec: object) =>
  server.ask('PATCH', `${at('v1')}/a?fieldManager=editor`, { spec }, sort('merge-patch+json'))

const ownersOf = ({ metadata }: Any) =>
  (metadata.managedFields ?? []).map(({ manager, apiVersion }: Any) => `${manager} ${apiVersion}`)

/** A widget that was applied in v1beta1, which then is served no more or gone. */
async function served(rest: object[]): Promise<TestServer> {
  const server = await startTestServer()
  await define(server, widgets({ versions: [version('v1', true), version('v1beta1', true)] }))
  await apply(server, 'one', 'v1beta1', { colour: 'red' })
  const path = `${DEFINITIONS}/widgets.example.com`
  const change = { spec: { versions: [version('v1', true), ...rest] } }
  const changed = await server.ask('PATCH', path, change, sort('merge-patch+json'))
  assert.equal(changed.status, 200, changed.text)
  const isServed = async () => (await server.ask('GET', at('v1beta1'))).status === 200
  await until(async () => !(await isServed()))
  return server
}

describe('a version that is not served any more', () => {
  test('still has its owners', async () => {
    const server = await served([version('v1beta1', false)])
    const { body } = await edit(server, { size: 7 })
    assert.deepEqual(ownersOf(body), ['one example.com/v1beta1', 'editor example.com/v1'])
    const applied = await apply(server, 'one', 'v1', { colour: 'red' })
    assert.equal(applied.status, 200, applied.text)
    assert.deepEqual(ownersOf(applied.body), ['one example.com/v1', 'editor example.com/v1'])
  })
})

describe('a version that is gone', () => {
  test('has nobody apply any more, whoever owned something in it', async () => {
    const server = await served([])
    for (const manager of ['one', 'two']) {
      const { status, body } = await apply(server, manager, 'v1', { colour: 'green' })
      assert.deepEqual([status, body.message], [500, GONE])
    }
  })

  test('is forgotten with all owners once somebody writes, or takes them away', async () => {
    const server = await served([])
    const { body } = await edit(server, { size: 7 })
    assert.deepEqual(ownersOf(body), [])
    const applied = await apply(server, 'one', 'v1', { colour: 'green' })
    assert.equal(applied.status, 200, applied.text)
  })

  test('goes with entries that say only a name, which keep the object one that is tracked', async () => {
    const server = await served([])
    const entry = {
      manager: 'one',
      operation: 'Apply',
      apiVersion: 'example.com/v1',
      fieldsType: 'FieldsV1',
      fieldsV1: { 'f:metadata': { 'f:name': {} } },
    }
    const { body } = await server.ask(
      'PATCH',
      `${at('v1')}/a`,
      [{ op: 'replace', path: '/metadata/managedFields', value: [entry] }],
      sort('json-patch+json'),
    )
    assert.deepEqual(body.metadata.managedFields, [entry])
    const applied = await apply(server, 'one', 'v1', { colour: 'green' })
    assert.deepEqual(ownersOf(applied.body), ['one example.com/v1'])
  })
})
