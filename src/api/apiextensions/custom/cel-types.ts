/** Schemas as types of the expression language, so that rules can be checked before there is a value. */
import { unfurnishedEnvironment } from '../../cel/engine.ts'
import { type Checked, checkTypes } from '../../cel/type-check.ts'
import { inGoNotation } from '../../cel/types.ts'
import type { JsonSchemaProps } from '../v1/json-schema-props.ts'
import { celName } from './cel-values.ts'
import { itemsOf, valuesOf } from './walk.ts'

const TIME = 'google.protobuf.Timestamp'
const DURATION = 'google.protobuf.Duration'

const SCALARS: Readonly<Record<string, string>> = {
  boolean: 'bool',
  integer: 'int',
  number: 'double',
  string: 'string',
}
const FORMATS: Readonly<Record<string, string>> = {
  byte: 'bytes',
  duration: DURATION,
  date: TIME,
  'date-time': TIME,
  datetime: TIME,
}
/** What rules see of every whole object, whatever its schema says. */
const METADATA = { name: 'string', generateName: 'string' }

/** `mayBeNew` says that the old value is one that there may be or not. */
export type RuleCheck = (expression: string, mayBeNew?: boolean) => Checked

type Environment = ReturnType<typeof unfurnishedEnvironment>

/**
 * Makes the check for rules at this schema; the engine must be loaded. Undefined for what has no type that rules could be written for.
 * `isResource` says that it is a whole object.
 */
export function ruleChecker(schema: JsonSchemaProps, isResource: boolean): RuleCheck | undefined {
  const environment = unfurnishedEnvironment()
  const type = new SchemaTypes(environment).of(schema, isResource)
  if (type === undefined) return undefined
  environment.registerVariable('self', type)
  const ordinary = environment.clone().registerVariable('oldSelf', type)
  const optional = environment.clone().registerVariable('oldSelf', `optional<${type}>`)
  return (expression, mayBeNew = false) => {
    const checked = checkTypes(mayBeNew ? optional : ordinary, expression, inGoNotation)
    return isCertain(checked.problem) ? checked : {}
  }
}

/** An operator on anything but scalars and lists of them may be one that only this engine lacks: then nothing is said. */
function isCertain(problem: string | undefined): boolean {
  const [, operator, operands] =
    /for '([^']*_[^']*)' applied to '\((.*)\)'/.exec(problem ?? '') ?? []
  // What is looked for in which map, and what has fields, is known well enough.
  if (
    operator === '_[_]' ||
    (/^_[!=]=_$/.test(operator ?? '') && /map\(|selfType/.test(operands ?? ''))
  )
    return true
  return operands === undefined || operands.split(', ').every(each => PLAIN.test(each))
}
const PLAIN = /^(list\()?(bool|int|uint|double|string|bytes|timestamp|duration|null)\)?$/

class SchemaTypes {
  readonly #environment: Environment
  #count = 0

  constructor(environment: Environment) {
    this.#environment = environment
  }

  of(schema: JsonSchemaProps, isResource = schema['x-kubernetes-embedded-resource'] === true) {
    const { type = '', format = '' } = schema
    if (schema['x-kubernetes-int-or-string']) return 'dyn'
    if (type === 'array') return this.#list(schema)
    if (type === 'object') return this.#object(schema, isResource)
    return type === 'string' ? (FORMATS[format] ?? 'string') : SCALARS[type]
  }

  #list(schema: JsonSchemaProps): string | undefined {
    const items = itemsOf(schema)
    const type = items && this.of(items)
    return type && `list<${type}>`
  }

  #object(schema: JsonSchemaProps, isResource: boolean): string | undefined {
    const values = valuesOf(schema)
    if (values && !isResource) {
      const type = this.of(values)
      return type && `map<string, ${type}>`
    }
    const fields: Record<string, string> = {}
    for (const [name, property] of Object.entries(schema.properties ?? {})) {
      const type = this.of(property)
      const celled = celName(name)
      if (type !== undefined && celled !== undefined) fields[celled] = type
    }
    return this.#struct(
      isResource
        ? { ...fields, apiVersion: 'string', kind: 'string', metadata: this.#struct(METADATA) }
        : fields,
    )
  }

  #struct(fields: Readonly<Record<string, string>>): string {
    const name = `selfType.T${this.#count++}`
    this.#environment.registerType(name, { fields })
    this.#comparable(name, name)
    this.#comparable(name, 'null')
    return name
  }

  /** Only types are looked at: nothing is ever evaluated. */
  #comparable(one: string, other: string): void {
    this.#environment.registerOperator(`${one} == ${other}`, () => false)
  }
}
