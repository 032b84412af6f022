import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventJson, legacyLine } from './event.ts'
import { inOneLine, jsonIn, jsonOfBody, withoutOwners } from './json.ts'
import { sourceIpsOf } from './source-ips.ts'
import { eventOf } from './testing.ts'

const text = (json: readonly Uint8Array[] | undefined) => json && Buffer.concat(json).toString()
const bytes = (given: string) => new TextEncoder().encode(given)

test('an event is one line of JSON in the order of upstream', () => {
  const event = eventOf({
    level: 'RequestResponse',
    user: { name: 'jane', groups: ['g'], uid: 'u', extra: { b: ['2'], a: ['1'] } },
    impersonatedUser: { name: 'joe', groups: [] },
    impersonationConstraint: 'impersonate:user-info',
    objectRef: {
      resource: 'pods',
      namespace: 'default',
      name: '',
      uid: '',
      apiGroup: '',
      apiVersion: 'v1',
      resourceVersion: '',
      subresource: 'log',
    },
    requestObject: [bytes('{"a":1}')],
    responseObject: [bytes('{"b":'), bytes('2}')],
    annotations: new Map([
      ['z', '1'],
      ['a', '2'],
    ]),
  })
  assert.equal(
    text(eventJson(event)),
    '{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"RequestResponse","auditID":"id","stage":"ResponseComplete",' +
      '"requestURI":"/api/v1/pods?a=b","verb":"list","user":{"username":"jane","uid":"u","groups":["g"],"extra":{"a":["1"],"b":["2"]}},' +
      '"impersonatedUser":{"username":"joe"},"authenticationMetadata":{"impersonationConstraint":"impersonate:user-info"},"sourceIPs":["192.0.2.1"],"userAgent":"x/1",' +
      '"objectRef":{"resource":"pods","namespace":"default","apiVersion":"v1","subresource":"log"},' +
      '"responseStatus":{"metadata":{},"code":200},"requestObject":{"a":1},"responseObject":{"b":2},' +
      '"requestReceivedTimestamp":"2026-05-01T12:00:00.250000Z","stageTimestamp":"2026-05-01T12:00:01.000000Z",' +
      '"annotations":{"a":"2","z":"1"}}',
  )
})

test('an event of a list does not say what it is, and nobody has no name', () => {
  const told = JSON.parse(text(eventJson(eventOf({ user: undefined }), true)) ?? '')
  assert.equal('kind' in told, false)
  assert.deepEqual(told.user, {})
})

test('the old form tells the same to people', () => {
  assert.equal(
    legacyLine(eventOf()),
    '2026-05-01T12:00:00.25Z AUDIT: id="id" stage="ResponseComplete" ip="192.0.2.1" method="list" user="jane" groups="\\"g\\"" as="<self>" asgroups="<lookup>" user-agent="x/1" namespace="<none>" uri="/api/v1/pods?a=b" response="200"',
  )
})

test('bodies keep their bytes where they are one line', () => {
  const body = bytes('{"a":1}')
  assert.equal(jsonIn(body)?.[0], body)
  assert.equal(text(jsonIn(bytes('{\n "a": 1\n}\n'))), '{"a":1}')
  assert.equal(jsonIn(bytes('{"a":')), undefined)
  const headers = { 'content-type': 'application/json' }
  const line = bytes('{"a":1}\n')
  const [same] = jsonOfBody(headers, { kind: 'bytes', bytes: line }) ?? []
  assert.equal(same?.buffer, line.buffer)
  assert.equal(text(same && [same]), '{"a":1}')
  const pretty = { kind: 'bytes', bytes: bytes('{\n  "a": 1\n}') } as const
  assert.equal(text(jsonOfBody(headers, pretty)), '{"a":1}')
  assert.equal(jsonOfBody({ 'content-type': 'text/plain' }, pretty), undefined)
  assert.equal(text(inOneLine([bytes('{"a":'), bytes('1}\n')])), '{"a":1}')
})

test('who owns fields is left out of objects, lists and tables', () => {
  const owned = { metadata: { name: 'a', managedFields: [{}] }, data: {} }
  const free = { metadata: { name: 'a' }, data: {} }
  assert.deepEqual(withoutOwners(owned), free)
  assert.deepEqual(withoutOwners({ items: [owned] }), { items: [free] })
  assert.deepEqual(withoutOwners({ rows: [{ cells: [], object: owned }] }), {
    rows: [{ cells: [], object: free }],
  })
})

test('addresses come from headers and the connection, once each and spelled alike', () => {
  assert.deepEqual(sourceIpsOf({}, undefined), [])
  assert.deepEqual(sourceIpsOf({}, '::ffff:127.0.0.1'), ['127.0.0.1'])
  const headers = { 'x-forwarded-for': '192.0.2.1, nobody,2001:DB8:0::1', 'x-real-ip': '192.0.2.7' }
  assert.deepEqual(sourceIpsOf(headers, '127.0.0.1'), [
    '192.0.2.1',
    '2001:db8::1',
    '192.0.2.7',
    '127.0.0.1',
  ])
  assert.deepEqual(sourceIpsOf({ 'x-real-ip': '127.0.0.1' }, '127.0.0.1'), ['127.0.0.1'])
})
