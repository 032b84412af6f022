/** "May I?", "may they?" and "what may I?": the review kinds, answered by the same authorizer as every request. */
import type {
  FieldSelectorAttributes,
  LabelSelectorAttributes,
  NonResourceAttributes,
  ResourceAttributes,
} from '#api/authorization/v1/attributes.ts'
import {
  type LocalSubjectAccessReview,
  localSubjectAccessReview,
} from '#api/authorization/v1/local-subject-access-review.ts'
import {
  type SelfSubjectAccessReview,
  selfSubjectAccessReview,
} from '#api/authorization/v1/self-subject-access-review.ts'
import type { SelfSubjectRulesReview } from '#api/authorization/v1/self-subject-rules-review.ts'
import {
  type SubjectAccessReview,
  subjectAccessReview,
} from '#api/authorization/v1/subject-access-review.ts'
import type { FieldError } from '#api/machinery/field-error.ts'
import { escapeFieldValue, parseFieldSelector } from '#api/machinery/field-selector.ts'
import { labelMatcherOf, parseLabelSelector } from '#api/machinery/label-selector.ts'
import { badRequest, invalid, isStatus } from '#api/machinery/status.ts'
import type { UserInfo } from '../authentication/authenticator.ts'
import type { Attributes, Authorizer } from './authorizer.ts'

export async function reviewSelfAccess(
  review: SelfSubjectAccessReview,
  user: UserInfo,
  authorizer: Authorizer,
): Promise<SelfSubjectAccessReview> {
  refuse(selfSubjectAccessReview.validate(review))
  return { ...review, status: await evaluate(review.spec, user, authorizer) }
}

export async function reviewAccess(
  review: SubjectAccessReview,
  authorizer: Authorizer,
): Promise<SubjectAccessReview> {
  refuse(subjectAccessReview.validate(review))
  return { ...review, status: await evaluate(review.spec, userIn(review.spec), authorizer) }
}

export async function reviewLocalAccess(
  review: LocalSubjectAccessReview,
  authorizer: Authorizer,
): Promise<LocalSubjectAccessReview> {
  refuse(localSubjectAccessReview.validate(review))
  return { ...review, status: await evaluate(review.spec, userIn(review.spec), authorizer) }
}

function userIn({ user, groups, uid, extra }: SubjectAccessReview['spec']): UserInfo {
  return {
    name: user ?? '',
    groups: groups ?? [],
    ...(uid ? { uid } : {}),
    ...(extra ? { extra } : {}),
  }
}

export async function reviewSelfRules(
  review: SelfSubjectRulesReview,
  user: UserInfo,
  authorizer: Authorizer,
): Promise<SelfSubjectRulesReview> {
  const { namespace = '' } = review.spec
  if (namespace === '') throw badRequest('no namespace on request')
  const { rules, incomplete, errors } = await authorizer.rulesFor(user, namespace)
  const copy = (list: readonly string[] | undefined) => [...(list ?? [])]
  const { apiVersion, kind } = review
  // As upstream: the answer repeats nothing of the question.
  return {
    apiVersion,
    kind,
    metadata: {},
    spec: {},
    status: {
      resourceRules: rules
        .filter(rule => rule.resources?.length)
        .map(rule => ({
          verbs: copy(rule.verbs),
          apiGroups: copy(rule.apiGroups),
          resources: copy(rule.resources),
          ...(rule.resourceNames?.length ? { resourceNames: copy(rule.resourceNames) } : {}),
        })),
      nonResourceRules: rules
        .filter(rule => rule.nonResourceURLs?.length)
        .map(rule => ({ verbs: copy(rule.verbs), nonResourceURLs: copy(rule.nonResourceURLs) })),
      incomplete,
      ...(errors.length > 0 ? { evaluationError: inOneText(errors) } : {}),
    },
  }
}

/** As Go puts errors together, each once. */
function inOneText(errors: readonly string[]): string {
  const different = [...new Set(errors)]
  return different.length === 1 ? `${different[0]}` : `[${different.join(', ')}]`
}

async function evaluate(asked: Asked, user: UserInfo, authorizer: Authorizer) {
  const { attributes, ignored } = attributesIn(asked, user)
  const { verdict, reason, error } = await authorizer.authorize(attributes)
  const problems = error === undefined ? ignored : [error, ...ignored]
  return {
    allowed: verdict === 'allow',
    ...(verdict === 'deny' ? { denied: true } : {}),
    ...(reason ? { reason } : {}),
    ...(problems.length > 0 ? { evaluationError: problems.join('; ') } : {}),
  }
}

interface Asked {
  readonly resourceAttributes?: ResourceAttributes
  readonly nonResourceAttributes?: NonResourceAttributes
}

/** Upstream names the group alone: what it has read knows no longer which kind it was. */
function refuse(errors: readonly FieldError[]): void {
  if (errors.length > 0) throw invalid({ group: 'authorization.k8s.io', kind: '' }, '', errors)
}

/** `ignored` says which selectors are ignored, in whole or in part. */
function attributesIn(
  { resourceAttributes: of, nonResourceAttributes }: Asked,
  user: UserInfo,
): { readonly attributes: Attributes; readonly ignored: readonly string[] } {
  const none = { group: '', version: '', resource: '', subresource: '', namespace: '', name: '' }
  if (of === undefined) {
    const { verb = '', path = '' } = nonResourceAttributes ?? {}
    return { attributes: { ...none, user, verb, path, isResourceRequest: false }, ignored: [] }
  }
  const fields = of.fieldSelector && selectorText(of.fieldSelector, fieldText)
  const labels = of.labelSelector && selectorText(of.labelSelector, labelText)
  const ignored = Object.entries({ fieldSelector: fields, labelSelector: labels }).flatMap(
    ([name, selector]) =>
      selector?.isWhole === false
        ? [
            `spec.resourceAttributes.${name} ${selector.text ? 'partially ' : ''}ignored due to parse error`,
          ]
        : [],
  )
  const attributes = {
    user,
    verb: of.verb ?? '',
    group: of.group ?? '',
    version: of.version || '*',
    resource: of.resource ?? '',
    subresource: of.subresource ?? '',
    namespace: of.namespace ?? '',
    name: of.name ?? '',
    path: '',
    isResourceRequest: true,
    ...(fields?.text ? { fieldSelector: fields.text } : {}),
    ...(labels?.text ? { labelSelector: labels.text } : {}),
  }
  return { attributes, ignored }
}

interface Selector<R> {
  readonly rawSelector?: string
  readonly requirements?: readonly R[]
}

/** The text of a selector. What cannot be read is left out: fewer conditions never allow more. */
function selectorText<R>(
  { rawSelector, requirements = [] }: Selector<R>,
  textOf: (from: R | string) => string,
): { readonly text: string; readonly isWhole: boolean } {
  const parts = rawSelector ? [rawSelector] : requirements
  const texts = parts.flatMap(part => {
    try {
      return [textOf(part)]
    } catch (thrown) {
      if (!isStatus(thrown, 'BadRequest')) throw thrown
      return []
    }
  })
  return { text: texts.join(','), isWhole: texts.length === parts.length }
}

function fieldText(
  from: NonNullable<FieldSelectorAttributes['requirements']>[number] | string,
): string {
  if (typeof from === 'string') {
    parseFieldSelector(from)
    return from
  }
  const { key, operator, values = [] } = from
  const [value] = values
  // A text can only compare a field with one value.
  if (value === undefined || values.length > 1 || (operator !== 'In' && operator !== 'NotIn'))
    throw badRequest(`a selector of fields cannot say ${operator}`)
  return `${key}${operator === 'In' ? '=' : '!='}${escapeFieldValue(value)}`
}

function labelText(
  from: NonNullable<LabelSelectorAttributes['requirements']>[number] | string,
): string {
  if (typeof from !== 'string') return labelMatcherOf({ matchExpressions: [from] }).toString()
  parseLabelSelector(from)
  return from
}
