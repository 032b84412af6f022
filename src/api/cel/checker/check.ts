/** Finds the type of each part of an expression, and tells all that fits nowhere, in the words of Go's implementation. */
import type {
  Call,
  Expression,
  Field,
  FieldValue,
  Item,
  List,
  Loop,
  MapOf,
  Message,
} from '../parser/expression.ts'
import type { Complaint } from '../parser/tokens.ts'
import { type Environment, type Fields, typeOfName } from './environment.ts'
import type { Overload } from './signatures.ts'
import {
  ANY,
  BOOL,
  BYTES,
  DOUBLE,
  DYN,
  ERROR,
  INT,
  isSameType,
  isUnknown,
  listOf,
  mapOf,
  NULL,
  optionalOf,
  STRING,
  shownType,
  type Type,
  UINT,
  variable,
  withoutOptional,
} from './types.ts'
import { Bindings, moreGeneral } from './unify.ts'

const CONSTANTS = {
  bool: BOOL,
  bytes: BYTES,
  double: DOUBLE,
  int: INT,
  null: NULL,
  string: STRING,
  uint: UINT,
} as const

/** More is not told. */
const MAXIMUM_COMPLAINTS = 200

export interface Checked {
  readonly complaints: readonly Complaint[]
  readonly typeOf: (part: Expression) => Type
}

/** Throws `TooComplex`, which may be thrown where a type is asked for, too. */
export function check(expression: Expression, environment: Environment): Checked {
  const checker = new Checker(environment)
  checker.check(expression)
  return checker
}

/** Names of loops, the innermost first. */
interface Scope {
  readonly names: ReadonlyMap<string, Type>
  readonly above: Scope | undefined
}

class Checker implements Checked {
  readonly complaints: Complaint[] = []
  readonly #environment: Environment
  readonly #bindings = new Bindings()
  readonly #types = new Map<Expression, Type>()
  /** What was complained of in what may be written out once more. */
  readonly #repeated = new Map<Expression, readonly Complaint[]>()
  #scope: Scope | undefined
  #variables = 0

  constructor(environment: Environment) {
    this.#environment = environment
  }

  readonly typeOf = (part: Expression): Type =>
    this.#bindings.resolved(this.#types.get(part) ?? DYN, true)

  check(part: Expression): Type {
    const type = this.#typeFound(part)
    this.#types.set(part, type)
    return type
  }

  #typeFound(part: Expression): Type {
    switch (part.kind) {
      case 'constant':
        return CONSTANTS[part.type]
      case 'name':
        return this.#name(part.name) ?? this.#undeclared(part.at, part.name)
      case 'field':
        return this.#field(part)
      case 'call':
        return part.name === '_?._' ? this.#optionalField(part) : this.#call(part)
      case 'list':
        return this.#list(part)
      case 'map':
        return this.#map(part)
      case 'message':
        return this.#message(part)
      case 'loop':
        return this.#loop(part)
      case 'copy':
        for (const complaint of this.#repeated.get(part.of) ?? []) this.#complain(complaint)
        return this.#types.get(part.of) ?? DYN
      case 'nothing':
        return ERROR
    }
  }

  #complain(complaint: Complaint): void {
    if (this.complaints.length < MAXIMUM_COMPLAINTS) this.complaints.push(complaint)
  }

  #wrong(at: number, message: string): Type {
    this.#complain({ at, message })
    return ERROR
  }

  /** With its variables; too large ones throw. */
  readonly #shown = (type: Type): string => {
    this.#bindings.resolved(type)
    return shownType(type)
  }

  readonly #undeclared = (at: number, name: string): Type =>
    this.#wrong(at, `undeclared reference to '${name}' (in container '')`)

  #mismatch({ at }: Expression, wanted: Type, given: Type): Type {
    const [one, other] = [wanted, given].map(this.#shown)
    return this.#wrong(at, `expected type '${one}' but found '${other}'`)
  }

  #name(name: string): Type | undefined {
    for (let scope = this.#scope; scope; scope = scope.above) {
      const type = scope.names.get(name)
      if (type) return type
    }
    return typeOfName(this.#environment, name)
  }

  #field(part: Field): Type {
    const { at, of, field, isTest } = part
    const name = isTest ? undefined : qualifiedName(part)
    const named = name === undefined ? undefined : this.#name(name)
    if (named) return named
    const type = this.#fieldOf(at, of, field)
    return isTest ? BOOL : this.#bindings.resolved(type)
  }

  #optionalField({ at, args }: Call): Type {
    const [of, name] = args as [Expression, Expression]
    const field = name.kind === 'constant' ? String(name.value) : ''
    const type = this.#fieldOf(at, of, field)
    return this.#bindings.resolved(withoutOptional(type).isOptional ? type : optionalOf(type))
  }

  #fieldOf(at: number, of: Expression, field: string): Type {
    const whole = this.#bindings.resolved(this.check(of))
    const { type, isOptional } = withoutOptional(whole)
    const found = this.#fieldIn(at, type, field)
    return isOptional ? optionalOf(found) : found
  }

  #fieldIn(at: number, type: Type, field: string): Type {
    if (type.kind === 'map') return type.parameters[1] ?? DYN
    if (type.kind === 'struct')
      return this.#fieldType(at, type.name, this.#environment.fieldsOf(type.name), field) ?? ERROR
    if (type.kind === 'variable') this.#bindings.fits(DYN, type)
    else if (!isUnknown(type) && type.kind !== 'error')
      this.#wrong(at, `type '${this.#shown(type)}' does not support field selection`)
    return DYN
  }

  #fieldType(at: number, struct: string, fields: Fields | undefined, field: string) {
    const type = fields?.(field)
    if (!fields) this.#wrong(at, `unexpected failed resolution of '${struct}'`)
    else if (!type) this.#wrong(at, `undefined field '${field}'`)
    return type
  }

  #call(part: Call): Type {
    const { at, name, target, args } = part
    for (const arg of args) this.check(arg)
    const { functions } = this.#environment
    if (!target) {
      const plain = name.startsWith('.') ? name.slice(1) : name
      const overloads = functions.get(plain)
      return overloads ? this.#applied(part, plain, overloads) : this.#undeclared(at, name)
    }
    const prefix = qualifiedName(target)
    const qualified = prefix === undefined ? '' : `${prefix}.${name}`.replace(/^\./, '')
    const ofLibrary = functions.get(qualified)
    if (ofLibrary) return this.#applied({ ...part, target: undefined }, qualified, ofLibrary)
    const before = this.complaints.length
    this.check(target)
    if (this.complaints.length > before) this.#repeated.set(target, this.complaints.slice(before))
    const overloads = functions.get(name)
    return overloads ? this.#applied(part, name, overloads) : this.#undeclared(at, name)
  }

  #applied({ at, target, args }: Call, name: string, overloads: readonly Overload[]): Type {
    if (name === '_&&_' || name === '_||_') return this.#logic(args)
    const given = [...(target ? [target] : []), ...args].map(each => this.#types.get(each) ?? DYN)
    let result: Type | undefined
    for (const overload of overloads) {
      if (overload.isMethod !== (target !== undefined)) continue
      const fresh = this.#instance(overload)
      if (!this.#bindings.fitAll(given, fresh.args)) continue
      const type = this.#bindings.resolved(fresh.result)
      if (!result) result = type
      else if (result.kind !== 'dyn' && !isSameType(type, result)) result = DYN
    }
    if (result) return result
    const shown = given.map(each => shownType(this.#bindings.resolved(each, true)))
    const receiver = target ? `${shown.shift()}.` : ''
    const applied = `${receiver}(${shown.join(', ')})`
    return this.#wrong(at, `found no matching overload for '${name}' applied to '${applied}'`)
  }

  #logic(args: readonly Expression[]): Type {
    let type: Type = BOOL
    for (const arg of args) {
      const given = this.#types.get(arg) ?? DYN
      if (!this.#bindings.fits(given, BOOL)) type = this.#mismatch(arg, BOOL, given)
    }
    return type
  }

  /** With variables that nothing else knows. */
  #instance({ args, result, variables }: Overload): Pick<Overload, 'args' | 'result'> {
    if (variables.length === 0) return { args, result }
    const fresh = new Map(variables.map(name => [name, this.#fresh()]))
    const renamed = (type: Type): Type =>
      type.kind === 'variable'
        ? (fresh.get(type.name) ?? type)
        : { ...type, parameters: type.parameters.map(renamed) }
    return { args: args.map(renamed), result: renamed(result) }
  }

  readonly #fresh = (): Type => variable(`_var${this.#variables++}`)

  #list({ items }: List): Type {
    let common: Type | undefined
    for (const item of items) common = this.#joined(common, this.#valueOf(item))
    return listOf(common ?? this.#fresh())
  }

  #map({ entries }: MapOf): Type {
    let keys: Type | undefined
    let values: Type | undefined
    for (const entry of entries) {
      keys = this.#joined(keys, this.check(entry.key))
      values = this.#joined(values, this.#valueOf(entry))
    }
    return mapOf(keys ?? this.#fresh(), values ?? this.#fresh())
  }

  #valueOf({ value, isOptional }: Item): Type {
    const given = this.check(value)
    if (!isOptional) return given
    const inner = withoutOptional(given)
    if (!inner.isOptional && !isUnknown(given)) this.#mismatch(value, optionalOf(given), given)
    return inner.type
  }

  /** What is mixed may be anything; whether it may be mixed is looked at later. */
  #joined(common: Type | undefined, type: Type): Type {
    if (!common) return type
    return this.#bindings.fits(common, type) ? moreGeneral(common, type) : DYN
  }

  #message({ at, type: name, fields }: Message): Type {
    const named = typeOfName(this.#environment, name)
    if (!named) return this.#undeclared(at, name)
    const plain = name.startsWith('.') ? name.slice(1) : name
    const { type, struct } = this.#messageType(at, plain, named)
    for (const field of fields) this.#fieldValue(struct, field)
    return type
  }

  #messageType(at: number, name: string, named: Type): { type: Type; struct: string } {
    const [type] = named.kind === 'type' ? named.parameters : []
    if (named.kind === 'error') return { type: ERROR, struct: name }
    if (!type) return { type: this.#wrong(at, `'${named.name}' is not a type`), struct: name }
    if (type.kind === 'struct') return { type, struct: type.name }
    const message = messageOf(type)
    if (message !== undefined) return { type, struct: message }
    return { type: this.#wrong(at, `'${type.name}' is not a message type`), struct: name }
  }

  #fieldValue(struct: string, { at, name, ...item }: FieldValue): void {
    const given = this.#valueOf(item)
    const wanted = this.#fieldType(at, struct, this.#environment.fieldsOf(struct), name) ?? ERROR
    if (this.#bindings.fits(wanted, given)) return
    const types = `'${this.#shown(wanted)}' but provided type is '${this.#shown(given)}'`
    this.#wrong(at, `expected type of field '${name}' is ${types}`)
  }

  #loop({ range, names, gathered, start, condition, step, result }: Loop): Type {
    const within = this.#bindings.resolved(this.check(range))
    const total = this.check(start)
    const outside = this.#scope
    const around = { names: new Map([[gathered, total]]), above: outside }
    const types = this.#variablesOf(range, within, names.length)
    this.#scope = {
      names: new Map(names.map((name, at) => [name, types[at] ?? DYN])),
      above: around,
    }
    this.check(condition)
    this.#mustBe(condition, BOOL)
    this.check(step)
    this.#mustBe(step, total)
    this.#scope = around
    const type = this.check(result)
    this.#scope = outside
    return this.#bindings.resolved(type)
  }

  #variablesOf(range: Expression, within: Type, count: number): readonly Type[] {
    const { kind, parameters } = within
    const [first = DYN, second = DYN] = parameters
    if (kind === 'list') return count === 2 ? [INT, first] : [first]
    if (kind === 'map') return [first, second]
    if (kind === 'dyn' || kind === 'error' || kind === 'variable') {
      this.#bindings.fits(DYN, within)
      return [DYN, DYN]
    }
    const why = 'cannot be range of a comprehension (must be list, map, or dynamic)'
    this.#wrong(range.at, `expression of type '${this.#shown(within)}' ${why}`)
    return [ERROR, ERROR]
  }

  #mustBe(part: Expression, wanted: Type): void {
    const given = this.#types.get(part) ?? DYN
    if (!this.#bindings.fits(wanted, given)) this.#mismatch(part, wanted, given)
  }
}

/** `a.b.c`; undefined for what is more than names. */
function qualifiedName(part: Expression): string | undefined {
  const fields: string[] = []
  let inner = part
  for (; inner.kind === 'field' && !inner.isTest; inner = inner.of) fields.unshift(inner.field)
  return inner.kind === 'name' ? [inner.name, ...fields].join('.') : undefined
}

const WRAPPERS: Readonly<Record<string, string>> = {
  bool: 'BoolValue',
  bytes: 'BytesValue',
  double: 'DoubleValue',
  int: 'Int64Value',
  string: 'StringValue',
  uint: 'UInt64Value',
}

/** The message that a type is written as. */
function messageOf(type: Type): string | undefined {
  const { kind, isWrapper } = type
  const name = isWrapper ? WRAPPERS[kind] : OTHERS.find(([each]) => isSameType(each, type))?.[1]
  return name && `google.protobuf.${name}`
}

const OTHERS: readonly (readonly [Type, string])[] = [
  [ANY, 'Any'],
  [DYN, 'Value'],
  [NULL, 'NullValue'],
  [listOf(DYN), 'ListValue'],
  [mapOf(STRING, DYN), 'Struct'],
  [{ kind: 'duration', name: 'google.protobuf.Duration', parameters: [] }, 'Duration'],
  [{ kind: 'timestamp', name: 'google.protobuf.Timestamp', parameters: [] }, 'Timestamp'],
]
