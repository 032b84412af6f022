/** Which clusters an object is meant for: the ClusterSelector annotation, a JSON list of requirements that their labels must meet. */
import {
  everything,
  type LabelMatcher,
  type LabelOperator,
  parseLabelSelector,
} from '#api/machinery/label-selector.ts'
import { isLabelValue, isQualifiedName } from '#api/machinery/names.ts'
import { isPlainObject } from '#api/machinery/plain.ts'
import { messageOf, UserError } from '#base/errors.ts'

/** Federation v1 took the words of objects and the signs of query texts alike. */
const OPERATORS: Readonly<Record<string, LabelOperator>> = {
  in: 'in',
  In: 'in',
  notin: 'notin',
  NotIn: 'notin',
  exists: 'exists',
  Exists: 'exists',
  '!': '!',
  DoesNotExist: '!',
  '=': '=',
  '==': '=',
  '!=': '!=',
  gt: 'gt',
  Gt: 'gt',
  '>': 'gt',
  lt: 'lt',
  Lt: 'lt',
  '<': 'lt',
}

const MOST_REQUIREMENTS = 64

/** All clusters where there is no annotation. Throws a UserError that says what is wrong. */
export function parseClusterSelector(text: string | undefined): LabelMatcher {
  if (text === undefined) return everything
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new UserError(`no JSON: ${messageOf(error)}`)
  }
  if (!Array.isArray(value)) throw new UserError('no JSON list')
  if (value.length > MOST_REQUIREMENTS)
    throw new UserError(`more than ${MOST_REQUIREMENTS} requirements`)
  return parseLabelSelector(value.map(requirementText).join(','))
}

function requirementText(requirement: unknown, at: number): string {
  const failed = (why: string) => new UserError(`requirement ${at}: ${why}`)
  if (!isPlainObject(requirement)) throw failed('no object')
  const { key, operator, values = [] } = requirement
  if (typeof key !== 'string' || isQualifiedName(key).length > 0)
    throw failed('key is no key of a label')
  const known =
    typeof operator === 'string' && Object.hasOwn(OPERATORS, operator)
      ? OPERATORS[operator]
      : undefined
  if (!known) throw failed(`${JSON.stringify(operator)} is no operator`)
  const texts = values ?? []
  if (
    !Array.isArray(texts) ||
    !texts.every(each => typeof each === 'string' && isLabelValue(each).length === 0)
  )
    throw failed('values is no list of values of labels')
  const [first = ''] = texts
  switch (known) {
    case 'exists':
    case '!':
      if (texts.length > 0) throw failed(`${operator} takes no values`)
      return known === '!' ? `!${key}` : key
    case 'in':
    case 'notin':
      if (texts.length === 0) throw failed(`${operator} takes at least one value`)
      return `${key} ${known} (${texts.join(',')})`
    default:
      if (texts.length !== 1) throw failed(`${operator} takes exactly one value`)
      if (known !== 'gt' && known !== 'lt') return `${key}${known}${first}`
      if (!/^-?\d+$/.test(first)) throw failed(`${operator} takes a whole number`)
      return `${key}${known === 'gt' ? '>' : '<'}${first}`
  }
}
