import { defineKind, type ObjectOfShape, objectShape } from '../../machinery/kind.ts'
import { boolean, list, shape, string, struct, type ValueOfShape } from '../../machinery/schema.ts'

export const selfSubjectRulesReviewSpec = shape(
  'io.k8s.api.authorization.v1.SelfSubjectRulesReviewSpec',
  'Where the rules are asked for.',
  {
    namespace: string(1).doc('The namespace.'),
  },
)
export type SelfSubjectRulesReviewSpec = ValueOfShape<typeof selfSubjectRulesReviewSpec>

export const resourceRule = shape(
  'io.k8s.api.authorization.v1.ResourceRule',
  'Something that is allowed with resources.',
  {
    verbs: list(1, string()).required().atomic().doc('What may be done; * is everything.'),
    apiGroups: list(2, string()).atomic().doc('The groups of the resources; * is all.'),
    resources: list(3, string()).atomic().doc('The resources; * is all.'),
    resourceNames: list(4, string()).atomic().doc('Only objects of these names; all if empty.'),
  },
)
export type ResourceRule = ValueOfShape<typeof resourceRule>

export const nonResourceRule = shape(
  'io.k8s.api.authorization.v1.NonResourceRule',
  'Something that is allowed with other paths.',
  {
    verbs: list(1, string()).required().atomic().doc('What may be done; * is everything.'),
    nonResourceURLs: list(2, string()).atomic().doc('The paths, perhaps ending in *.'),
  },
)
export type NonResourceRule = ValueOfShape<typeof nonResourceRule>

export const subjectRulesReviewStatus = shape(
  'io.k8s.api.authorization.v1.SubjectRulesReviewStatus',
  'All that the asker may do, as far as is known.',
  {
    resourceRules: list(1, resourceRule).required().atomic().doc('With resources.'),
    nonResourceRules: list(2, nonResourceRule).required().atomic().doc('With other paths.'),
    incomplete: boolean(3).required().doc('Whether there may be more that could not be listed.'),
    evaluationError: string(4).doc('What went wrong on the way.'),
  },
)
export type SubjectRulesReviewStatus = ValueOfShape<typeof subjectRulesReviewStatus>

export const selfSubjectRulesReviewShape = objectShape(
  'io.k8s.api.authorization.v1.SelfSubjectRulesReview',
  'Asks for all that oneself may do in a namespace.',
  {
    spec: struct(2, selfSubjectRulesReviewSpec).required().doc('Where.'),
    status: struct(3, subjectRulesReviewStatus).always().doc('The answer.'),
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
