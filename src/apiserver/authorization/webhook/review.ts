/** What a webhook is asked: a SubjectAccessReview of a request's attributes. What says nothing is left out, as upstream does. */
import { parseFieldSelector } from '#api/machinery/field-selector.ts'
import { type LabelOperator, parseLabelSelector } from '#api/machinery/label-selector.ts'
import type { Attributes } from '../authorizer.ts'

export interface ReviewSpec {
  readonly resourceAttributes?: Readonly<Record<string, unknown>>
  readonly nonResourceAttributes?: Readonly<Record<string, unknown>>
  readonly user?: string
  readonly groups?: readonly string[]
  readonly extra?: Readonly<Record<string, readonly string[]>>
  readonly uid?: string
}

export function reviewSpec(attributes: Attributes): ReviewSpec {
  const { user, verb, path, isResourceRequest } = attributes
  const { group, version, resource, subresource, namespace, name } = attributes
  const fields = selectorOf(attributes.fieldSelector, fieldRequirements)
  const labels = selectorOf(attributes.labelSelector, labelRequirements)
  return {
    ...(isResourceRequest
      ? {
          resourceAttributes: {
            ...said({ namespace, verb, group, version, resource, subresource, name }),
            ...(fields ? { fieldSelector: fields } : {}),
            ...(labels ? { labelSelector: labels } : {}),
          },
        }
      : { nonResourceAttributes: said({ path, verb }) }),
    ...said({ user: user.name }),
    ...(user.groups.length > 0 ? { groups: user.groups } : {}),
    ...(user.extra && Object.keys(user.extra).length > 0 ? { extra: user.extra } : {}),
    ...said({ uid: user.uid ?? '' }),
  }
}

const said = (texts: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(texts).filter(([, text]) => text !== ''))

interface Requirement {
  readonly key: string
  readonly operator: string
  readonly values?: readonly string[]
}

function selectorOf(
  text: string | undefined,
  read: (text: string) => readonly Requirement[],
): { readonly requirements: readonly Requirement[] } | undefined {
  if (!text) return undefined
  try {
    const requirements = read(text)
    return requirements.length > 0 ? { requirements } : undefined
  } catch {
    // Whoever asks with a selector that is none is refused later, and asks for everything here.
    return undefined
  }
}

const fieldRequirements = (text: string): readonly Requirement[] =>
  parseFieldSelector(text).map(({ field, operator, value }) => ({
    key: field,
    operator: operator === '=' ? 'In' : 'NotIn',
    values: [value],
  }))

const OPERATORS: Readonly<Partial<Record<LabelOperator, string>>> = {
  '=': 'In',
  '==': 'In',
  in: 'In',
  '!=': 'NotIn',
  notin: 'NotIn',
  exists: 'Exists',
  '!': 'DoesNotExist',
}

const labelRequirements = (text: string): readonly Requirement[] =>
  parseLabelSelector(text).requirements.flatMap(({ key, operator, values }) => {
    const told = OPERATORS[operator]
    return told ? [{ key, operator: told, ...(values.length > 0 ? { values } : {}) }] : []
  })
