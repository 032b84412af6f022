/** "May I?", "may they?" and "what may I?": the review kinds, answered by the same authorizer as every request. */
import type {
  FieldSelectorAttributes,
  LabelSelectorAttributes,
  NonResourceAttributes,
  ResourceAttributes,
} from '#api/authorization/v1/attributes.ts'
import type { LocalSubjectAccessReview } from '#api/authorization/v1/local-subject-access-review.ts'
import type { SelfSubjectAccessReview } from '#api/authorization/v1/self-subject-access-review.ts'
import type { SelfSubjectRulesReview } from '#api/authorization/v1/self-subject-rules-review.ts'
import type { SubjectAccessReview } from '#api/authorization/v1/subject-access-review.ts'
import { type FieldError, invalid as invalidValue } from '#api/machinery/field-error.ts'
import { badRequest, invalid } from '#api/machinery/status.ts'
import type { UserInfo } from '../authentication/authenticator.ts'
import type { Attributes, Authorizer } from './authorizer.ts'

const GROUP = 'authorization.k8s.io'

export async function reviewSelfAccess(
  review: SelfSubjectAccessReview,
  user: UserInfo,
  authorizer: Authorizer,
): Promise<SelfSubjectAccessReview> {
  refuse(review.kind, attributeErrors(review.spec))
  return { ...review, status: await evaluate(attributesIn(review.spec, user), authorizer) }
}

/** For SubjectAccessReview and, with the namespace of its path, LocalSubjectAccessReview. */
export async function reviewAccess<R extends SubjectAccessReview | LocalSubjectAccessReview>(
  review: R,
  authorizer: Authorizer,
  pathNamespace?: string,
): Promise<R> {
  const { spec } = review
  const errors = attributeErrors(spec)
  if (!spec.user && !spec.groups?.length)
    errors.push(
      invalidValue('spec.user', spec.user ?? '', 'at least one of user or group must be specified'),
    )
  if (pathNamespace !== undefined) {
    if (spec.nonResourceAttributes)
      errors.push(
        invalidValue(
          'spec.nonResourceAttributes',
          spec.nonResourceAttributes,
          'disallowed on this kind of request',
        ),
      )
    if ((spec.resourceAttributes?.namespace ?? '') !== pathNamespace)
      throw badRequest(`spec.resourceAttributes.namespace must match namespace: ${pathNamespace}`)
  }
  refuse(review.kind, errors)
  const user: UserInfo = {
    name: spec.user ?? '',
    groups: spec.groups ?? [],
    ...(spec.uid ? { uid: spec.uid } : {}),
    ...(spec.extra ? { extra: spec.extra } : {}),
  }
  return { ...review, status: await evaluate(attributesIn(spec, user), authorizer) }
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
  return {
    ...review,
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
      ...(errors.length > 0 ? { evaluationError: errors.join(', ') } : {}),
    },
  }
}

async function evaluate(attributes: Attributes, authorizer: Authorizer) {
  const { verdict, reason } = await authorizer.authorize(attributes)
  return {
    allowed: verdict === 'allow',
    ...(verdict === 'deny' ? { denied: true } : {}),
    ...(reason ? { reason } : {}),
  }
}

interface Asked {
  readonly resourceAttributes?: ResourceAttributes
  readonly nonResourceAttributes?: NonResourceAttributes
}

function attributeErrors({ resourceAttributes, nonResourceAttributes }: Asked): FieldError[] {
  if (resourceAttributes && nonResourceAttributes)
    return [
      invalidValue(
        'spec.nonResourceAttributes',
        nonResourceAttributes,
        'cannot be specified in combination with resourceAttributes',
      ),
    ]
  if (!resourceAttributes && !nonResourceAttributes)
    return [
      invalidValue(
        'spec.resourceAttributes',
        undefined,
        'exactly one of nonResourceAttributes or resourceAttributes must be specified',
      ),
    ]
  return []
}

function refuse(kind: string, errors: readonly FieldError[]): void {
  if (errors.length > 0) throw invalid({ group: GROUP, kind }, '', errors)
}

function attributesIn(
  { resourceAttributes: of, nonResourceAttributes }: Asked,
  user: UserInfo,
): Attributes {
  const none = { group: '', version: '', resource: '', subresource: '', namespace: '', name: '' }
  if (of === undefined)
    return {
      ...none,
      user,
      verb: nonResourceAttributes?.verb ?? '',
      path: nonResourceAttributes?.path ?? '',
      isResourceRequest: false,
    }
  const fieldSelector = selectorText(of.fieldSelector)
  const labelSelector = selectorText(of.labelSelector)
  return {
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
    ...(fieldSelector ? { fieldSelector } : {}),
    ...(labelSelector ? { labelSelector } : {}),
  }
}

/** Requirements as the text of a selector. Those that a text cannot say are left out: fewer conditions never allow more. */
function selectorText(
  selector: FieldSelectorAttributes | LabelSelectorAttributes | undefined,
): string {
  if (selector?.rawSelector) return selector.rawSelector
  return (selector?.requirements ?? [])
    .filter(({ operator, values }) => operator === 'In' && values?.length === 1)
    .map(({ key, values }) => `${key}=${values?.[0]?.replace(/[\\,=]/g, '\\$&')}`)
    .join(',')
}
