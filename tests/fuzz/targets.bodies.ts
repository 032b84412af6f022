/** Decoders of bodies. */
import assert from 'node:assert/strict'
import { kinds } from '../../src/api/kinds.ts'
import { duplicateFields, parseJson } from '../../src/api/machinery/body.ts'
import {
  decodeCbor,
  encodeCbor,
  encodeCborValue,
  selfDescribed,
} from '../../src/api/machinery/cbor.ts'
import { decodeObject } from '../../src/api/machinery/decode.ts'
import { applyDefaults } from '../../src/api/machinery/defaults.ts'
import { stringifyJson } from '../../src/api/machinery/exact-json.ts'
import { syntaxErrorOf } from '../../src/api/machinery/json-syntax.ts'
import { type AnyKind, apiVersionOf } from '../../src/api/machinery/kind.ts'
import {
  decodeListProtobuf,
  decodeObjectProtobuf,
  encodeListProtobuf,
  encodeObjectProtobuf,
  unwrapProtobuf,
} from '../../src/api/machinery/protobuf-envelope.ts'
import { validateMetadata } from '../../src/api/machinery/validate-metadata.ts'
import { parseYaml } from '../../src/api/machinery/yaml.ts'
import { writeYaml } from '../../src/api/machinery/yaml-writer.ts'
import type { Target } from './fuzzer.ts'
import { CONFIG_MAP, JSON_WORDS, LEASE, POD, YAML_WORDS } from './samples.ts'

const OBJECTS = [POD, CONFIG_MAP, LEASE]
const jsonTexts = OBJECTS.map(object => JSON.stringify(object))
const kindOf = (name: string): AnyKind => {
  const kind = kinds.find(each => each.kind === name && !each.version.includes('beta'))
  if (!kind) throw new Error(`there is no ${name}`)
  return kind
}
const SAMPLED = OBJECTS.map(object => ({ object, kind: kindOf(object.kind) }))

/** The first kind that takes the value, as the server would go on with it. */
function decodeAll(value: unknown): void {
  const { kind: name } = (value ?? {}) as { kind?: unknown }
  const kind = kinds.find(each => each.kind === name) ?? SAMPLED[0]?.kind
  if (!kind) return
  const { object } = decodeObject(kind, value)
  const text = stringifyJson(object)
  assert.equal(stringifyJson(decodeObject(kind, object).object), text)
  applyDefaults(kind, object)
  validateMetadata(kind, object)
  kind.validate(object)
  kind.prepareForCreate(object)
  kind.warnings(object, undefined)
}

const json: Target = {
  name: 'JSON',
  samples: [...jsonTexts, '[1,"a",null,true,-1.5e3]', '9007199254740993', '{"a":1,"a":{"b":2}}'],
  words: JSON_WORDS,
  run(input) {
    let native: unknown
    let isJson = true
    try {
      native = JSON.parse(Buffer.from(input).toString())
    } catch {
      isJson = false
    }
    let value: unknown
    try {
      value = parseJson(input)
    } catch (thrown) {
      if (!isJson) assert.match(syntaxErrorOf(input), /^(invalid character|unexpected end)/)
      throw thrown
    }
    assert.ok(isJson)
    assert.equal(stringifyJson(parseJson(Buffer.from(stringifyJson(value)))), stringifyJson(value))
    assert.equal(Array.isArray(value), Array.isArray(native))
    assert.deepEqual(duplicateFields(input, value), duplicateFields(input))
  },
}

const objects: Target = {
  name: 'objects',
  samples: jsonTexts,
  words: JSON_WORDS,
  run: input => decodeAll(parseJson(input)),
}

const yaml: Target = {
  name: 'YAML',
  samples: [
    ...OBJECTS.map(object => writeYaml(object)),
    'a: &a {x: 1}\nb: [*a, *a]\nc:\n  <<: *a\n',
    'text: |\n  one\n  two\nfolded: >-\n  a\n  b\n? key\n: value\n',
    '# only\n---\na: 0x1f\nb: 1_000\nc: "\\u0041"\n...\n',
  ],
  words: YAML_WORDS,
  run(input) {
    const value = parseYaml(input)
    // What is written means the same when it is read again, unless it has too many values by then. It stands in something, as all texts of
    // objects do: of a text that is a whole document go-yaml and YAML 1.2 count the indentation from different columns.
    const { part: again } = parseYaml(Buffer.from(writeYaml({ part: value }))) as { part: unknown }
    // In CBOR, the order of keys makes no difference.
    assert.deepEqual(encodeCborValue(again), encodeCborValue(value))
  },
}

const PROTOBUF_WORDS = [
  'k8s\0',
  Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01),
  Uint8Array.of(0x0a, 0x80, 0x80, 0x80, 0x80, 0x08),
  Uint8Array.of(0x0b),
  Uint8Array.of(0x0a),
  Uint8Array.of(0x12, 0x00),
  Uint8Array.of(0x00),
  Uint8Array.of(0x80),
]

const protobuf: Target = {
  name: 'protobuf',
  samples: SAMPLED.map(({ kind, object }) => encodeObjectProtobuf(kind, object)),
  words: PROTOBUF_WORDS,
  run(input) {
    const { kind: name } = unwrapProtobuf(input)
    const kind = kinds.find(each => each.kind === name) ?? kindOf('Pod')
    const { object } = decodeObject(kind, decodeObjectProtobuf(kind, input))
    object.kind = kind.kind
    object.apiVersion = apiVersionOf(kind)
    const again = encodeObjectProtobuf(kind, object)
    const { object: same } = decodeObject(kind, decodeObjectProtobuf(kind, again))
    assert.equal(stringifyJson(same), stringifyJson(object))
  },
}

const protobufLists: Target = {
  name: 'protobuf lists',
  samples: SAMPLED.map(({ kind, object }) => {
    const message = unwrapProtobuf(encodeObjectProtobuf(kind, object)).message
    return Buffer.concat(encodeListProtobuf(kind, { resourceVersion: '5' }, [message, message]))
  }),
  words: PROTOBUF_WORDS,
  run: input => void decodeListProtobuf(input),
}

const cbor: Target = {
  name: 'CBOR',
  samples: SAMPLED.map(({ kind, object }) => selfDescribed(encodeCbor(kind.shape, object))),
  words: [
    Uint8Array.of(0xd9, 0xd9, 0xf7),
    Uint8Array.of(0x9f),
    Uint8Array.of(0xbf, 0x41, 0x61),
    Uint8Array.of(0x5f),
    Uint8Array.of(0xff),
    Uint8Array.of(0xc1),
    Uint8Array.of(0xd6, 0x44),
    Uint8Array.of(0x81),
    Uint8Array.of(0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff),
    Uint8Array.of(0xfb, 0x7f, 0xf0, 0, 0, 0, 0, 0, 0),
    Uint8Array.of(0x1b, 0x80, 0, 0, 0, 0, 0, 0, 0),
    Uint8Array.of(0x49, ...Buffer.from('__proto__')),
  ],
  run(input) {
    const value = decodeCbor(input)
    const item = encodeCborValue(value)
    assert.deepEqual(encodeCborValue(decodeCbor(item)), item)
    decodeAll(value)
  },
}

export const bodyTargets: readonly Target[] = [json, objects, yaml, protobuf, protobufLists, cbor]
