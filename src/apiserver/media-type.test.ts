import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { isStatus } from '#api/machinery/status.ts'
import { encodingOfBody, type Negotiation, negotiate } from './media-type.ts'

const META = 'g=meta.k8s.io;v=v1'

test('the first type that can be served, by weight, then by how certain it is', () => {
  const cases: [string | undefined, object, Negotiation?][] = [
    [undefined, { encoding: 'json', pretty: false }],
    ['*/*', { encoding: 'json', pretty: false }],
    ['application/json', { encoding: 'json', pretty: true }, { pretty: true }],
    ['application/json, */*', { encoding: 'json', pretty: false }],
    ['*/*, application/yaml', { encoding: 'yaml', pretty: false }],
    ['application/*, application/cbor', { encoding: 'cbor', pretty: false }],
    ['Application/JSON;q=0.5,application/yaml;q=0.9', { encoding: 'yaml', pretty: false }],
    ['text/html,application/xml;q=0.9,*/*;q=0.8', { encoding: 'json', pretty: false }],
    [
      'application/vnd.kubernetes.protobuf,application/json',
      { encoding: 'protobuf', pretty: false },
    ],
    ['application/json;q=0, application/cbor', { encoding: 'cbor', pretty: false }],
    ['application/json;pretty=1', { encoding: 'json', pretty: true }],
    ['application/json;stream=watch', { encoding: 'json', pretty: false }, { isStream: true }],
    ['application/json; charset="utf-8"', { encoding: 'json', pretty: false }],
    [
      `application/json;as=Table;${META}`,
      { encoding: 'json', as: 'Table', version: 'v1', pretty: false },
    ],
    [
      'application/yaml;as=Table;g=meta.k8s.io;v=v1beta1',
      { encoding: 'yaml', as: 'Table', version: 'v1beta1', pretty: false },
    ],
    // Neither protobuf nor CBOR carries tables.
    [
      `application/vnd.kubernetes.protobuf;as=Table;${META},application/json`,
      { encoding: 'json', pretty: false },
    ],
    [
      `application/cbor;as=Table;${META},application/json;as=Table;${META}`,
      { encoding: 'json', as: 'Table', version: 'v1', pretty: false },
    ],
    [
      `application/cbor;as=PartialObjectMetadata;${META}`,
      { encoding: 'cbor', as: 'PartialObjectMetadata', version: 'v1', pretty: false },
    ],
    // Where the wildcard cannot have what it asks for in one encoding, the next is tried.
    [
      `application/*;as=Table;${META}`,
      { encoding: 'json', as: 'Table', version: 'v1', pretty: false },
    ],
  ]
  for (const [accept, expected, asked] of cases)
    assert.deepEqual(negotiate(accept, asked), expected, accept ?? 'nothing')
})

test('what cannot be served is not acceptable, with what can be', () => {
  const refused = (
    accept: string,
    message: string,
    asked?: Negotiation,
    details: object | undefined = undefined,
  ) =>
    assert.throws(
      () => negotiate(accept, asked),
      thrown =>
        isStatus(thrown, 'NotAcceptable') &&
        thrown.code === 406 &&
        isDeepStrictEqual(thrown.details, details) &&
        thrown.message === message,
      accept,
    )
  const all =
    'only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf, application/cbor'
  const routes =
    '406: Not Acceptable\n\nAvailable representations: application/json, application/yaml, application/vnd.kubernetes.protobuf, ' +
    'application/cbor, application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch, application/cbor-seq'
  for (const accept of ['text/html', 'application/xml, image/*', 'application/json;q=0', ',;=']) {
    refused(accept, routes, {}, {})
    refused(accept, all, { isCustom: true })
  }
  for (const accept of [
    'application/json;as=Pod;g=;v=v1',
    'application/json;as=Table',
    `application/json;as=Table;g=meta.k8s.io;v=v2`,
    `application/vnd.kubernetes.protobuf;as=Table;${META}`,
    'application/json;sv=v2',
    'application/json;stream=other',
    'application/yaml;stream=watch',
    `application/json,${'x'.repeat(5000)}`,
  ])
    refused(accept, all)
  const table = `application/json;as=Table;${META}`
  const bare = `application/json;as=PartialObjectMetadata;${META}`
  refused(table, all, { hasNoTable: true })
  for (const accept of [table, bare]) {
    refused(accept, all, { hasOneShape: true })
    const plain = negotiate(`${accept}, application/json`, { hasOneShape: true })
    assert.deepEqual(plain, { encoding: 'json', pretty: false })
    // What was asked is part of what is remembered of a header.
    assert.notEqual(negotiate(accept).as, undefined)
  }
  const streams =
    'only the following media types are accepted: application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch, application/cbor-seq'
  refused('application/yaml', streams, { isStream: true })
  refused('text/event-stream', routes, { isStream: true }, {})
})

test('the encoding of a body, and what is none', () => {
  const cases: [string | undefined, string][] = [
    [undefined, 'json'],
    ['', 'json'],
    ['application/json; charset=utf-8', 'json'],
    ['APPLICATION/YAML', 'yaml'],
    ['application/vnd.kubernetes.protobuf', 'protobuf'],
    ['application/cbor', 'cbor'],
  ]
  for (const [type, encoding] of cases) assert.equal(encodingOfBody(type), encoding)
  for (const type of ['text/plain', 'json', '__proto__', 'application/cbor-seq', ';'])
    assert.throws(
      () => encodingOfBody(type),
      thrown =>
        isStatus(thrown, 'UnsupportedMediaType') &&
        thrown.code === 415 &&
        thrown.message ===
          'the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf, application/cbor',
      type,
    )
})
