import { defineKind, type ObjectOfShape, objectShape } from '../../machinery/kind.ts'
import { boolean, list, shape, string, struct, type ValueOfShape } from '../../machinery/schema.ts'

export const selfSubjectRulesReviewSpec = shape(
  'io.k8s.api.authorization.v1.SelfSubjectRulesReviewSpec',
  'authorization.SelfSubjectRulesReviewSpec',
  {
    namespace: string(1).doc('authorization.SelfSubjectRulesReviewSpec.namespace'),
  },
)
export type SelfSubjectRulesReviewSpec = ValueOfShape<typeof selfSubjectRulesReviewSpec>

export const resourceRule = shape(
  'io.k8s.api.authorization.v1.ResourceRule',
  'authorization.ResourceRule',
  {
    verbs: list(1, string()).required().atomic().doc('authorization.ResourceRule.verbs'),
    apiGroups: list(2, string()).atomic().doc('authorization.ResourceRule.apiGroups'),
    resources: list(3, string()).atomic().doc('authorization.ResourceRule.resources'),
    resourceNames: list(4, string()).atomic().doc('authorization.ResourceRule.resourceNames'),
  },
)
export type ResourceRule = ValueOfShape<typeof resourceRule>

export const nonResourceRule = shape(
  'io.k8s.api.authorization.v1.NonResourceRule',
  'authorization.NonResourceRule',
  {
    verbs: list(1, string()).required().atomic().doc('authorization.NonResourceRule.verbs'),
    nonResourceURLs: list(2, string())
      .atomic()
      .doc('authorization.NonResourceRule.nonResourceURLs'),
  },
)
export type NonResourceRule = ValueOfShape<typeof nonResourceRule>

export const subjectRulesReviewStatus = shape(
  'io.k8s.api.authorization.v1.SubjectRulesReviewStatus',
  'authorization.SubjectRulesReviewStatus',
  {
    resourceRules: list(1, resourceRule)
      .required()
      .atomic()
      .doc('authorization.SubjectRulesReviewStatus.resourceRules'),
    nonResourceRules: list(2, nonResourceRule)
      .required()
      .atomic()
      .doc('authorization.SubjectRulesReviewStatus.nonResourceRules'),
    incomplete: boolean(3).required().doc('authorization.SubjectRulesReviewStatus.incomplete'),
    evaluationError: string(4).doc('authorization.SubjectRulesReviewStatus.evaluationError'),
  },
)
export type SubjectRulesReviewStatus = ValueOfShape<typeof subjectRulesReviewStatus>

export const selfSubjectRulesReviewShape = objectShape(
  'io.k8s.api.authorization.v1.SelfSubjectRulesReview',
  'authorization.SelfSubjectRulesReview',
  {
    spec: struct(2, selfSubjectRulesReviewSpec)
      .required()
      .doc('authorization.SelfSubjectRulesReview.spec'),
    status: struct(3, subjectRulesReviewStatus)
      .always()
      .doc('authorization.SelfSubjectRulesReview.status'),
  },
)
export type SelfSubjectRulesReview = ObjectOfShape<typeof selfSubjectRulesReviewShape>

export const selfSubjectRulesReview = defineKind<SelfSubjectRulesReview>({
  group: 'authorization.k8s.io',
  version: 'v1',
  kind: 'SelfSubjectRulesReview',
  plural: 'selfsubjectrulesreviews',
  scope: 'Cluster',
  shape: selfSubjectRulesReviewShape,
  verbs: ['create'],
  ephemeral: true,
})
