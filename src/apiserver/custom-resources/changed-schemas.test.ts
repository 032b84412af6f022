/** Objects that were written before their schema became what it is: as a kube-apiserver v1.36 did where both were asked the same. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { startTestServer, type TestServer } from '../testing.ts'
import { DEFINITIONS, define, until, widgets, widgetVersion } from './testing.ts'

const AT = '/apis/example.com/v1/namespaces/default/widgets'
const sort = (type: string) => ({ headers: { 'content-type': `application/${type}` } })
const MERGE = sort('merge-patch+json')

const text = { type: 'string' }
const specOf = (properties: object) => ({ type: 'object', properties })

function versionWith(spec: object) {
  const status = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }
  const openAPIV3Schema = { type: 'object', properties: { spec, status } }
  const { schema: _, selectableFields: __, additionalPrinterColumns: ___, ...rest } = widgetVersion
  return { ...rest, schema: { openAPIV3Schema } }
}

/** A widget that was made by one schema and stands under another. */
async function changed(spec: object, from: object, to: object): Promise<TestServer> {
  const server = await startTestServer()
  await define(server, widgets({ versions: [versionWith(from)] }))
  const body = { apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: 'a' }, spec }
  const made = await server.ask('POST', AT, body)
  assert.equal(made.status, 201, made.text)
  const change = { spec: { versions: [versionWith(to)] } }
  const definition = await server.ask('PATCH', `${DEFINITIONS}/widgets.example.com`, change, MERGE)
  assert.equal(definition.status, 200, definition.text)
  const { generation } = definition.body.metadata
  await until(async () => {
    const { body } = await server.ask('GET', `${DEFINITIONS}/widgets.example.com`)
    return body.metadata.generation === generation
  })
  return server
}

const label = (server: TestServer, query = '') =>
  server.ask('PATCH', `${AT}/a${query}`, { metadata: { labels: { touched: 'yes' } } }, MERGE)

describe('what a rule forbids by now', () => {
  const rule = (rule: string, more: object = {}) => ({
    'x-kubernetes-validations': [{ rule, ...more }],
  })
  const from = specOf({ name: text, tags: { type: 'array', items: text } })
  const to = specOf({
    name: { ...text, ...rule("self != 'b'", { reason: 'FieldValueForbidden' }) },
    tags: { type: 'array', items: { ...text, ...rule("self != 'b'", { message: 'not "b"' }) } },
  })

  test('may stay where nothing of it changes, with a warning', async () => {
    const server = await changed({ name: 'b', tags: ['a', 'b'] }, from, to)
    const { status, headers } = await label(server)
    assert.equal(status, 200)
    assert.equal(
      headers.warning,
      [
        `299 - "spec.name: Forbidden: failed rule: self != 'b'"`,
        String.raw`299 - "spec.tags[1]: Invalid value: \"b\": not \"b\""`,
      ].join(', '),
    )
  })

  test('may not be written anew', async () => {
    const server = await changed({ name: 'b', tags: ['a', 'b'] }, from, to)
    const change = { spec: { tags: ['b'] } }
    const { status, body, headers } = await server.ask('PATCH', `${AT}/a`, change, MERGE)
    assert.equal(status, 422)
    assert.deepEqual(
      body.details.causes.map(({ field }: { field: string }) => field),
      ['spec.tags[0]'],
    )
    assert.match(headers.warning ?? '', /^299 - "spec\.name: [^"]*"$/)
  })

  test('of another type cannot be looked at', async () => {
    const from = specOf({ width: text, name: text })
    const width = { type: 'integer' }
    const to = { ...specOf({ width, name: text }), ...rule("self.name == 'a' || self.width > 0") }
    const server = await changed({ width: 'large', name: 'a' }, from, to)
    assert.equal((await label(server)).status, 200)
    const change = { spec: { name: 'b' } }
    const { body } = await server.ask('PATCH', `${AT}/a`, change, MERGE)
    assert.match(
      body.message,
      /spec: Invalid value: "object": invalid data, expected int, got string evaluating rule/,
    )
  })
})

describe('what is of another type by now', () => {
  const from = specOf({ width: text })
  const to = specOf({ width: { type: 'integer' } })

  test('leaves the object without owners once it is written', async () => {
    const server = await changed({ width: 'large' }, from, to)
    const before = await server.ask('GET', `${AT}/a`)
    assert.equal(before.body.metadata.managedFields.length, 1)
    const { status, body } = await label(server)
    assert.equal(status, 200)
    assert.equal(body.metadata.managedFields, undefined)
  })

  test('is in the way of whoever applies', async () => {
    const server = await changed({ width: 'large' }, from, to)
    const apply = () =>
      server.ask(
        'PATCH',
        `${AT}/a?fieldManager=one&force=true`,
        { apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: 'a' } },
        sort('apply-patch+yaml'),
      )
    const where = 'default/a; example.com/v1, Kind=Widget'
    const why = '.spec.width: expected numeric (int or float), got string'
    const owned = await apply()
    assert.deepEqual(
      [owned.status, owned.body.message],
      [500, `failed to create typed live object (${where}): ${why}`],
    )
    await label(server)
    const unowned = await apply()
    assert.deepEqual(
      [unowned.status, unowned.body.message],
      [
        500,
        `failed to create manager for existing fields: failed to convert new object (${where}) to smd typed: ${why}`,
      ],
    )
  })

  test('is no item that stands twice', async () => {
    const listed = specOf({
      names: { type: 'array', items: text, 'x-kubernetes-list-type': 'set' },
    })
    const plain = specOf({ names: { type: 'array', items: text } })
    const server = await changed({ names: ['a', 'a'] }, plain, listed)
    const { status, text: told } = await server.ask(
      'PATCH',
      `${AT}/a?fieldManager=one`,
      { apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: 'a', labels: { b: 'c' } } },
      sort('apply-patch+yaml'),
    )
    assert.equal(status, 200, told)
  })

  test('counts for that also where it is left aside', async () => {
    const server = await changed({ width: 'large' }, from, from)
    const change = { status: { ready: 1 }, spec: { width: 1 } }
    const { status, body } = await server.ask('PATCH', `${AT}/a/status`, change, MERGE)
    assert.equal(status, 200)
    assert.deepEqual([body.spec, body.metadata.managedFields], [{ width: 'large' }, undefined])
  })

  test('is told by its rules where it is a text in a known form', async () => {
    const dated = specOf({ day: { ...text, format: 'date' } })
    const server = await changed({}, dated, dated)
    const apply = (day: unknown) =>
      server.ask(
        'PATCH',
        `${AT}/a?fieldManager=one`,
        { apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: 'a' }, spec: { day } },
        sort('apply-patch+yaml'),
      )
    const { status, body } = await apply(1)
    assert.deepEqual([status, body.details?.causes?.[0]?.field], [422, 'spec.day'])
    assert.match((await apply({})).body.message, /\.spec\.day: expected any scalar, got &\{map/)
  })
})
