import { validateLabelSelector } from '../../core/v1/validation.selectors.ts'
import { type FieldError, forbidden, invalid, required } from '../../machinery/field-error.ts'
import type { ObjectMeta } from '../../machinery/metadata.ts'
import type {
  FieldSelectorAttributes,
  LabelSelectorAttributes,
  NonResourceAttributes,
  ResourceAttributes,
} from './attributes.ts'

interface Question {
  readonly resourceAttributes?: ResourceAttributes
  readonly nonResourceAttributes?: NonResourceAttributes
}

/** Exactly one thing is asked about. */
export function validateQuestion(question: Question): FieldError[] {
  return [...validateChoice(question), ...validateSelectors(question.resourceAttributes ?? {})]
}

function validateChoice({ resourceAttributes, nonResourceAttributes }: Question): FieldError[] {
  if (resourceAttributes && nonResourceAttributes)
    return [
      invalid(
        'spec.nonResourceAttributes',
        nonResourceAttributes,
        'cannot be specified in combination with resourceAttributes',
      ),
    ]
  if (!resourceAttributes && !nonResourceAttributes)
    return [
      invalid(
        'spec.resourceAttributes',
        nonResourceAttributes,
        'exactly one of nonResourceAttributes or resourceAttributes must be specified',
      ),
    ]
  return []
}

/** Also says of whom it is asked. */
export function validateReview(
  spec: Question & { readonly user?: string; readonly groups?: readonly string[] },
): FieldError[] {
  const errors = validateChoice(spec)
  if (!spec.user && !spec.groups?.length)
    errors.push(
      invalid('spec.user', spec.user ?? '', 'at least one of user or group must be specified'),
    )
  return [...errors, ...validateSelectors(spec.resourceAttributes ?? {})]
}

/** A question is no object: it has no name and no labels. Who owns its fields, the server notes for itself. */
export function validateNoMetadata(
  metadata: ObjectMeta,
  { besides, detail }: { readonly besides?: 'namespace'; readonly detail: string },
): FieldError[] {
  const { managedFields: _, ...more } = metadata
  const isEmpty = Object.keys(more).every(name => name === besides)
  return isEmpty ? [] : [invalid('metadata', metadata, detail)]
}

function validateSelectors({ fieldSelector, labelSelector }: ResourceAttributes): FieldError[] {
  const at = 'spec.resourceAttributes'
  return [
    ...(fieldSelector
      ? validateSelector(`${at}.fieldSelector`, fieldSelector, fieldRequirement)
      : []),
    ...(labelSelector
      ? validateSelector(`${at}.labelSelector`, labelSelector, labelRequirement)
      : []),
  ]
}

type Requirement<S extends FieldSelectorAttributes | LabelSelectorAttributes> = NonNullable<
  S['requirements']
>[number]

function validateSelector<S extends FieldSelectorAttributes | LabelSelectorAttributes>(
  path: string,
  { rawSelector, requirements = [] }: S,
  validate: (path: string, requirement: Requirement<S>) => readonly FieldError[],
): FieldError[] {
  const errors: FieldError[] = []
  if (rawSelector && requirements.length > 0)
    errors.push(
      invalid(
        `${path}.rawSelector`,
        rawSelector,
        'may not specified at the same time as requirements',
      ),
    )
  if (!rawSelector && requirements.length === 0)
    errors.push(
      required(
        `${path}.requirements`,
        `when ${path} is specified, requirements or rawSelector is required`,
      ),
    )
  for (const [index, requirement] of requirements.entries())
    errors.push(...validate(`${path}.requirements[${index}]`, requirement as Requirement<S>))
  return errors
}

/** Operators that nobody knows yet are for newer authorizers. */
function fieldRequirement(
  path: string,
  { key, operator, values = [] }: Requirement<FieldSelectorAttributes>,
): FieldError[] {
  const errors = key ? [] : [required(`${path}.key`, 'must be specified')]
  if ((operator === 'In' || operator === 'NotIn') && values.length === 0)
    errors.push(required(`${path}.values`, "must be specified when `operator` is 'In' or 'NotIn'"))
  if ((operator === 'Exists' || operator === 'DoesNotExist') && values.length > 0)
    errors.push(
      forbidden(
        `${path}.values`,
        "may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
      ),
    )
  return errors
}

function labelRequirement(
  path: string,
  requirement: Requirement<LabelSelectorAttributes>,
): readonly FieldError[] {
  return validateLabelSelector('', { matchExpressions: [requirement] })
    .filter(({ field }) => !field.endsWith('.operator'))
    .map(error => ({ ...error, field: error.field.replace('.matchExpressions[0]', path) }))
}
