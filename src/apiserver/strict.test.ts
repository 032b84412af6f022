/** Fields that are unknown or stand there twice, by every way to write. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTestServer } from './testing.ts'

const configMaps = '/api/v1/namespaces/default/configmaps'
const typed = (type: string) => ({ headers: { 'content-type': type } })
const YAML = typed('application/yaml')
const APPLY = typed('application/apply-patch+yaml')
const MERGE = typed('application/merge-patch+json')
const STRATEGIC = typed('application/strategic-merge-patch+json')
const OPERATIONS = typed('application/json-patch+json')

const warningsOf = ({ headers }: { headers: Readonly<Record<string, string>> }) =>
  [...(headers.warning ?? '').matchAll(/299 - "((?:[^"\\]|\\.)*)"/g)].map(([, text = '']) =>
    text.replace(/\\(.)/g, '$1'),
  )

test('JSON bodies: in the order of the text, nothing from within unknown fields', async () => {
  const { ask } = await startTestServer()
  const body =
    '{"zeta":{"a":1,"a":2},"metadata":{"name":"a","foo":1,"name":"a"},"data":{"k":"1","k":"2"},"alpha":[{"b":1}]}'
  const complaints = [
    'unknown field "zeta"',
    'unknown field "metadata.foo"',
    'duplicate field "metadata.name"',
    'duplicate field "data.k"',
    'unknown field "alpha"',
  ]
  const strict = await ask('POST', `${configMaps}?fieldValidation=Strict`, body)
  assert.equal(strict.status, 400)
  assert.equal(
    strict.body.message,
    `ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: ${complaints.join(', ')}`,
  )
  const warned = await ask('POST', configMaps, body)
  assert.equal(warned.status, 201)
  assert.deepEqual(warningsOf(warned), complaints)
  assert.deepEqual(warningsOf(await ask('PUT', `${configMaps}/a`, body)), complaints)
  const ignored = await ask('PUT', `${configMaps}/a?fieldValidation=Ignore`, body)
  assert.deepEqual([ignored.status, warningsOf(ignored)], [200, []])
})

test('YAML bodies: the lines of what stands there twice, before what is unknown', async () => {
  const { ask } = await startTestServer()
  const body = 'metadata:\n  name: w\n  name: w\nfoo: 1\ndata:\n  k: "1"\n  k:\n    "2"\n'
  const strict = await ask('POST', `${configMaps}?fieldValidation=Strict`, body, YAML)
  assert.equal(
    strict.body.message,
    'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: yaml: unmarshal errors:\n' +
      '  line 3: key "name" already set in map\n  line 8: key "k" already set in map, unknown field "foo"',
  )
  const warned = await ask('POST', configMaps, body, YAML)
  assert.equal(warned.body.data.k, '2')
  assert.deepEqual(warningsOf(warned), [
    'line 3: key "name" already set in map',
    'line 8: key "k" already set in map',
    'unknown field "foo"',
  ])
  // JSON that is sent as YAML is told as YAML.
  const json = '{"metadata":{"name":"j"},\n"data":{"a":"1","a":"2"}}'
  assert.deepEqual(warningsOf(await ask('POST', configMaps, json, YAML)), [
    'line 2: key "a" already set in map',
  ])
  const malformed = await ask('POST', configMaps, new Uint8Array([0x61, 0x3a, 0x20, 0xff]), YAML)
  assert.match(malformed.body.message, /yaml: invalid leading UTF-8 octet/)
})

test('patches: what is wrong with what they make is Invalid, and shown', async () => {
  const { ask } = await startTestServer()
  await ask('POST', configMaps, { metadata: { name: 'p' }, data: { a: '1' } })
  const at = (mode: string) => `${configMaps}/p?fieldValidation=${mode}`
  const merge = '{"data":{"b":"1","b":"2"},"foo":{"x":1}}'
  const refused = await ask('PATCH', at('Strict'), merge, MERGE)
  assert.equal(refused.status, 422)
  assert.match(
    refused.body.message,
    /^ "" is invalid: patch: Invalid value: "\{.*\\"foo\\":\{\\"x\\":1\}/,
  )
  assert.match(
    refused.body.message,
    /: strict decoding error: duplicate field "data\.b", unknown field "foo"$/,
  )
  assert.equal(refused.body.details.causes[0].field, 'patch')
  const warned = await ask('PATCH', at('Warn'), merge, MERGE)
  assert.deepEqual(warningsOf(warned), ['duplicate field "data.b"', 'unknown field "foo"'])
  const strategic = await ask('PATCH', at('Strict'), '{"foo":{"x":[1,null,"y"]}}', STRATEGIC)
  assert.equal(
    strategic.body.message,
    ' "" is invalid: patch: Invalid value: "map[foo:map[x:[1 <nil> y]]]": strict decoding error: unknown field "foo"',
  )
  const operations = '[{"op":"add","path":"/data/c","value":"1","value":"2","extra":1}]'
  assert.deepEqual(warningsOf(await ask('PATCH', at('Warn'), operations, OPERATIONS)), [
    'json patch duplicate field "[0].value"',
    'json patch unknown field "[0].extra"',
  ])
  const strictly = await ask('PATCH', at('Strict'), operations, OPERATIONS)
  assert.match(
    strictly.body.message,
    /error: json patch duplicate field "\[0\]\.value", json patch/,
  )
  const wrongType = await ask('PATCH', at('Ignore'), '{"data":{"a":1}}', MERGE)
  assert.equal(wrongType.status, 422)
  assert.match(
    wrongType.body.message,
    /: json: cannot unmarshal number into Go struct field ConfigMap\.data of type string$/,
  )
})

test('apply: keys that stand there twice', async () => {
  const { ask } = await startTestServer()
  const body = 'apiVersion: v1\nkind: ConfigMap\ndata:\n  a: "1"\n  a: "2"\n'
  const at = (mode: string) => `${configMaps}/s?fieldManager=m&fieldValidation=${mode}`
  const strict = await ask('PATCH', at('Strict'), body, APPLY)
  assert.equal(strict.status, 400)
  assert.equal(
    strict.body.message,
    'error strict decoding YAML: error converting YAML to JSON: yaml: unmarshal errors:\n  line 5: key "a" already set in map',
  )
  const warned = await ask('PATCH', at('Warn'), body, APPLY)
  assert.equal(warned.status, 201, warned.text)
  assert.deepEqual(warningsOf(warned), ['line 5: key "a" already set in map'])
  assert.deepEqual(warningsOf(await ask('PATCH', at('Ignore'), body, APPLY)), [])
})

test('warnings are whole up to 4096 characters together, and cut to 256 each where they have more', async () => {
  const { ask } = await startTestServer()
  const warned = async (lengths: readonly number[]) => {
    const fields = lengths.map((length, at) => [`f${at}`.padEnd(length, 'x'), 1])
    const body = { metadata: { name: 'a' }, ...Object.fromEntries(fields) }
    const answer = await ask('POST', `${configMaps}?dryRun=All`, JSON.stringify(body))
    assert.equal(answer.status, 201, answer.text)
    return warningsOf(answer).map(({ length }) => length)
  }
  // Each is `unknown field "…"`, 16 characters longer.
  const few = Array.from({ length: 8 }, () => 496)
  assert.deepEqual(
    await warned(few),
    few.map(length => length + 16),
  )
  assert.deepEqual(await warned([...few, 2]), [...few.map(() => 256), 18])
  assert.deepEqual(await warned([2_000_000]), [256])
  const many = Array.from({ length: 300 }, () => 84)
  assert.deepEqual(
    await warned(many),
    Array.from({ length: 41 }, () => 100),
  )
})
