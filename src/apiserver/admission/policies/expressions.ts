/** What expressions of admission see: the object before and after, the request, the namespace, and what the user may do. */
import type { Variable } from '#api/admissionregistration/v1/rules.schema.ts'
import { type Asked, Authorizer } from '#api/cel/authorizer.ts'
import { type Budget, compileExpression, type ResultType, type Scope } from '#api/cel/engine.ts'
import { isPlainObject } from '#api/machinery/plain.ts'
import { messageOf } from '#base/errors.ts'
import type { ServedResource } from '../../resources/registry.ts'
import type { AdmissionRequest } from '../admission.ts'
import { formOf } from '../webhooks/form.ts'
import { requestOf } from '../webhooks/review.ts'
import { Rights } from './rights.ts'

export { Rights }

export type Variables = Readonly<Record<string, unknown>>

/** What the expressions of one policy may cost for a request, all together; and its conditions, or those of a webhook. */
const COST = 10_000_000
const COST_OF_CONDITIONS = 2_500_000
export const newBudget = (): Budget => ({ cost: COST })

/** The variables that a request fills; parameters and the like are added by whoever has them. */
export function variablesOf(
  request: AdmissionRequest,
  resource: ServedResource,
  rights: Rights,
): Variables {
  const form = formOf(request, resource)
  const { object, oldObject } = request
  return {
    object: celOf(object ? form.show(object) : null),
    oldObject: celOf(oldObject ? form.show(oldObject) : null),
    request: celOf(withoutObjects(requestOf(request, resource, form))),
    authorizer: new Authorizer(rights.decide, undefined, askedIn(request)),
    params: null,
    namespaceObject: null,
    variables: Object.create(null),
  }
}

function withoutObjects({ object: _, oldObject: __, ...rest }: Record<string, unknown>): object {
  return rest
}

const askedIn = ({ resource, subresource, namespace, name }: AdmissionRequest): Asked => ({
  group: resource.group,
  resource: resource.resource,
  subresource,
  namespace,
  name,
  path: '',
})

/** Whole numbers are integers of 64 bits, and names of fields mean nothing else. */
export function celOf(value: unknown): unknown {
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : value
  if (Array.isArray(value)) return value.map(celOf)
  if (!isPlainObject(value)) return value
  const result: Record<string, unknown> = Object.create(null)
  for (const [name, part] of Object.entries(value))
    if (part !== undefined) result[name] = celOf(part)
  return result
}

/** Adds what the policy computes for its expressions, each when it is first asked for; where that fails, whoever asks fails with it. */
export function withVariables(
  definitions: readonly Variable[] = [],
  base: Variables,
  budget: Budget,
): Variables {
  const variables: Record<string, unknown> = Object.create(null)
  const all = { ...base, variables }
  for (const { name, expression } of definitions) {
    let made: { value?: unknown; error?: Error } | undefined
    const make = () => {
      try {
        const program = compileExpression(expression, 'dyn', 'admission')
        return { value: program.evaluate(all, budget) }
      } catch (thrown) {
        const [why] = messageOf(thrown).split('\n')
        return { error: new Error(`composited variable "${name}" fails to evaluate: ${why}`) }
      }
    }
    const get = () => {
      made ??= make()
      if (made.error) throw made.error
      return made.value
    }
    Object.defineProperty(variables, name, { enumerable: true, get })
  }
  return all
}

/** Throws where the result is an error; the message says which expression. */
export function evaluate(
  expression: string,
  variables: Variables,
  budget: Budget,
  type: ResultType = 'bool',
): unknown {
  try {
    return compileExpression(expression, type, scopeOf(type)).evaluate(variables, budget)
  } catch (thrown) {
    const [why = ''] = messageOf(thrown).split('\n')
    throw new Error(`expression '${expression}' resulted in error: ${why}`)
  }
}

const scopeOf = (type: ResultType): Scope =>
  type === 'Object' || type === 'list<JSONPatch>' ? 'mutations' : 'admission'

/** True where all conditions hold; throws where one fails and none is false. */
export function conditionsHold(
  conditions: readonly { readonly expression: string }[],
  variables: Variables,
): boolean {
  const budget: Budget = { cost: COST_OF_CONDITIONS }
  const errors: unknown[] = []
  for (const { expression } of conditions)
    try {
      if (evaluate(expression.trim(), variables, budget) === false) return false
    } catch (thrown) {
      errors.push(thrown)
    }
  if (errors.length === 0) return true
  const texts = errors.map(messageOf)
  throw new Error(texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`)
}
