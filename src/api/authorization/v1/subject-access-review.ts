import { defineKind, type ObjectOfShape, objectShape } from '../../machinery/kind.ts'
import {
  boolean,
  list,
  map,
  shape,
  string,
  struct,
  type ValueOfShape,
} from '../../machinery/schema.ts'
import { nonResourceAttributes, resourceAttributes } from './attributes.ts'
import { validateNoMetadata, validateReview } from './validation.ts'

export const subjectAccessReviewSpec = shape(
  'io.k8s.api.authorization.v1.SubjectAccessReviewSpec',
  'May this user do that?',
  {
    resourceAttributes: struct(1, resourceAttributes)
      .optional()
      .doc('Do what with which resource; instead of nonResourceAttributes.'),
    nonResourceAttributes: struct(2, nonResourceAttributes)
      .optional()
      .doc('Do what with which path.'),
    user: string(3).doc('Name of the user.'),
    groups: list(4, string()).atomic().doc('Groups that the user belongs to.'),
    extra: map(5, list(undefined, string())).doc('What else is known of the user, by key.'),
    uid: string(6).doc('UID of the user.'),
  },
)
export type SubjectAccessReviewSpec = ValueOfShape<typeof subjectAccessReviewSpec>

export const subjectAccessReviewStatus = shape(
  'io.k8s.api.authorization.v1.SubjectAccessReviewStatus',
  'What an authorizer says.',
  {
    allowed: boolean(1).required().doc('Whether it is allowed.'),
    denied: boolean(4).doc('Whether it is forbidden, whatever other authorizers say.'),
    reason: string(2).doc('Why.'),
    evaluationError: string(3).doc('What went wrong on the way; the answer may still stand.'),
  },
)
export type SubjectAccessReviewStatus = ValueOfShape<typeof subjectAccessReviewStatus>

export const subjectAccessReviewShape = objectShape(
  'io.k8s.api.authorization.v1.SubjectAccessReview',
  'Asks whether someone may do something.',
  {
    spec: struct(2, subjectAccessReviewSpec).required().doc('Who, and what.'),
    status: struct(3, subjectAccessReviewStatus).always().doc('The answer.'),
  },
)
export type SubjectAccessReview = ObjectOfShape<typeof subjectAccessReviewShape>

export const subjectAccessReview = defineKind<SubjectAccessReview>({
  group: 'authorization.k8s.io',
  version: 'v1',
  kind: 'SubjectAccessReview',
  plural: 'subjectaccessreviews',
  scope: 'Cluster',
  shape: subjectAccessReviewShape,
  validate: object => [
    ...validateReview(object.spec),
    ...validateNoMetadata(object.metadata, { detail: 'must be empty' }),
  ],
  verbs: ['create'],
  ephemeral: true,
})
