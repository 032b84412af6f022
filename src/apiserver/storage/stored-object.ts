/**
 * One revision of one object, in the forms in which it is asked for, each made at most once and shared by everybody:
 *
 *   value   the JSON in the store, which cannot contain its own resourceVersion
 *   bytes   the JSON on the wire: the value with `"resourceVersion":"N"` spliced into it; never encoded again. A line's end follows
 *           them in their buffer, so that `lineOf` and `itemOf` show the same bytes as a body and as an item of a list
 *   object  the frozen value for callers in process, with the resourceVersion in its metadata
 */

import { textOfFields } from '#api/machinery/apply/shared-fields.ts'
import { asGoJson, parseExact, stringifyJson } from '#api/machinery/exact-json.ts'
import { type AnyKind, apiVersionOf } from '#api/machinery/kind.ts'
import type { KubernetesObject, ManagedFieldsEntry } from '#api/machinery/metadata.ts'
import type { PlainObject } from '#api/machinery/plain.ts'
import { NOWHERE } from '#base/arrival-order.ts'
import { deepFreeze } from '#base/freeze.ts'
import type { Entry, Revision } from '#store'
import { emptyAsNull, nullAsEmpty } from './empty-lists.ts'
import { type Forgetful, FormCache } from './form-cache.ts'
import { textOfPart } from './part-texts.ts'
import type { View } from './view.ts'

/** What an object looks like to those who ask for it in one version. */
export interface Representation {
  readonly object: KubernetesObject
  readonly bytes: Uint8Array
  /** The body in protobuf, kept here by whoever makes it first. */
  protobuf?: Uint8Array | undefined
}

const encoder = new TextEncoder()
const LINE_END = 0x0a

/** The bytes of a representation with the line's end, as a body of its own. */
export const lineOf = ({ bytes }: Representation): Uint8Array =>
  new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength + 1)

/** The parts as bytes of a representation. */
export function inOneLine(...parts: readonly Uint8Array[]): Uint8Array {
  const line = new Uint8Array(parts.reduce((length, part) => length + part.length, 1))
  let at = 0
  for (const part of parts) {
    line.set(part, at)
    at += part.length
  }
  line[at] = LINE_END
  return line.subarray(0, -1)
}

/** `{"kind":"Pod","apiVersion":"v1",` by kind. */
const heads = new WeakMap<AnyKind, Uint8Array>()

/** The bytes behind the opening brace without kind and apiVersion, which the list around them tells for all its items. */
export function itemOf(kind: AnyKind, { bytes }: Representation): Uint8Array {
  let head = heads.get(kind)
  if (!head) {
    head = encoder.encode(
      `{"kind":${JSON.stringify(kind.kind)},"apiVersion":${JSON.stringify(apiVersionOf(kind))},`,
    )
    heads.set(kind, head)
  }
  return bytes.subarray(head.length)
}

const textOf = ({ kind, apiVersion, ...rest }: KubernetesObject): string =>
  asGoJson(stringifyJson({ kind, apiVersion, ...rest }))

/**
 * Stored values that this process wrote carry the object that they were made from, until the cache takes it over: engines hand back
 * the very buffers they were given, so it need not be parsed again. The store's history keeps values for long, and should not keep
 * twice their size in objects along with them. Beside the values, since a buffer that lost a property of its own is 160 bytes larger.
 */
const sources = new WeakMap<Uint8Array, KubernetesObject>()

/** The value to store for an object; the object belongs to the server from here on and is frozen. */
export function encodeValue(object: KubernetesObject): Uint8Array {
  const stored = asStored(object)
  const value = valueFor(stored)
  sources.set(value, deepFreeze(stored))
  return value
}

function asStored({ apiVersion, kind, metadata, ...rest }: KubernetesObject): KubernetesObject {
  const { resourceVersion: _, selfLink: __, ...storedMetadata } = metadata
  return { kind, apiVersion, metadata: storedMetadata, ...rest }
}

const valueFor = (stored: KubernetesObject): Uint8Array =>
  encoder.encode(storedText(stored, emptyAsNull(stored)))

/** What is only shown and never stored; the object belongs to the server from here on and is frozen. */
export function unstored(key: string, revision: Revision, object: KubernetesObject): StoredObject {
  const { selfLink } = object.metadata
  const { metadata, ...rest } = asStored(object)
  const stored = deepFreeze({
    ...rest,
    metadata: selfLink === undefined ? metadata : { ...metadata, selfLink },
  })
  return new StoredObject(key, revision, new Unencoded(key, revision, stored), stored)
}

/** An entry of no store: callers in process ask for the object and never for the bytes, which are made when somebody does. */
class Unencoded implements Entry {
  readonly key: string
  readonly createRevision: Revision
  readonly modRevision: Revision
  readonly #object: KubernetesObject
  #value: Uint8Array | undefined

  constructor(key: string, revision: Revision, object: KubernetesObject) {
    this.key = key
    this.createRevision = revision
    this.modRevision = revision
    this.#object = object
  }

  get value(): Uint8Array {
    this.#value ??= valueFor(this.#object)
    return this.#value
  }
}

/** Its parts one by one, since JSON of the owners of fields is mostly there already, and that of a spec where only the status is new. */
function storedText(stored: KubernetesObject, shown: KubernetesObject): string {
  const { kind, apiVersion, metadata, ...parts } = shown as KubernetesObject & PlainObject
  const sources = stored as KubernetesObject & PlainObject
  const isWrittenInParts = parts.status !== undefined
  const head = `{"kind":${JSON.stringify(kind)},"apiVersion":${JSON.stringify(apiVersion)}`
  let text = asGoJson(`${head},"metadata":${metadataText(metadata)}`)
  for (const name of Object.keys(parts)) {
    if (parts[name] === undefined) continue
    const isKept = isWrittenInParts && name !== 'status'
    text += `,${asGoJson(JSON.stringify(name))}:${textOfPart(sources[name], parts[name], isKept)}`
  }
  return `${text}}`
}

function metadataText({ managedFields, ...metadata }: KubernetesObject['metadata']): string {
  const text = stringifyJson(metadata)
  if (!managedFields) return text
  return `${opened(text)}"managedFields":[${managedFields.map(entryText).join(',')}]}`
}

function entryText(entry: ManagedFieldsEntry): string {
  const { fieldsV1, subresource, ...facts } = entry
  if (typeof fieldsV1 !== 'object' || fieldsV1 === null) return stringifyJson(entry)
  const last = subresource === undefined ? '' : `,"subresource":${JSON.stringify(subresource)}`
  return `${opened(stringifyJson(facts))}"fieldsV1":${textOfFields(fieldsV1)}${last}}`
}

/** An object without its end, to be followed by a field. */
const opened = (object: string): string => (object === '{}' ? '{' : `${object.slice(0, -1)},`)

/** The object in a stored value. */
export function objectOfValue(value: Uint8Array): KubernetesObject {
  return sources.get(value) ?? deepFreeze(nullAsEmpty(parseExact(value) as KubernetesObject))
}

/** Room for all forms of some nine thousand pods, or for a list of 50 MB; of more, those that were made last are there. */
const FORMS_LIMIT_BYTES = 56 * 1024 * 1024
const forms = new FormCache(FORMS_LIMIT_BYTES)

/** About how many bytes an object takes for each one of its JSON: a pod twice as many, a ConfigMap of long texts less. */
const OBJECT_BYTES_PER_BYTE = 2

/** What is made of a stored value, and kept. */
export type Form = 'object' | 'bytes' | 'protobuf'

export class StoredObject implements Representation, Forgetful {
  readonly key: string
  readonly revision: Revision
  /** For `forms` alone. */
  slot = NOWHERE
  /** For `forms` alone. */
  formBytes = 0
  readonly #held: Uint8Array | Entry
  /** As it is stored, without its revision. */
  #source: KubernetesObject | undefined
  #object: KubernetesObject | undefined
  /** The object of a present state after it was dropped here: informers of the process mostly have it still. */
  #lent: WeakRef<KubernetesObject> | undefined
  #bytes: Uint8Array | undefined
  #protobuf: Uint8Array | undefined
  #views: Map<View, Representation> | undefined
  /** Counted by `forms`, as only those are whose value can be left in a file. */
  #isPresent = false

  /**
   * `revision` is the one to show: the deletion's for the last state of an object that is gone. Of an entry the value is asked
   * for when it is needed, since it may have to be read from a file.
   */
  constructor(
    key: string,
    revision: Revision,
    held: Uint8Array | Entry,
    source?: KubernetesObject,
  ) {
    this.key = key
    this.revision = revision
    this.#held = held
    this.#source = source
  }

  get value(): Uint8Array {
    return this.#held instanceof Uint8Array ? this.#held : this.#held.value
  }

  /** What all copies of one stored state have in common, and no other state. */
  get identity(): object {
    return this.#held instanceof Uint8Array ? this.#held : identityOf(this.#held)
  }

  /** Where the value is, if not in memory for sure; see `Store.readAhead`. */
  get entry(): Entry | undefined {
    return this.#held instanceof Uint8Array ? undefined : this.#held
  }

  /** Of the value, in bytes. */
  get size(): number {
    return this.#held instanceof Uint8Array
      ? this.#held.length
      : (this.#held.size ?? this.#held.value.length)
  }

  /** Whether a form is there, so that whoever asks for it need not wait for the value. */
  has(form: Form): boolean {
    if (form === 'object') return (this.#object ?? this.#source ?? this.#recalled()) !== undefined
    return (form === 'bytes' ? this.#bytes : this.#protobuf) !== undefined
  }

  forget(): void {
    if (this.#isPresent && this.#object) this.#lent = new WeakRef(this.#object)
    this.#source = undefined
    this.#object = undefined
    this.#bytes = undefined
    this.#protobuf = undefined
    this.#views = undefined
  }

  /** Drops what was made for the wire, which whoever asks again gets for a copy or an encoding; each is about as large as the value. */
  forgetWireForms(): void {
    const bytes = (this.#bytes ? this.size : 0) + (this.#protobuf?.length ?? 0)
    if (bytes === 0) return
    this.#bytes = undefined
    this.#protobuf = undefined
    this.#formed(-bytes)
  }

  /** Drops all forms of a state that may still be the present one: nobody is expected to ask soon. */
  cool(): void {
    if (this.#isPresent) forms.release(this)
    this.forget()
    this.#lent = undefined
  }

  /** The state is the present one, and one of maybe a million: its forms live as long as there is room. */
  enterPresent(): void {
    this.#isPresent = this.entry?.size !== undefined
    if (this.#source) this.#formed(this.size * OBJECT_BYTES_PER_BYTE)
  }

  /** The state is of the past: its forms live as long as whoever has it. */
  leavePresent(): void {
    if (this.#isPresent) forms.release(this)
    this.#isPresent = false
  }

  /** Takes over the object that the value carries. */
  adoptSource(): void {
    const { value } = this
    this.#source ??= sources.get(value)
    sources.delete(value)
  }

  /** The same state, shown at another revision. */
  at(revision: Revision): StoredObject {
    const source = this.#source ?? this.#object ?? this.#recalled()
    return new StoredObject(this.key, revision, this.#held, source)
  }

  get object(): KubernetesObject {
    const known = this.#object ?? this.#recalled()
    if (known) return known
    if (!this.#source) {
      this.#source = objectOfValue(this.value)
      this.#formed(this.size * OBJECT_BYTES_PER_BYTE)
    }
    this.#object = withRevision(this.#source, this.revision)
    return this.#object
  }

  /** Takes back what was dropped where somebody else still has it: else all would be in memory twice, and be parsed for that. */
  #recalled(): KubernetesObject | undefined {
    if (!this.#lent) return undefined
    const object = this.#lent.deref()
    this.#lent = undefined
    this.#object = object
    if (object) this.#formed(this.size * OBJECT_BYTES_PER_BYTE)
    return object
  }

  get bytes(): Uint8Array {
    if (this.#bytes) return this.#bytes
    this.#bytes = spliceRevision(this.value, this.revision)
    this.#formed(this.size)
    return this.#bytes
  }

  get protobuf(): Uint8Array | undefined {
    return this.#protobuf
  }

  set protobuf(message: Uint8Array) {
    this.#protobuf = message
    this.#formed(message.length)
  }

  #formed(bytes: number): void {
    if (this.#isPresent) forms.add(this, bytes)
  }

  /** The object in another version than the stored one, for which it has to be prepared (see View). */
  in(view: View): Representation {
    if (!view.fromStored && !view.own) return this
    this.#views ??= new Map()
    let representation = this.#views.get(view)
    if (!representation) {
      const shown = view.own?.shown(this) ?? view.fromStored?.(this.object) ?? this.object
      // Most objects look the same in this version, and keep their bytes.
      if (shown === this.object) return this
      representation = new ConvertedObject(deepFreeze(shown))
      this.#views.set(view, representation)
    }
    return representation
  }
}

/** In another version than the stored one. Who asks in process never pays for bytes. */
class ConvertedObject implements Representation {
  readonly object: KubernetesObject
  protobuf: Uint8Array | undefined
  #bytes: Uint8Array | undefined

  constructor(object: KubernetesObject) {
    this.object = object
  }

  get bytes(): Uint8Array {
    this.#bytes ??= inOneLine(encoder.encode(textOf(emptyAsNull(this.object))))
    return this.#bytes
  }
}

/** Entries that hold their value may be made anew around it; those in a file are made once. */
export function identityOf(entry: Entry): object {
  return entry.size === undefined ? entry.value : entry
}

function withRevision(stored: KubernetesObject, revision: Revision): KubernetesObject {
  const metadata = Object.freeze({ ...stored.metadata, resourceVersion: String(revision) })
  return Object.freeze({ ...stored, metadata })
}

/** `"metadata":{`, which `encodeValue` writes right after kind and apiVersion. */
const METADATA = encoder.encode('"metadata":{')

function spliceRevision(value: Uint8Array, revision: Revision): Uint8Array {
  const at = endOfMetadataOpening(value)
  const field = encoder.encode(`"resourceVersion":"${revision}",`)
  return inOneLine(value.subarray(0, at), field, value.subarray(at))
}

function endOfMetadataOpening(value: Uint8Array): number {
  const at = Buffer.from(value.buffer, value.byteOffset, value.byteLength).indexOf(METADATA)
  if (at < 0) throw new Error('a stored value has no metadata')
  return at + METADATA.length
}
