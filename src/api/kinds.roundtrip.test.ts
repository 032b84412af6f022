/** Whatever an object says, it says the same after every way that it can go: JSON, protobuf, CBOR, the store, other versions. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Service, service } from './core/v1/service.ts'
import { kinds } from './kinds.ts'
import { decodeCbor, encodeCbor } from './machinery/cbor.ts'
import { decodeObject } from './machinery/decode.ts'
import { applyDefaults } from './machinery/defaults.ts'
import { type AnyKind, apiVersionOf, type StoredAs } from './machinery/kind.ts'
import type { KubernetesObject } from './machinery/metadata.ts'
import { decodeObjectProtobuf, encodeObjectProtobuf } from './machinery/protobuf-envelope.ts'
import type { ScalarType } from './machinery/schema.ts'
import { type Choice, fullObject, objectOf } from './machinery/testing.ts'

const RUNS = { numRuns: 25 }

const text = fc.string({ unit: 'binary', maxLength: 8 })
const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })
const seconds = fc
  .date({
    min: new Date('0001-01-02T00:00:00Z'),
    max: new Date('9999-12-30T00:00:00Z'),
    noInvalidDate: true,
  })
  .map(date => `${date.toISOString().slice(0, 19)}Z`)
/** As parsed from a body: JSON has no -0, and larger whole numbers are kept in another form. */
const smallJson = fc
  .jsonValue({ maxDepth: 2 })
  .map(value => JSON.stringify(value))
  .filter(json => !/\d{16}|e\+/.test(json))
  .map(json => JSON.parse(json))
const scalars: Record<ScalarType, fc.Arbitrary<unknown>> = {
  string: text,
  boolean: fc.boolean(),
  int32,
  int64: fc.maxSafeInteger(),
  double: fc
    .double({ noNaN: true, noDefaultInfinity: true })
    .filter(value => !Object.is(value, -0)),
  bytes: fc.uint8Array({ maxLength: 6 }).map(bytes => Buffer.from(bytes).toString('base64')),
  quantity: fc
    .tuple(int32, fc.constantFrom('', 'm', 'k', 'Ki', 'G', 'Gi', 'e3'))
    .map(([amount, suffix]) => `${amount}${suffix}`),
  intOrString: fc.oneof(int32, text),
  time: seconds,
  microTime: fc
    .tuple(seconds, fc.nat({ max: 999_999 }))
    .map(([time, micro]) => `${time.slice(0, -1)}.${String(micro).padStart(6, '0')}Z`),
  duration: fc.nat({ max: 10_000_000 }).map(milliseconds => `${milliseconds}ms`),
  any: fc.dictionary(text, smallJson, { maxKeys: 3, noNullPrototype: true }),
}
const choice: Choice = { scalars, keys: text, deepest: 8, mostFields: 6 }

const named = (kind: AnyKind, body: object) => ({
  ...body,
  apiVersion: apiVersionOf(kind),
  kind: kind.kind,
})

/** The smallest and the fullest object, and many between. */
function bodiesOf(kind: AnyKind): { examples: [object][]; random: fc.Arbitrary<object> } {
  return {
    examples: [[named(kind, { metadata: { name: 'a' } })], [named(kind, fullObject(kind.shape))]],
    random: objectOf(kind.shape, choice).map(body => named(kind, body)),
  }
}

const decoded = (kind: AnyKind, raw: unknown) => {
  const { object, unknownFields } = decodeObject(kind, raw)
  assert.deepEqual(unknownFields, [])
  return object
}

const defaulted = (kind: AnyKind, raw: unknown) => {
  const object = decoded(kind, raw)
  applyDefaults(kind, object)
  return object
}

const title = (kind: AnyKind) => `${apiVersionOf(kind)} ${kind.kind}`

function forAll(kind: AnyKind, check: (body: object) => void): void {
  const { examples, random } = bodiesOf(kind)
  fc.assert(fc.property(random, check), { ...RUNS, examples })
}

for (const kind of kinds)
  test(`${title(kind)} is the same in JSON, in protobuf, in CBOR and after defaulting twice`, () => {
    forAll(kind, body => {
      const object = decoded(kind, body)
      const json = JSON.stringify(object)
      assert.equal(JSON.stringify(decoded(kind, JSON.parse(json))), json, 'JSON')
      const message = encodeObjectProtobuf(kind, object)
      const back = decoded(kind, decodeObjectProtobuf(kind, message))
      assert.equal(JSON.stringify(back), json, 'protobuf')
      assert.deepEqual(encodeObjectProtobuf(kind, back), message, 'protobuf bytes')
      const item = encodeCbor(kind.shape, object)
      const fromCbor = decoded(kind, decodeCbor(item))
      // Its maps come in an order of their own, which shows in data that no schema orders.
      assert.deepEqual(fromCbor, object, 'CBOR')
      assert.deepEqual(encodeCbor(kind.shape, fromCbor), item, 'CBOR bytes')

      // Defaults stand behind what was given, until the object is read again.
      const complete = defaulted(kind, body)
      const again = defaulted(kind, JSON.parse(JSON.stringify(complete)))
      assert.deepEqual(again, complete, 'defaults')
      const stored = JSON.stringify(again)
      assert.equal(JSON.stringify(defaulted(kind, JSON.parse(stored))), stored, 'stored bytes')
    })
  })

test('the fullest object of each kind has every field', () => {
  for (const kind of kinds) {
    const full = decoded(kind, named(kind, fullObject(kind.shape)))
    assert.deepEqual(Object.keys(full), Object.keys(kind.shape.fields), title(kind))
  }
})

/** What a version may leave out instead of saying it. */
const isEmpty = (value: unknown): boolean =>
  !value || (typeof value === 'object' && Object.values(value).every(isEmpty))

/** Whether everything that `less` says is said by `more`, too. */
function isWithin(less: unknown, more: unknown): boolean {
  if (isEmpty(less) && more === undefined) return true
  if (typeof less !== 'object' || less === null) return Object.is(less, more)
  if (typeof more !== 'object' || more === null) return false
  if (Array.isArray(less) && less.length !== (more as unknown[]).length) return false
  return Object.entries(less).every(([key, value]) =>
    isWithin(value, (more as Record<string, unknown>)[key]),
  )
}

interface Trip {
  /** The version that makes the trip. */
  readonly kind: AnyKind
  readonly there: (object: KubernetesObject) => KubernetesObject
  readonly back: (object: KubernetesObject) => KubernetesObject
}

/** A conversion may add what the other version always says, but only once. */
function losesNothing({ kind, there, back }: Trip): void {
  const clone = <T>(value: T): T => JSON.parse(JSON.stringify(value))
  const trip = (object: KubernetesObject) => decoded(kind, clone(back(clone(there(object)))))
  forAll(kind, body => {
    const object = defaulted(kind, body)
    const once = trip(clone(object))
    if (!isWithin(object, once)) assert.deepEqual(once, object, 'something is lost')
    assert.deepEqual(trip(clone(once)), once, 'the second time')
  })
}

for (const kind of kinds.filter(({ storedAs }) => storedAs))
  test(`${title(kind)} loses nothing in the store, nor a stored object in this version`, () => {
    const { storedAs } = kind as { storedAs: StoredAs<KubernetesObject> }
    const { kind: storage, toStored, fromStored } = storedAs
    losesNothing({ kind, there: toStored, back: fromStored })
    losesNothing({ kind: storage, there: fromStored, back: toStored })
  })

test('a conversion that loses a field is seen', () => {
  const kind = kinds.find(each => each.storedAs && each.kind === 'ResourceClaim')
  const { storedAs } = kind as { storedAs: StoredAs<KubernetesObject> }
  const forgetful = (object: KubernetesObject) => {
    const { finalizers: _, ...metadata } = object.metadata
    return storedAs.toStored({ ...object, metadata })
  }
  assert.throws(
    () => losesNothing({ kind: kind as AnyKind, there: forgetful, back: storedAs.fromStored }),
    /Property failed/,
  )
})

type WithStatus = KubernetesObject & { readonly status?: unknown }

/** What of a status a new spec takes away, as nothing of it holds any more. */
const statusAfter: Readonly<Record<string, (next: WithStatus, previous: WithStatus) => unknown>> = {
  'v1 Service': (next, previous) => {
    const [{ spec }, { spec: before, status }] = [next as Service, previous as Service]
    const isLeft = before.type === 'LoadBalancer' && spec.type !== 'LoadBalancer'
    return isLeft ? { ...status, loadBalancer: {} } : status
  },
}
const theSame = (_next: WithStatus, { status }: WithStatus) => status

for (const kind of kinds.filter(({ subresources, storedAs }) => subresources.status && !storedAs)) {
  const keptOf = statusAfter[title(kind)] ?? theSame
  const keepsIt = (body: object, other: object) => {
    const previous: WithStatus = defaulted(kind, other)
    const next: WithStatus = defaulted(kind, body)
    const kept = structuredClone(keptOf(next, previous))
    kind.prepareForUpdate(next, previous)
    assert.deepEqual(next.status, kept)
  }
  test(`${title(kind)} keeps its status when something else is written`, () => {
    const { random } = bodiesOf(kind)
    fc.assert(fc.property(random, random, keepsIt), RUNS)
  })
  if (kind === service)
    test('a service that is balanced no more, and had an address, keeps the rest of its status', () => {
      const status = { loadBalancer: { ingress: [{}] }, conditions: [{ type: 'Fine' }] }
      const balanced = { metadata: {}, spec: { type: 'LoadBalancer' }, status }
      for (const type of ['ClusterIP', 'LoadBalancer'])
        keepsIt(named(kind, { metadata: {}, spec: { type } }), named(kind, balanced))
    })
}
