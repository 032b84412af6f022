/** How x-kubernetes-validations have to be written; what the expressions say is compiled elsewhere. */

import { messageOf } from '#base/errors.ts'
import { compileExpression, type ResultType } from '../../cel/engine.ts'
import {
  type FieldError,
  internal,
  invalid,
  notSupported,
  required,
} from '../../machinery/field-error.ts'
import { type RuleCheck, ruleChecker } from '../custom/cel-types.ts'
import { namesIn } from '../custom/rule-path.ts'
import { fieldOf } from '../custom/walk.ts'
import type { JsonSchemaProps, ValidationRule } from './json-schema-props.ts'

const REASONS = [
  'FieldValueDuplicate',
  'FieldValueForbidden',
  'FieldValueInvalid',
  'FieldValueRequired',
]
const hasLineBreak = (text: string) => /[\n\r]/.test(text)

export interface RulesPlace {
  /** What is checked is a whole object. */
  readonly isResource: boolean
  /** The path of the list around it whose items have no past, where there is one. */
  readonly uncorrelatable?: string | undefined
}

const fieldAt = (path: string) => `${path}.x-kubernetes-validations`

export function wrongRuleForms(schema: JsonSchemaProps, path: string): FieldError[] {
  const { 'x-kubernetes-validations': rules = [] } = schema
  return rules.flatMap((rule, at) => wrongRule(rule, schema, `${fieldAt(path)}[${at}]`))
}

/** What can be told without a value; the schema must be sound. */
export function wrongExpressionsOf(
  schema: JsonSchemaProps,
  path: string,
  place: RulesPlace,
): FieldError[] {
  const { 'x-kubernetes-validations': rules = [] } = schema
  if (rules.length === 0) return []
  const field = fieldAt(path)
  const check = ruleChecker(schema, place.isResource)
  if (!check) return [internal(field, UNTYPED)]
  return rules.flatMap((rule, at) => wrongExpressions(rule, `${field}[${at}]`, check, place))
}

const UNTYPED =
  'internal error: failed to construct type information for x-kubernetes-validations rules: unable to convert structural schema to CEL declarations'

function wrongRule(rule: ValidationRule, schema: JsonSchemaProps, path: string): FieldError[] {
  const { messageExpression = '', fieldPath = '', reason } = rule
  const errors = wrongText(rule, path)
  if (messageExpression !== '' && messageExpression.trim() === '')
    errors.push(
      required(`${path}.messageExpression`, 'messageExpression must be non-empty if specified'),
    )
  if (reason !== undefined && !REASONS.includes(reason))
    errors.push(notSupported(`${path}.reason`, reason, REASONS))
  if (fieldPath !== '' && fieldPath.trim() === '')
    errors.push(invalid(`${path}.fieldPath`, fieldPath, 'must be non-empty if specified'))
  if (hasLineBreak(fieldPath))
    errors.push(invalid(`${path}.fieldPath`, fieldPath, 'must not contain line breaks'))
  if (fieldPath !== '' && !leadsSomewhere(fieldPath, schema))
    errors.push(invalid(`${path}.fieldPath`, fieldPath, 'must be a valid path'))
  return errors
}

/** Of the rule and its message the first mistake alone is told. */
function wrongText({ rule, message = '' }: ValidationRule, path: string): FieldError[] {
  if (rule.trim() === '') return [required(`${path}.rule`, 'rule is not specified')]
  if (message !== '' && message.trim() === '')
    return [invalid(`${path}.message`, message, 'must be non-empty if specified')]
  if (hasLineBreak(message.trim()))
    return [invalid(`${path}.message`, message, 'must not contain line breaks')]
  if (hasLineBreak(rule.trim()) && message.trim() === '')
    return [required(`${path}.message`, 'message must be specified if rule contains line breaks')]
  return []
}

function leadsSomewhere(path: string, schema: JsonSchemaProps): boolean {
  const end = namesIn(path)?.reduce<JsonSchemaProps | undefined>(fieldOf, schema)
  return end !== undefined
}

function wrongExpressions(
  rule: ValidationRule,
  path: string,
  check: RuleCheck,
  { uncorrelatable }: RulesPlace,
): FieldError[] {
  const { messageExpression, optionalOldSelf } = rule
  const typed = (expression: string) => check(expression, optionalOldSelf === true)
  const errors: FieldError[] = []
  const why = problemOf(rule.rule, 'bool', typed)
  if (why !== undefined) errors.push(invalid(`${path}.rule`, asGoShows(rule), why))
  // What does not compile uses nothing.
  const usesOldSelf = why === undefined && compileExpression(rule.rule).usesOldSelf
  if (!usesOldSelf && optionalOldSelf !== undefined)
    errors.push(
      invalid(
        `${path}.optionalOldSelf`,
        optionalOldSelf,
        'may not be set if oldSelf is not used in rule',
      ),
    )
  if (usesOldSelf && uncorrelatable !== undefined)
    errors.push(
      invalid(
        `${path}.rule`,
        rule.rule,
        `oldSelf cannot be used on the uncorrelatable portion of the schema within ${uncorrelatable}`,
      ),
    )
  const whyNot = messageExpression ? problemOf(messageExpression, 'string', typed) : undefined
  if (whyNot !== undefined)
    errors.push(
      invalid(`${path}.messageExpression`, asGoShows(rule), `messageExpression ${whyNot}`),
    )
  return errors
}

const RESULTS = {
  bool: 'cel expression must evaluate to a bool',
  string: 'must evaluate to a string',
}

/** By the types of the schema, then as the engine takes it. */
function problemOf(
  text: string,
  wanted: ResultType & keyof typeof RESULTS,
  check: RuleCheck,
): string | undefined {
  const found = check(text)
  if ('problem' in found) return `compilation failed: ${found.problem}`
  if (found.type.kind !== wanted || found.type.isWrapper) return RESULTS[wanted]
  if (found.noProgram !== undefined) return found.noProgram
  try {
    compileExpression(text, wanted)
    return undefined
  } catch (thrown) {
    return `compilation failed: ${messageOf(thrown).split('\n')[0]}`
  }
}

/** Refusals show the whole rule, by the names that it has in Go. */
const asGoShows = ({
  rule,
  message = '',
  messageExpression = '',
  reason = null,
  fieldPath = '',
  optionalOldSelf = null,
}: Omit<ValidationRule, 'reason' | 'optionalOldSelf'> & {
  readonly reason?: string | null
  readonly optionalOldSelf?: boolean | null
}) => ({
  Rule: rule,
  Message: message,
  MessageExpression: messageExpression,
  Reason: reason,
  FieldPath: fieldPath,
  OptionalOldSelf: optionalOldSelf,
})
