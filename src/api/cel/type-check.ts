/**
 * What is suspicious about the types of an expression of admission, given what the objects look like. Of each expression the first
 * finding is told, in the words and with the places of Go's implementation. What the engine understands only after rewriting is passed
 * over: a warning that is wrong is worse than none.
 */
import type { ObjectShape } from '../machinery/schema.ts'
import { placeOf, wrongConstant } from './constants.ts'
import { undeclaredText, unfurnishedEnvironment } from './engine.ts'
import { maskOptionalEntries, restoreConstants } from './optional-entries.ts'
import { shownAt } from './shown-at.ts'
import { hasLoops } from './two-variables.ts'
import { ShapeTypes } from './types.ts'
import { undeclared, usesBind } from './undeclared.ts'

type Environment = ReturnType<typeof unfurnishedEnvironment>

export interface CheckedTypes {
  /** What `object` and `oldObject` are. */
  readonly object: ObjectShape
  /** What `params` are, where there are any; undefined for those of an unknown type. */
  readonly params?: ObjectShape | undefined
  readonly hasParams: boolean
}

export interface CheckedVariable {
  readonly name: string
  readonly expression: string
}

/** Makes the check for objects of one type; the engine must be loaded. The check gives undefined where nothing is found. */
export function typeChecker(
  { object, params, hasParams }: CheckedTypes,
  variables: readonly CheckedVariable[],
): (expression: string) => string | undefined {
  const environment = unfurnishedEnvironment()
  const types = new ShapeTypes(environment)
  const ofObject = types.of(object)
  environment.registerVariable('object', ofObject).registerVariable('oldObject', ofObject)
  environment.registerVariable('request', 'dyn').registerVariable('namespaceObject', 'dyn')
  environment.registerVariable('authorizer', 'kubernetes.authorization.Authorizer')
  if (hasParams) environment.registerVariable('params', params ? types.of(params) : 'dyn')
  const last = withVariables(environment, variables)
  return expression => problemOf(last, types, expression)
}

/** Each may use those before it, so each needs an environment of its own. */
function withVariables(
  environment: Environment,
  variables: readonly CheckedVariable[],
): Environment {
  const fields: Record<string, string> = {}
  const declare = () =>
    environment
      .clone()
      .registerType('variables.T', { fields: { ...fields } })
      .registerVariable('variables', 'variables.T')
  let current = declare()
  for (const { name, expression } of variables) {
    fields[name] = typeOf(current, expression)
    current = declare()
  }
  return current
}

function typeOf(environment: Environment, expression: string): string {
  try {
    const { valid, type } = environment.check(expression)
    return valid && type ? type : 'dyn'
  } catch {
    return 'dyn'
  }
}

/** A part of an expression as the engine knows it: where it is in the text, and what is below. */
interface Part {
  readonly op: string
  readonly args: unknown
  readonly pos: number
  readonly start: number
  readonly end: number
  readonly checkedType?: { toString(): string } | undefined
}

interface Finding {
  readonly message: string
  /** Index of the character that is pointed at. */
  readonly at: number
}

const problemOf = (environment: Environment, types: ShapeTypes, expression: string) =>
  checkTypes(environment, expression, text => types.shown(text)).problem

export interface Checked {
  readonly problem?: string
  /** What the expression is, where nothing is wrong. */
  readonly type?: string
}

/** `named` gives the text with the names of types as they are to be shown. What cannot be told has neither problem nor type. */
export function checkTypes(
  environment: Environment,
  expression: string,
  named: (text: string) => string,
): Checked {
  let error: { code?: string; message: string; node?: unknown } | undefined
  let type: string | undefined
  try {
    const { text, marks, constants } = maskOptionalEntries(expression)
    if (marks.size > 0) return undeclaredOrNothing(environment, text)
    const parsed = environment.parse(text)
    restoreConstants(parsed.ast, constants)
    if (usesBind(parsed.ast)) return { problem: undeclaredText(expression, environment) }
    if (hasLoops(parsed.ast)) return {}
    const checked = parsed.check()
    error = checked.error as unknown as typeof error
    const constant = error
      ? undefined
      : (wrongConstant(parsed.ast, expression) ?? wrongHas(parsed.ast, expression, environment))
    if (constant) return { problem: shownAt(expression, constant.at, named(constant.message)) }
    type = checked.type
  } catch {
    return {}
  }
  if (!error) return type === undefined ? {} : { type }
  if (!error.node) return {}
  const [message = ''] = error.message.split('\n')
  const finding = FINDINGS[error.code ?? '']?.(error.node as Part, message, expression, environment)
  // Where one name is unknown, Go goes on and tells the others.
  if (finding?.message.startsWith('undeclared reference'))
    return {
      problem:
        undeclaredText(expression, environment) || shownAt(expression, finding.at, finding.message),
    }
  return finding ? { problem: shownAt(expression, finding.at, named(finding.message)) } : {}
}

/** Of what is rewritten before it is checked only the names are looked at. */
function undeclaredOrNothing(environment: Environment, expression: string): Checked {
  const problem = undeclaredText(expression, environment)
  return problem === '' ? {} : { problem }
}

type Find = (
  part: Part,
  message: string,
  text: string,
  environment: Environment,
) => Finding | undefined

const FINDINGS: Readonly<Record<string, Find>> = {
  no_such_key: ({ pos }, message) => ({
    message: `undefined field '${message.slice(message.indexOf(':') + 2)}'`,
    at: pos - 1,
  }),
  unknown_variable: ({ start }, message) => ({
    message: undeclared(message.slice(message.indexOf(':') + 2)),
    at: start,
  }),
  no_such_overload: wrongOperands,
  cannot_index_type: wrongAccess,
  invalid_index_type: wrongAccess,
  incompatible_ternary_branches: wrongChoice,
  invalid_logical_operand: wrongLogic,
  invalid_comprehension_range: (part, _, text) => ({
    message: `expression of type '${typeOfPart(part)}' cannot be range of a comprehension (must be list, map, or dynamic)`,
    at: placeOf(part, text),
  }),
  invalid_condition_type: (part, message, text) =>
    /^(all|exists)\(/.test(message)
      ? {
          message: `expected type 'bool' but found '${typeOfPart(part)}'`,
          at: placeOf(part, text),
        }
      : undefined,
  no_matching_overload: wrongArguments,
}

/** `no such overload: int > string`, or `-string`. */
function wrongOperands(part: Part, _: string, text: string): Finding | undefined {
  const { op, args } = part
  if (op.endsWith('_'))
    return { message: noOverload(op, `(${typeOfPart(args as Part)})`), at: part.start }
  const [left, right] = args as [Part, Part]
  if (!left || !right) return undefined
  const name = op === 'in' ? '@in' : `_${op}_`
  return {
    message: noOverload(name, `(${typesOf([left, right])})`),
    at: between(left, right, op, text),
  }
}

/** Where the sign between two parts is. */
const between = (left: Part, right: Part, sign: string, text: string) =>
  left.end + Math.max(0, text.slice(left.end, right.start).indexOf(sign))

const typeOfPart = ({ checkedType }: Part) =>
  String(checkedType ?? 'dyn').replace(/\b[AKTV]\b(?=[,>])/g, 'dyn')
const typesOf = (parts: readonly Part[]) => parts.map(typeOfPart).join(', ')

/** What has no fields, or no items of such an index. */
function wrongAccess(part: Part, _: string, text: string): Finding {
  const [subject, key] = part.args as [Part, Part | string]
  if (typeof key === 'string')
    return {
      message: `type '${typeOfPart(subject)}' does not support field selection`,
      at: part.pos - 1,
    }
  return {
    message: noOverload('_[_]', `(${typesOf([subject, key])})`),
    at: text.indexOf('[', subject.end),
  }
}

function wrongChoice(part: Part, _: string, text: string): Finding | undefined {
  const choice = part.op === '?:' ? part : undefined
  if (!choice) return undefined
  const all = choice.args as [Part, Part, Part]
  return {
    message: noOverload('_?_:_', `(${typesOf(all)})`),
    at: between(all[0], all[1], '?', text),
  }
}

function wrongLogic({ args }: Part): Finding | undefined {
  const wrong = (args as [Part, Part]).find(each => !/^(bool|dyn)/.test(typeOfPart(each)))
  return (
    wrong && { message: `expected type 'bool' but found '${typeOfPart(wrong)}'`, at: wrong.start }
  )
}

/** What the question is about is not looked at by the engine; of what loops go through, nothing is known here. */
function wrongHas(part: unknown, text: string, environment: Environment): Finding | undefined {
  if (Array.isArray(part)) {
    for (const each of part) {
      const found = wrongHas(each, text, environment)
      if (found) return found
    }
    return undefined
  }
  if (typeof part !== 'object' || part === null || !('op' in part)) return undefined
  const { op, args, start } = part as Part
  const [name, [asked] = []] = op === 'call' ? (args as [string, Part[]]) : []
  if (name !== 'has' || !asked) return wrongHas(args, text, environment)
  const checked = environment.check(text.slice(asked.start, asked.end))
  const { code, message, node } = (checked.error ?? {}) as {
    code?: string
    message?: string
    node?: Part
  }
  if (code !== 'no_such_key' && code !== 'cannot_index_type') return undefined
  const finding = node && FINDINGS[code]?.(node, message?.split('\n')[0] ?? '', text, environment)
  return finding && { ...finding, at: text.indexOf('(', start) }
}

/** By the names of the constants that functions of libraries are called upon. */
const LIBRARIES = new Set(['format', 'ip', 'jsonpatch', 'lists', 'optional', 'sets', 'strings'])

/** No function of that name takes these. */
function wrongArguments(
  part: Part & { candidates?: { declarations?: readonly unknown[] } },
  _: string,
  text: string,
  environment: Environment,
): Finding | undefined {
  const [name, ...rest] = part.args as [string, ...unknown[]]
  const [receiver, args] =
    part.op === 'rcall' ? (rest as [Part, Part[]]) : [undefined, rest[0] as Part[]]
  const at = text.indexOf('(', text.indexOf(name, receiver?.end ?? part.start))
  const library =
    receiver?.op === 'id' && LIBRARIES.has(String(receiver.args)) ? String(receiver.args) : ''
  const given = `(${typesOf(args)})`
  const known = environment.getDefinitions().functions.filter(each => each.name === name)
  const ofLibrary = (type: string | null) => type !== null && /(Library|Namespace)$/.test(type)
  if (!known.some(({ receiverType }) => ofLibrary(receiverType) === (library !== '')))
    return { message: undeclared(name), at }
  if (library !== '') return { message: noOverload(`${library}.${name}`, given), at }
  return { message: noOverload(name, receiver ? `${typeOfPart(receiver)}.${given}` : given), at }
}

const noOverload = (name: string, applied: string) =>
  `found no matching overload for '${name}' applied to '${applied}'`
