/** RFC 6902. The document is left as it is; what comes back shares nothing with it that an operation could change. */
import { stringifyJson } from '../exact-json.ts'
import { isPlainObject, MAXIMUM_DEPTH, type PlainObject, setKey, tooDeep } from '../plain.ts'
import { jsonTypeOf } from '../scalars.ts'
import { badRequest, StatusError } from '../status.ts'
import { isWritten } from '../written-numbers.ts'

/** A patch with more operations costs more than anyone needs. The number is upstream's. */
const MAXIMUM_OPERATIONS = 10_000
/** `copy` doubles; the result may not outgrow what a request may bring. */
const MAXIMUM_COPIES_BYTES = 3 * 1024 * 1024

type Operation =
  | { readonly op: 'add'; readonly path: string; readonly value: unknown }
  | { readonly op: 'replace'; readonly path: string; readonly value: unknown }
  | { readonly op: 'test'; readonly path: string; readonly value: unknown }
  | { readonly op: 'remove'; readonly path: string }
  | { readonly op: 'move'; readonly path: string; readonly from: string }
  | { readonly op: 'copy'; readonly path: string; readonly from: string }

/** The document after all operations, in order. Throws BadRequest for what is no patch, Invalid for what does not apply. */
export function jsonPatch(document: unknown, operations: unknown): unknown {
  const list = parseOperations(operations)
  const holder = { document: structuredClone(document) }
  let copied = 0
  for (const [index, operation] of list.entries()) {
    try {
      const copy = apply(holder, operation)
      if (copy !== undefined) copied += stringifyJson(copy).length
    } catch (error) {
      if (!(error instanceof PatchError)) throw error
      throw new RejectedPatch(index, error.fault, `: ${error.message}`)
    }
    if (copied > MAXIMUM_COPIES_BYTES)
      throw tooLarge(`the copies of this patch add up to more than ${MAXIMUM_COPIES_BYTES} bytes`)
  }
  // Each step is bounded, but a thousand steps can nest what no other step may walk through.
  checkDepth(holder.document, 0)
  return holder.document
}

function checkDepth(value: unknown, depth: number): void {
  if (typeof value !== 'object' || value === null) return
  if (depth > MAXIMUM_DEPTH) throw tooDeep()
  for (const part of Object.values(value)) checkDepth(part, depth + 1)
}

function parseOperations(operations: unknown): Operation[] {
  if (operations === null) return []
  if (!Array.isArray(operations))
    throw badRequest(
      `error decoding patch: json: cannot unmarshal ${jsonTypeOf(operations)} into Go value of type []handlers.jsonPatchOp`,
    )
  if (operations.length > MAXIMUM_OPERATIONS)
    throw new StatusError(
      'RequestEntityTooLarge',
      `Request entity too large: The allowed maximum operations in a JSON patch is ${MAXIMUM_OPERATIONS}, got ${operations.length}`,
    )
  checkTypes(operations)
  return operations.map((operation, index) => {
    const wrong = (fault: Fault, what: string) => new RejectedPatch(index, fault, ` ${what}`)
    if (!isPlainObject(operation)) throw wrong('op', 'is not an object')
    const { op, path, from } = operation
    if (typeof path !== 'string') throw wrong('path', 'has no path')
    switch (op) {
      case 'add':
      case 'replace':
      case 'test':
        // Without a value it is null, as upstream's.
        return { op, path, value: operation.value ?? null }
      case 'remove':
        return { op, path }
      case 'move':
      case 'copy':
        if (typeof from !== 'string') throw wrong('from', 'has no from')
        return { op, path, from }
      default:
        throw wrong('op', `has the unknown op ${stringifyJson(op)}`)
    }
  })
}

/** Told before anything is applied, as whoever reads the operations into structures does. */
function checkTypes(operations: readonly unknown[]): void {
  const wrong = (value: unknown, target: string) =>
    badRequest(
      `error decoding patch: json: cannot unmarshal ${jsonTypeOf(value)} into Go ${target}`,
    )
  for (const operation of operations) {
    if (operation === null) continue
    if (!isPlainObject(operation)) throw wrong(operation, 'value of type handlers.jsonPatchOp')
    for (const [name, value] of Object.entries(operation))
      if (TEXTS.includes(name) && value !== null && typeof value !== 'string')
        throw wrong(value, `struct field jsonPatchOp.${name} of type string`)
  }
}
const TEXTS = ['op', 'path', 'from']

/**
 * What is wrong with an operation: it is none, lacks where it leads to or comes from, leads to something below nothing, to nothing or to no item of a list, or its test fails.
 */
export type Fault =
  | 'op'
  | 'path'
  | 'from'
  | 'below'
  | 'nothing'
  | 'item'
  | 'test'
  | 'whole'
  | 'other'

/** What an operation asks for is not there. */
class PatchError extends Error {
  readonly fault: Fault
  constructor(message: string, fault: Fault = 'other') {
    super(message)
    this.fault = fault
  }
}

/** Which operation does not apply, and why. */
export class RejectedPatch extends StatusError {
  readonly index: number
  readonly fault: Fault
  constructor(index: number, fault: Fault, why: string) {
    const words = `the server rejected our request due to an error in our request: operation ${index}`
    super('Invalid', `${words}${why}`, {})
    this.index = index
    this.fault = fault
  }
}

/** A copy in which numbers stay what was written. */
function copyAsWritten(value: unknown, depth = 0): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (depth > MAXIMUM_DEPTH) throw tooDeep()
  if (Array.isArray(value)) return value.map(part => copyAsWritten(part, depth + 1))
  const copy: PlainObject = {}
  for (const [key, part] of Object.entries(value)) setKey(copy, key, copyAsWritten(part, depth + 1))
  return copy
}

/** Gives back what it copied, if anything, so that the copies can be counted. */
function apply(holder: { document: unknown }, operation: Operation): unknown {
  const { path } = operation
  if (operation.op === 'test') {
    if (!equal(readOrNull(holder.document, path), operation.value))
      throw new PatchError(`testing value ${path} failed`, 'test')
  } else if (operation.op === 'remove') {
    remove(holder, path)
  } else if (operation.op === 'add') {
    add(holder, path, copyAsWritten(operation.value))
  } else if (operation.op === 'replace') {
    replace(holder, path, copyAsWritten(operation.value))
  } else if (operation.from === '') {
    // By upstream's library.
    throw new PatchError('the document as a whole goes nowhere')
  } else if (operation.op === 'copy') {
    const copy = copyAsWritten(readOrNull(holder.document, operation.from))
    add(holder, path, copy)
    return copy
  } else {
    if (path.startsWith(`${operation.from}/`))
      throw new PatchError('a value cannot be moved into itself')
    // Not a copy: it is nowhere else any more.
    const value = readOrNull(holder.document, operation.from)
    remove(holder, operation.from)
    add(holder, path, value)
  }
  return undefined
}

/** A member that is not there is null, as by upstream's library; what it would be in has to be there. */
function readOrNull(document: unknown, pointer: string): unknown {
  if (pointer === '') return document
  const { parent, last } = parentOf({ document }, pointer)
  return isPlainObject(parent) && !Object.hasOwn(parent, last) ? null : read(document, pointer)
}

function tokensOf(pointer: string): string[] {
  if (pointer === '') return []
  if (!pointer.startsWith('/'))
    throw new PatchError(`the path ${JSON.stringify(pointer)} does not begin with "/"`, 'below')
  const tokens = pointer.slice(1).split('/')
  if (tokens.length > MAXIMUM_DEPTH) throw tooDeep()
  return tokens.map(token => token.replaceAll('~1', '/').replaceAll('~0', '~'))
}

function read(document: unknown, pointer: string): unknown {
  return tokensOf(pointer).reduce((value, token) => child(value, token, pointer), document)
}

function child(value: unknown, token: string, pointer: string): unknown {
  if (Array.isArray(value)) return value[indexIn(value, token, value.length - 1, pointer)]
  if (isPlainObject(value) && Object.hasOwn(value, token)) return value[token]
  throw new PatchError(`the path ${pointer} does not exist`, 'below')
}

function indexIn(
  array: readonly unknown[],
  token: string,
  maximum: number,
  pointer: string,
): number {
  if (token === '-' && maximum === array.length) return array.length
  // As upstream's library: any whole number, and negative ones from the end.
  const index = Number(token) < 0 ? Number(token) + maximum + 1 : Number(token)
  if (!/^[-+]?\d+$/.test(token) || index > maximum || index < 0)
    throw new PatchError(`the path ${pointer} does not exist: there is no item ${token}`, 'item')
  return index
}

function parentOf(
  holder: { document: unknown },
  pointer: string,
): { parent: unknown; last: string } {
  const tokens = tokensOf(pointer)
  const last = tokens.pop() ?? ''
  return {
    parent: tokens.reduce((value, token) => child(value, token, pointer), holder.document),
    last,
  }
}

function add(holder: { document: unknown }, pointer: string, value: unknown): void {
  if (pointer === '') throw new PatchError('the document is not to be replaced as a whole', 'whole')
  const { parent, last } = parentOf(holder, pointer)
  if (Array.isArray(parent)) parent.splice(indexIn(parent, last, parent.length, pointer), 0, value)
  else if (isPlainObject(parent)) setKey(parent, last, value)
  else throw new PatchError(`the path ${pointer} does not exist`, 'below')
}

/** A member that is missing is added, as by upstream's library; an item has to be there. The document itself gives way to an object or a list alone. */
function replace(holder: { document: unknown }, pointer: string, value: unknown): void {
  if (pointer === '' && typeof value === 'object' && value !== null) {
    holder.document = value
    return
  }
  if (pointer !== '' && Array.isArray(parentOf(holder, pointer).parent)) remove(holder, pointer)
  add(holder, pointer, value)
}

function remove(holder: { document: unknown }, pointer: string): void {
  if (pointer === '') throw new PatchError('the document cannot be removed', 'below')
  const { parent, last } = parentOf(holder, pointer)
  if (Array.isArray(parent)) parent.splice(indexIn(parent, last, parent.length - 1, pointer), 1)
  else if (isPlainObject(parent) && Object.hasOwn(parent, last)) delete parent[last]
  else throw new PatchError(`the path ${pointer} does not exist`, 'nothing')
}

/** Deep equality of JSON values; the order of keys does not matter. */
export function equal(one: unknown, other: unknown): boolean {
  if (one === other) return true
  if (isWritten(one)) return isWritten(other) && one.source === other.source
  if (typeof one !== 'object' || typeof other !== 'object') return false
  if (Array.isArray(one)) {
    if (!Array.isArray(other) || one.length !== other.length) return false
    for (let at = 0; at < one.length; at++) if (!equal(one[at], other[at])) return false
    return true
  }
  if (!isPlainObject(one) || !isPlainObject(other)) return false
  const keys = Object.keys(one)
  if (keys.length !== Object.keys(other).length) return false
  for (const key of keys)
    if (!Object.hasOwn(other, key) || !equal(one[key], other[key])) return false
  return true
}

function tooLarge(why: string): StatusError {
  return new StatusError('RequestEntityTooLarge', `Request entity is too large: ${why}`)
}
