/** How x-kubernetes-validations have to be written; what the expressions say is compiled elsewhere. */

import { messageOf } from '#base/errors.ts'
import { compileExpression } from '../../cel/engine.ts'
import { type FieldError, invalid, notSupported, required } from '../../machinery/field-error.ts'
import type { JsonSchemaProps, ValidationRule } from './json-schema-props.ts'

const REASONS = [
  'FieldValueDuplicate',
  'FieldValueForbidden',
  'FieldValueInvalid',
  'FieldValueRequired',
]
const hasLineBreak = (text: string) => /[\n\r]/.test(text)

export function wrongValidationRules(schema: JsonSchemaProps, path: string): FieldError[] {
  const rules = schema['x-kubernetes-validations'] ?? []
  return rules.flatMap((rule, at) => wrongRule(rule, `${path}.x-kubernetes-validations[${at}]`))
}

function wrongRule(rule: ValidationRule, path: string): FieldError[] {
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
  if (errors.length === 0) errors.push(...wrongExpressions(rule, path))
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

/** What can be told without a value. */
function wrongExpressions(rule: ValidationRule, path: string): FieldError[] {
  const errors: FieldError[] = []
  let usesOldSelf = false
  try {
    usesOldSelf = compileExpression(rule.rule).usesOldSelf
    if (!usesOldSelf && rule.optionalOldSelf !== undefined)
      errors.push(
        invalid(
          `${path}.optionalOldSelf`,
          rule.optionalOldSelf,
          'may not be set if oldSelf is not used in rule',
        ),
      )
  } catch (thrown) {
    errors.push(invalid(`${path}.rule`, rule, `compilation failed: ${firstLine(thrown)}`))
  }
  try {
    if (rule.messageExpression) compileExpression(rule.messageExpression, 'string')
  } catch (thrown) {
    errors.push(
      invalid(`${path}.messageExpression`, rule, `compilation failed: ${firstLine(thrown)}`),
    )
  }
  return errors
}

const firstLine = (thrown: unknown) => messageOf(thrown).split('\n')[0] ?? ''
