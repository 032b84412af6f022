import { type ObjectOfShape, objectShape } from '../../machinery/kind.ts'
import {
  boolean,
  int32,
  list,
  shape,
  string,
  struct,
  time,
  type ValueOfShape,
} from '../../machinery/schema.ts'

const DEFAULT_PRECEDENCE = 1000

export const priorityLevelConfigurationReference = shape(
  'io.k8s.api.flowcontrol.v1.PriorityLevelConfigurationReference',
  'Names a priority level.',
  {
    name: string(1).required().doc('The name of the priority level.'),
  },
)

export const flowDistinguisherMethod = shape(
  'io.k8s.api.flowcontrol.v1.FlowDistinguisherMethod',
  'How the requests of one schema are told apart into flows.',
  {
    type: string(1).required().doc('ByUser or ByNamespace: who shares a queue.'),
  },
)

export const userSubject = shape('io.k8s.api.flowcontrol.v1.UserSubject', 'A user, or all.', {
  name: string(1).required().doc('The name of the user; * is everybody.'),
})

export const groupSubject = shape('io.k8s.api.flowcontrol.v1.GroupSubject', 'A group, or all.', {
  name: string(1).required().doc('The name of the group; * is every group.'),
})

export const serviceAccountSubject = shape(
  'io.k8s.api.flowcontrol.v1.ServiceAccountSubject',
  'A service account, or all of a namespace.',
  {
    namespace: string(1).required().doc('The namespace of the account.'),
    name: string(2).required().doc('The name of the account; * is all of the namespace.'),
  },
)

export const subject = shape(
  'io.k8s.api.flowcontrol.v1.Subject',
  'Whose requests are meant; has just the field that its kind names.',
  {
    kind: string(1).required().doc('User, Group or ServiceAccount.'),
    user: struct(2, userSubject).optional().doc('The user, for the kind User.'),
    group: struct(3, groupSubject).optional().doc('The group, for the kind Group.'),
    serviceAccount: struct(4, serviceAccountSubject)
      .optional()
      .doc('The account, for the kind ServiceAccount.'),
  },
  { union: { discriminator: 'kind', members: ['group', 'serviceAccount', 'user'] } },
)
export type Subject = ValueOfShape<typeof subject>

export const resourcePolicyRule = shape(
  'io.k8s.api.flowcontrol.v1.ResourcePolicyRule',
  'Requests for resources; all parts must fit.',
  {
    verbs: list(1, string()).required().listSet().doc('What is done; * is everything.'),
    apiGroups: list(2, string()).required().listSet().doc('Groups of the resources; * is all.'),
    resources: list(3, string())
      .required()
      .listSet()
      .doc('Resources, perhaps with a subresource as pods/log; * is all.'),
    clusterScope: boolean(4).doc('Whether requests without a namespace fit.'),
    namespaces: list(5, string())
      .always()
      .listSet()
      .doc('Namespaces whose requests fit; * is every one, none means those without one.'),
  },
)
export type ResourcePolicyRule = ValueOfShape<typeof resourcePolicyRule>

export const nonResourcePolicyRule = shape(
  'io.k8s.api.flowcontrol.v1.NonResourcePolicyRule',
  'Requests for other paths; both parts must fit.',
  {
    verbs: list(1, string()).required().listSet().doc('What is done; * is everything.'),
    nonResourceURLs: list(6, string())
      .required()
      .listSet()
      .doc('Paths, perhaps ending in /*; a lone * is every path.'),
  },
)
export type NonResourcePolicyRule = ValueOfShape<typeof nonResourcePolicyRule>

export const policyRulesWithSubjects = shape(
  'io.k8s.api.flowcontrol.v1.PolicyRulesWithSubjects',
  'Some requests of some users.',
  {
    subjects: list(1, subject).required().atomic().doc('Whose requests; one that fits is enough.'),
    resourceRules: list(2, resourcePolicyRule).atomic().doc('Which requests for resources.'),
    nonResourceRules: list(3, nonResourcePolicyRule)
      .atomic()
      .doc('Which requests for other paths.'),
  },
)
export type PolicyRulesWithSubjects = ValueOfShape<typeof policyRulesWithSubjects>

export const flowSchemaSpec = shape(
  'io.k8s.api.flowcontrol.v1.FlowSchemaSpec',
  'Which requests are meant, and how they are handled.',
  {
    priorityLevelConfiguration: struct(1, priorityLevelConfigurationReference)
      .required()
      .doc('The priority level that handles them.'),
    matchingPrecedence: int32(2)
      .always()
      .unpublishedDefault(DEFAULT_PRECEDENCE)
      .doc('Of several schemas that fit, the one with the lowest number is used: 1 to 10000.'),
    distinguisherMethod: struct(3, flowDistinguisherMethod)
      .optional()
      .doc('How the requests are told apart into flows; all are one flow if absent.'),
    rules: list(4, policyRulesWithSubjects)
      .atomic()
      .doc('The requests; one rule that fits is enough. Without rules nothing fits.'),
  },
)
export type FlowSchemaSpec = ValueOfShape<typeof flowSchemaSpec>

export const flowSchemaCondition = shape(
  'io.k8s.api.flowcontrol.v1.FlowSchemaCondition',
  "One aspect of a schema's state.",
  {
    type: string(1).doc('Names the aspect, such as Dangling: its priority level is missing.'),
    status: string(2).doc('True, False or Unknown.'),
    lastTransitionTime: time(3).doc('When the status last changed.'),
    reason: string(4).doc('Why, as one CamelCase word for programs.'),
    message: string(5).doc('Why, as a sentence for people.'),
  },
)

export const flowSchemaStatus = shape(
  'io.k8s.api.flowcontrol.v1.FlowSchemaStatus',
  'What the server found out about the schema.',
  {
    conditions: list(1, flowSchemaCondition)
      .listMap('type')
      .mergeKey('type')
      .doc('Its state, aspect by aspect.'),
  },
)

export const flowSchemaShape = objectShape(
  'io.k8s.api.flowcontrol.v1.FlowSchema',
  'A class of requests to this API, and the priority level that handles them.',
  {
    spec: struct(2, flowSchemaSpec).always().doc('Which requests, and how they are handled.'),
    status: struct(3, flowSchemaStatus).always().doc('What the server found out about it.'),
  },
)
export type FlowSchema = ObjectOfShape<typeof flowSchemaShape>
