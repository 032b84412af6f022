/**
 * x-kubernetes-validations: rules in the Common Expression Language, at every place of a schema. Rules that look at the old
 * value run where there is one; of what has not changed the others only warn.
 */
import { messageOf } from '#base/errors.ts'
import {
  type Budget,
  compileExpression,
  OutOfBudget,
  optional,
  type Program,
} from '../../cel/engine.ts'
import { NoSuchOverload } from '../../cel/failures.ts'
import { CostExceeded } from '../../cel/metering.ts'
import { type FieldError, forbidden, invalid, required } from '../../machinery/field-error.ts'
import { equal } from '../../machinery/patch/json-patch.ts'
import { isPlainObject } from '../../machinery/plain.ts'
import type { JsonSchemaProps, ValidationRule } from '../v1/json-schema-props.ts'
import { celValue, InvalidData } from './cel-values.ts'
import { NO_FIELD } from './check.ts'
import { namesIn } from './rule-path.ts'
import { fieldOf, itemsOf, propertyOf, schemasWithin } from './walk.ts'

/** What the rules may cost for one object, all together: about a second of Go's implementation. */
const COST_PER_OBJECT = 10_000_000

/** So many errors help nobody further. */
const BLOCKING = [
  'FieldValueNotSupported',
  'FieldValueRequired',
  'FieldValueTooLong',
  'FieldValueTooMany',
  'FieldValueTypeInvalid',
]

const ruled = new WeakMap<JsonSchemaProps, boolean>()

/** Whether the schema or one within it has rules; remembered, since values are followed schema by schema. */
export function hasRules(schema: JsonSchemaProps | undefined): boolean {
  if (!schema) return false
  let found = ruled.get(schema)
  if (found === undefined) {
    const { 'x-kubernetes-validations': rules = [] } = schema
    found = rules.length > 0 || schemasWithin(schema).some(hasRules)
    ruled.set(schema, found)
  }
  return found
}

/** What the rules say of an object that the schema found so wrong already. */
export function wrongByRules(
  schema: JsonSchemaProps,
  next: unknown,
  previous: unknown,
  found: readonly FieldError[],
): FieldError[] {
  if (found.some(({ type }) => BLOCKING.includes(type)))
    return [
      invalid(
        '<nil>',
        null,
        'some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
      ),
    ]
  const run: Run = { budget: { cost: COST_PER_OBJECT }, errors: [], isOver: false }
  checkRules(schema, { next, previous, path: '', isRoot: true }, run)
  return run.errors
}

/** What the rules say of a value that stands by itself at this path, such as a default. */
export function wrongValueByRules(
  schema: JsonSchemaProps,
  value: unknown,
  path: string,
): FieldError[] {
  const run: Run = { budget: { cost: COST_PER_OBJECT }, errors: [], isOver: false }
  checkRules(schema, { next: value, previous: undefined, path, isRoot: false }, run)
  return run.errors
}

interface Run {
  readonly budget: Budget
  readonly errors: FieldError[]
  /** Too much was spent: no further rule runs, here or below. */
  isOver: boolean
}

interface Place {
  readonly next: unknown
  readonly previous: unknown
  readonly path: string
  readonly isRoot: boolean
  /** What it is a part of. */
  readonly around?: Place
}

/** Whether it is as it was, by itself or as a part of something that is. */
function isAsItWas({ next, previous, around }: Place): boolean {
  if (previous !== undefined && equal(next, previous)) return true
  return around !== undefined && isAsItWas(around)
}

function checkRules(schema: JsonSchemaProps | undefined, place: Place, run: Run): void {
  const { next, previous, path } = place
  if (!schema || next === null || run.isOver || !hasRules(schema)) return
  const rules = schema['x-kubernetes-validations'] ?? []
  if (rules.length > 0) applyRules(schema, rules, place, run)
  if (Array.isArray(next)) {
    const items = itemsOf(schema)
    for (const [at, item] of next.entries()) {
      const before = sameItem(schema, item, previous)
      checkRules(
        items,
        { next: item, previous: before, path: `${path}[${at}]`, isRoot: false, around: place },
        run,
      )
    }
  } else if (isPlainObject(next)) {
    const old = isPlainObject(previous) ? previous : {}
    for (const [name, part] of Object.entries(next)) {
      const isField = propertyOf(schema, name) !== undefined
      const inner = isField ? (path === '' ? name : `${path}.${name}`) : `${path}[${name}]`
      const before = Object.hasOwn(old, name) ? old[name] : undefined
      checkRules(
        fieldOf(schema, name),
        { next: part, previous: before, path: inner, isRoot: false, around: place },
        run,
      )
    }
  }
}

/** Only items of keyed lists have a past. */
function sameItem(schema: JsonSchemaProps, item: unknown, previous: unknown): unknown {
  const keys = schema['x-kubernetes-list-map-keys'] ?? []
  if (schema['x-kubernetes-list-type'] !== 'map' || !Array.isArray(previous)) return undefined
  if (!isPlainObject(item)) return undefined
  return previous.find(old => isPlainObject(old) && keys.every(key => equal(old[key], item[key])))
}

function applyRules(
  schema: JsonSchemaProps,
  rules: readonly ValidationRule[],
  place: Place,
  run: Run,
): void {
  const { next, previous, path, isRoot } = place
  const isResource = isRoot || schema['x-kubernetes-embedded-resource'] === true
  const self = seen(schema, next, isResource)
  const old =
    previous === undefined || previous === null ? undefined : seen(schema, previous, isResource)
  for (const rule of rules) {
    if (run.isOver) return
    const wrong = applyRule(rule, { self, old }, run)
    if (wrong === undefined) continue
    const error = wrong.isFalse
      ? errorFor(rule, schema, { next, path, detail: wrong.detail })
      : invalid(path, schema.type ?? '', wrong.detail)
    run.errors.push(wrong.mayStay && isAsItWas(place) ? { ...error, mayStay: true } : error)
  }
}

/** A value as rules see it, or why they cannot. */
function seen(schema: JsonSchemaProps, value: unknown, isResource: boolean): unknown {
  try {
    return celValue(schema, value, isResource)
  } catch (thrown) {
    if (thrown instanceof InvalidData) return thrown
    throw thrown
  }
}

interface Wrong {
  readonly detail: string
  /** The rule was evaluated, and does not hold. */
  readonly isFalse: boolean
  readonly mayStay: boolean
}

function applyRule(
  rule: ValidationRule,
  { self, old }: { self: unknown; old: unknown },
  run: Run,
): Wrong | undefined {
  let program: Program
  const failed = (detail: string) => ({ detail, isFalse: false, mayStay: false })
  try {
    program = compileExpression(rule.rule)
  } catch (thrown) {
    return failed(`rule compile error: ${messageOf(thrown)}`)
  }
  const { usesOldSelf } = program
  if (usesOldSelf && old === undefined && !rule.optionalOldSelf) return undefined
  const unseen = [usesOldSelf && old, self].filter(value => value instanceof InvalidData)
  const [asOptional] = rule.optionalOldSelf ? unseen.filter(value => value === old) : []
  if (asOptional) return failed(whyFailed(rule, new Error(`${NO_OPTIONAL}${asOptional.message}`)))
  const [first] = unseen.toReversed()
  if (first) return failed(whyFailed(rule, first))
  const variables = { self, oldSelf: rule.optionalOldSelf ? optional(old) : (old ?? null) }
  try {
    if (program.evaluate(variables, run.budget) === true) return undefined
  } catch (thrown) {
    run.isOver = thrown instanceof OutOfBudget || thrown instanceof CostExceeded
    return failed(whyFailed(rule, thrown))
  }
  const mayStay = !usesOldSelf
  try {
    return { detail: detailOf(rule, variables, run.budget), isFalse: true, mayStay }
  } catch (thrown) {
    run.isOver = true
    return { detail: messageOf(thrown), isFalse: false, mayStay }
  }
}

/** What upstream says before it, where it was to be an optional value. */
const NO_OPTIONAL = 'unsupported conversion to ref.Val: (*errors.errorString)'

function whyFailed({ message, rule }: ValidationRule, thrown: unknown): string {
  if (thrown instanceof OutOfBudget) return thrown.message
  const text = message?.trim() || rule.trim()
  if (thrown instanceof CostExceeded)
    return `'${thrown.message}': no further validation rules will be run due to call cost exceeds limit for rule: ${text}`
  if (thrown instanceof NoSuchOverload)
    return `'${thrown.message}': call arguments did not match a supported operator, function or macro signature for rule: ${text}`
  const [why = ''] = messageOf(thrown).split('\n')
  return `${why} evaluating rule: ${text}`
}

/** Throws where making the message costs too much. */
function detailOf(
  { messageExpression, message, rule }: ValidationRule,
  variables: Readonly<Record<string, unknown>>,
  budget: Budget,
): string {
  const fixed = message?.trim() || `failed rule: ${rule.trim()}`
  if (!messageExpression) return fixed
  try {
    const made = compileExpression(messageExpression, 'string').evaluate(variables, budget)
    // A message of several lines, or none, helps nobody.
    return typeof made === 'string' && made.trim() !== '' && !/[\n\r]/.test(made) ? made : fixed
  } catch (thrown) {
    if (thrown instanceof OutOfBudget)
      throw new Error(`messageExpression evaluation failed${OUT_OF_BUDGET}`)
    if (thrown instanceof CostExceeded)
      throw new Error(
        `no further validation rules will be run due to call cost exceeds limit for messageExpression: ${JSON.stringify(messageExpression)}`,
      )
    return fixed
  }
}
const OUT_OF_BUDGET = ' due to running out of cost budget, no further validation rules will be run'

/** `.a['b']` is `a.b` where b is a field, and `a[b]` where it is a key of a map. */
function fieldBelow(schema: JsonSchemaProps, path: string, below = ''): string {
  let field = path
  let inner: JsonSchemaProps | undefined = schema
  for (const name of namesIn(below) ?? []) {
    const isField: boolean = propertyOf(inner, name) !== undefined
    field = isField ? `${field === '' ? '' : `${field}.`}${name}` : `${field}[${name}]`
    inner = fieldOf(inner, name)
  }
  return field
}

function errorFor(
  { reason, fieldPath }: ValidationRule,
  schema: JsonSchemaProps,
  { next, path, detail }: { next: unknown; path: string; detail: string },
): FieldError {
  const field = fieldBelow(schema, path, fieldPath) || NO_FIELD
  if (reason === 'FieldValueForbidden') return forbidden(field, detail)
  if (reason === 'FieldValueRequired') return required(field, detail)
  const isWhole = schema.type === 'object' || schema.type === 'array'
  if (reason === 'FieldValueDuplicate')
    return {
      type: 'FieldValueDuplicate',
      field,
      message: isWhole ? 'Duplicate value' : `Duplicate value: ${JSON.stringify(next)}`,
    }
  if (!isWhole) return invalid(field, next, detail)
  return { type: 'FieldValueInvalid', field, message: `Invalid value: ${detail}` }
}
