/**
 * `Object{spec: Object.spec{…}}` and `JSONPatch{op: "add", …}`, by which expressions of mutations say what they want. The engine
 * has no such syntax, so it is rewritten beforehand to calls of functions with maps of the fields.
 */
import { base64FromBytes } from '../machinery/base64.ts'
import { isPlainObject, type PlainObject, setKey } from '../machinery/plain.ts'
import { typeName } from './printing.ts'
import { isUint, timeText } from './values.ts'

const ROOT = 'Object'
const PATCH = 'JSONPatch'
/** The rewritten names; nobody can mean them, with two underscores at the end as the engine's own. */
const MAKE_ROOT = 'object__'
const MAKE_PART = 'part__'
const MAKE_PATCH = 'jsonpatch__'

/** Type of the expressions of mutations by ApplyConfiguration and by JSONPatch. */
export const OBJECT_TYPE = ROOT
export const PATCHES_TYPE = `list<${PATCH}>`

/** What `Object{…}` and its parts give. */
export class Constructed {
  readonly type: string
  readonly fields: PlainObject
  constructor(type: string, fields: unknown) {
    this.type = type
    this.fields = fields as PlainObject
  }
}

class ConstructedPatch {
  readonly fields: PlainObject
  constructor(fields: unknown) {
    this.fields = fields as PlainObject
  }
}

class PatchLibrary {}

interface Target {
  registerFunction(signature: string, handler: (...args: never[]) => unknown): unknown
  registerType(name: string, type: object): unknown
  registerConstant(name: string, type: string, value: unknown): unknown
}

export function addConstructions(target: Target): void {
  target.registerType(ROOT, { ctor: Constructed, fields: {} })
  target.registerType(PATCH, { ctor: ConstructedPatch, fields: {} })
  target.registerType('JSONPatchLibrary', { ctor: PatchLibrary, fields: {} })
  target.registerFunction(`${MAKE_ROOT}(map): ${ROOT}`, (f: object) => new Constructed(ROOT, f))
  target.registerFunction(
    `${MAKE_PART}(string, map): dyn`,
    (type: string, fields: object) => new Constructed(type, fields),
  )
  target.registerFunction(
    `${MAKE_PATCH}(map): ${PATCH}`,
    (fields: object) => new ConstructedPatch(fields),
  )
  target.registerConstant('jsonpatch', 'JSONPatchLibrary', new PatchLibrary())
  target.registerFunction(
    'JSONPatchLibrary.escapeKey(string): string',
    (_: PatchLibrary, key: string) => key.replaceAll('~', '~0').replaceAll('/', '~1'),
  )
}

/** One token of an expression: texts, comments and blanks, names, or a single sign. */
const TOKEN = new RegExp(
  [
    // A text without its end goes to the end, so that nothing is looked through twice.
    String.raw`(?:[bB]?[rR]|[rR][bB])(?:"""[\s\S]*?(?:"""|$)|'''[\s\S]*?(?:'''|$)|"[^"\n]*"?|'[^'\n]*'?)`,
    String.raw`[bB]?(?:"""(?:\\[\s\S]|[^\\])*?(?:"""|$)|'''(?:\\[\s\S]|[^\\])*?(?:'''|$))`,
    String.raw`[bB]?(?:"(?:\\.|[^"\\\n])*"?|'(?:\\.|[^'\\\n])*'?)`,
    String.raw`//[^\n]*|\s+`,
    '`[^`]*`|[A-Za-z_]\\w*|[\\s\\S]',
  ].join('|'),
  'gy',
)
const NAME = /^[A-Za-z_`][^"']*$/
const BLANK = /^(?:\s|\/\/)/

/** A bracket that is open; of constructions also where in them. */
interface Open {
  readonly isConstruction: boolean
  /** The name of a field comes next. */
  expectsField: boolean
  /** `?` before a field that is left out where its value is not there. */
  mark: '' | '?'
}

/** The expression with all constructions as calls; as it is where it has none. Throws where a type is not known. */
/** The place in the text as it was written that a place in the rewritten one stands for. */
export function placeInOriginal(text: string, place: number): number {
  let [low, high] = [0, text.length]
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if (rewrittenLength(text.slice(0, middle)) <= place) low = middle
    else high = middle - 1
  }
  return low
}

/** Of a beginning that ends amid a name, what was written. */
function rewrittenLength(text: string): number {
  try {
    return rewriteConstructions(text).length
  } catch {
    return text.length
  }
}

export function rewriteConstructions(text: string): string {
  if (!text.includes('{')) return text
  const tokens: readonly string[] = text.match(TOKEN) ?? []
  const output: string[] = []
  const open: Open[] = []
  let before = ''
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at] ?? ''
    const top = open.at(-1)
    const type = before === '.' ? undefined : typeAt(tokens, at)
    if (!BLANK.test(token)) before = token
    if (type) {
      output.push(callOf(type.name))
      open.push({ isConstruction: true, expectsField: true, mark: '' })
      at = type.end
      before = '{'
    } else if (top?.expectsField && token === '?') top.mark = '?'
    else if (top?.expectsField && NAME.test(token)) {
      output.push(JSON.stringify(top.mark + token.replaceAll('`', '')))
      top.expectsField = false
      top.mark = ''
    } else {
      if (top?.expectsField && token !== '}' && !BLANK.test(token))
        throw new Error(`Syntax error: mismatched input '${token}' expecting the name of a field`)
      output.push(token)
      if ('([{'.includes(token)) open.push({ isConstruction: false, expectsField: false, mark: '' })
      else if (')]}'.includes(token) && open.pop()?.isConstruction) output.push(')')
      else if (token === ',' && top?.isConstruction) top.expectsField = true
    }
  }
  return output.join('')
}

/** The name of a type and the place of the brace after it, where there is both. */
function typeAt(
  tokens: readonly string[],
  start: number,
): { name: string; end: number } | undefined {
  if (!isName(tokens[start])) return undefined
  let name = ''
  let end = start
  for (; end < tokens.length; end++) {
    const token = tokens[end] ?? ''
    if (BLANK.test(token)) continue
    const isWanted = name === '' || name.endsWith('.') ? isName(token) : token === '.'
    if (!isWanted) break
    name += token
  }
  if (tokens[end] !== '{' || name === 'in') return undefined
  if (name !== ROOT && name !== PATCH && !name.startsWith(`${ROOT}.`))
    throw new Error(`undeclared reference to '${name}' (in container '')`)
  return { name, end }
}

const isName = (token: string | undefined) => token !== undefined && /^[A-Za-z_]\w*$/.test(token)

function callOf(type: string): string {
  if (type === ROOT) return `${MAKE_ROOT}({`
  if (type === PATCH) return `${MAKE_PATCH}({`
  return `${MAKE_PART}(${JSON.stringify(type)}, {`
}

/** The JSON that an `Object{…}` means. Throws where a part is not named after the field that it stands in. */
export function configurationOf(value: unknown): PlainObject {
  if (!(value instanceof Constructed)) throw new Error('the expression did not give an Object')
  checkNames(value, ROOT)
  return written(value, () => 'invalid return type: *dynamic.ObjectVal')
}

/** Has keys that JSON cannot write. */
class NoJson extends Error {}

function written(value: Constructed, words: (why: string) => string): PlainObject {
  try {
    return jsonOf(value) as PlainObject
  } catch (thrown) {
    throw thrown instanceof NoJson ? new Error(words(thrown.message)) : thrown
  }
}

/** The operations of a JSON patch that a list of `JSONPatch{…}` means. */
export function operationsOf(value: unknown): PlainObject[] {
  const list = Array.isArray(value) ? value : [value]
  return list.map(item => {
    if (!(item instanceof ConstructedPatch))
      throw new Error(
        'type mismatch: JSONPatchType.expression should evaluate to array of JSONPatch',
      )
    const operation = written(
      new Constructed(PATCH, item.fields),
      why => `JSONPath valueExpression evaluated to a type that could not marshal to JSON: ${why}`,
    )
    const parts = Object.entries(item.fields).map(([name, part]) => [name.replace('?', ''), part])
    for (const [name, part] of parts) checkPatchField(String(name), part)
    return operation
  })
}

function checkPatchField(name: string, value: unknown): void {
  if (!PATCH_FIELDS.includes(name)) throw new Error(`unexpected JSONPatchType field: ${name}`)
  if (name !== 'value' && !isOptional(value) && typeof value !== 'string')
    throw new Error(`unexpected type ${goType(value)} for JSONPatchType '${name}' field`)
  if (value instanceof Constructed) checkNames(value, value.type)
}

function goType(value: unknown): string {
  if (typeof value === 'bigint') return 'int64'
  if (typeof value === 'number') return 'float64'
  return typeof value === 'boolean' ? 'bool' : typeName(value)
}
const PATCH_FIELDS = ['op', 'path', 'from', 'value']

/** Lists and maps on the way have no names of their own. */
function checkNames(value: unknown, expected: string): void {
  if (value instanceof Constructed) {
    if (value.type !== expected)
      throw new Error(
        `type mismatch: unexpected type name ${JSON.stringify(value.type)}, expected ${JSON.stringify(expected)}, which matches field name path from root Object type`,
      )
    for (const [name, part] of Object.entries(value.fields))
      checkNames(part, `${expected}.${name.replace('?', '')}`)
  } else if (Array.isArray(value)) for (const part of value) checkNames(part, expected)
  else if (isPlainObject(value)) for (const part of Object.values(value)) checkNames(part, expected)
}

interface OptionalLike {
  hasValue(): boolean
  value(): unknown
}
const isOptional = (value: unknown): value is OptionalLike =>
  isPlainObject(value) && typeof value.hasValue === 'function'

function jsonOf(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value)
  if (isUint(value)) return Number(value.value)
  if (value instanceof Map)
    throw new NoJson(
      `unsupported type conversion from '${typeName([...value.keys()].find(key => typeof key !== 'string'))}' to string`,
    )
  if (Array.isArray(value)) return value.map(jsonOf)
  if (value instanceof Date) return timeText(value)
  if (value instanceof Uint8Array) return base64FromBytes(value)
  if (!isPlainObject(value)) return value
  if (isOptional(value)) return value.hasValue() ? jsonOf(value.value()) : null
  const isConstructed = value instanceof Constructed
  const result: PlainObject = {}
  for (const [name, part] of Object.entries(isConstructed ? value.fields : value)) {
    const isMarked = isConstructed && name.startsWith('?')
    if (isMarked && isOptional(part) && !part.hasValue()) continue
    setKey(result, isMarked ? name.slice(1) : name, jsonOf(part))
  }
  return result
}
