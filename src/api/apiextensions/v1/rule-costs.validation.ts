/** Rules may cost so much and no more: each of them, and all of a schema together, estimated for the largest values that it lets be. */
import { estimatedCost } from '../../cel/engine.ts'
import { type FieldError, forbidden } from '../../machinery/field-error.ts'
import { hasRules } from '../custom/cel-rules.ts'
import { MAXIMUM_BYTES, type Sized, sizedType } from '../custom/cel-sizes.ts'
import { itemsOf, valuesOf } from '../custom/walk.ts'
import type { JsonSchemaProps, ValidationRule } from './json-schema-props.ts'

const COST_PER_EXPRESSION = 10_000_000
const COST_PER_SCHEMA = 100_000_000
/** So many rules are named where all together cost too much, if they have a hundredth of the limit each. */
const NAMED = 4

interface Found {
  readonly path: string
  readonly cost: number
}

interface Estimation {
  /** Of what is no rule nobody asks the cost. */
  readonly refused: ReadonlySet<string>
  readonly errors: FieldError[]
  readonly costs: Found[]
}

/** `refused` are the paths of rules and messages that are none. */
export function wrongRuleCosts(
  schema: JsonSchemaProps,
  path: string,
  refused: ReadonlySet<string> = new Set(),
): FieldError[] {
  if (!hasRules(schema)) return []
  const estimation: Estimation = { refused, errors: [], costs: [] }
  estimateWithin(schema, path, { times: 1, isRoot: true }, estimation)
  return [...estimation.errors, ...wrongTotal(estimation.costs, path)]
}

interface Standing {
  /** How often values of the schema can be in one object, as far as lists and maps around it are bounded. */
  readonly times: number | undefined
  readonly isRoot: boolean
}

function estimateWithin(
  schema: JsonSchemaProps,
  path: string,
  { times, isRoot }: Standing,
  estimation: Estimation,
): void {
  if (!hasRules(schema)) return
  const items = itemsOf(schema)
  const values = valuesOf(schema)
  const many = values ? schema.maxProperties : schema.type === 'array' ? schema.maxItems : 1
  const below: Standing = {
    times: times === undefined || many === undefined ? undefined : times * Math.max(0, many),
    isRoot: false,
  }
  if (values) estimateWithin(values, `${path}.additionalProperties`, below, estimation)
  for (const [name, property] of Object.entries(schema.properties ?? {}))
    estimateWithin(property, `${path}.properties[${name}]`, below, estimation)
  for (const part of ['allOf', 'oneOf', 'anyOf'] as const)
    for (const [at, inner] of (schema[part] ?? []).entries())
      estimateWithin(inner, `${path}.${part}[${at}]`, below, estimation)
  if (items) estimateWithin(items, `${path}.items`, below, estimation)
  estimateRules(schema, `${path}.x-kubernetes-validations`, { times, isRoot }, estimation)
}

function estimateRules(
  schema: JsonSchemaProps,
  path: string,
  { times, isRoot }: Standing,
  { refused, errors, costs }: Estimation,
): void {
  const rules = schema['x-kubernetes-validations'] ?? []
  if (rules.length === 0) return
  const sized = sizedType(schema, isRoot || schema['x-kubernetes-embedded-resource'] === true)
  if (!sized) return
  const often = times ?? Math.floor(MAXIMUM_BYTES / (sized.bytes + 1))
  const note = (text: string, field: string, estimate: () => number) => {
    if (refused.has(field)) return
    const cost = estimate()
    if (cost > COST_PER_EXPRESSION)
      errors.push(forbidden(field, tooExpensive(text, cost, COST_PER_EXPRESSION)))
    costs.push({ path: field, cost })
  }
  for (const [at, rule] of rules.entries()) {
    const { messageExpression } = rule
    note('estimated rule cost', `${path}[${at}].rule`, () => often * costOf(rule.rule, rule, sized))
    if (messageExpression)
      note('estimated messageExpression cost', `${path}[${at}].messageExpression`, () =>
        costOf(messageExpression, rule, sized),
      )
  }
}

const costOf = (text: string, { optionalOldSelf }: ValidationRule, { type }: Sized): number =>
  estimatedCost(text, type, optionalOldSelf === true)

function wrongTotal(costs: readonly Found[], path: string): FieldError[] {
  const total = costs.reduce((sum, { cost }) => sum + cost, 0)
  if (total <= COST_PER_SCHEMA) return []
  const named = costs
    .filter(({ cost }) => cost >= COST_PER_SCHEMA / 100)
    .toSorted((a, b) => b.cost - a.cost)
    .slice(0, NAMED)
  const text = 'x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema'
  return [
    ...named.map(found =>
      forbidden(
        found.path,
        'contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema',
      ),
    ),
    forbidden(path, tooExpensive(text, total, COST_PER_SCHEMA)),
  ]
}

function tooExpensive(what: string, cost: number, limit: number): string {
  const factor = cost / limit
  const shown =
    factor > 100 ? 'more than 100x' : `${factor < 1.5 ? factor.toFixed(6) : factor.toFixed(1)}x`
  return `${what} exceeds budget by factor of ${shown} (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)`
}
