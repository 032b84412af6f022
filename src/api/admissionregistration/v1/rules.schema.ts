/** What webhooks and policies share: which requests they are about, and conditions in CEL. */
import { labelSelector } from '../../machinery/metadata.ts'
import { list, shape, string, struct, type ValueOfShape } from '../../machinery/schema.ts'

const rule = {
  apiGroups: list(1, string())
    .atomic()
    .doc('API groups that match; empty text is the core group, * matches all.'),
  apiVersions: list(2, string()).atomic().doc('Versions that match; * matches all.'),
  resources: list(3, string())
    .atomic()
    .doc('Resources that match: pods, pods/log, pods/*, */scale, * or */*.'),
  scope: string(4)
    .enum('*', 'Cluster', 'Namespaced')
    .optional()
    .unpublishedDefault('*')
    .doc('Cluster or Namespaced to match objects of that scope only; * matches both.'),
}
const operations = list(1, string().enum('*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE'))
  .atomic()
  .doc('Operations that match: CREATE, UPDATE, DELETE, CONNECT, or * for all.')
const nestedRule = {
  number: 2,
  shapeName: 'io.k8s.api.admissionregistration.v1.Rule',
  fields: Object.keys(rule),
}

export const ruleWithOperations = shape(
  'io.k8s.api.admissionregistration.v1.RuleWithOperations',
  'Requests that match: one of the operations on one of the resources.',
  { operations, ...rule },
  { inlined: [nestedRule] },
)
export type RuleWithOperations = ValueOfShape<typeof ruleWithOperations>

export const namedRuleWithOperations = shape(
  'io.k8s.api.admissionregistration.v1.NamedRuleWithOperations',
  'Requests that match, perhaps only those about objects of certain names.',
  {
    resourceNames: list(1, string())
      .atomic()
      .doc('Names of objects that match; empty means any name.'),
    operations,
    ...rule,
  },
  {
    inlined: [
      {
        number: 2,
        shapeName: 'io.k8s.api.admissionregistration.v1.RuleWithOperations',
        fields: ['operations', ...nestedRule.fields],
        inlined: [nestedRule],
      },
    ],
    atomic: true,
  },
)
export type NamedRuleWithOperations = ValueOfShape<typeof namedRuleWithOperations>

export const matchCondition = shape(
  'io.k8s.api.admissionregistration.v1.MatchCondition',
  'A condition in CEL that a request must meet besides the rules.',
  {
    name: string(1).required().doc('Names the condition in messages; unique among its siblings.'),
    expression: string(2)
      .required()
      .doc('CEL that gives a boolean; may use object, oldObject, request and authorizer.'),
  },
)
export type MatchCondition = ValueOfShape<typeof matchCondition>

export const matchConditions = (number: number) =>
  list(number, matchCondition)
    .listMap('name')
    .mergeKey('name')
    .doc('Conditions in CEL that must all be true of a request; at most 64.')

export const matchPolicy = (number: number) =>
  string(number)
    .enum('Equivalent', 'Exact')
    .optional()
    .unpublishedDefault('Equivalent')
    .doc('Equivalent also matches requests for other versions of a resource; Exact does not.')

export const namespaceSelector = (number: number) =>
  struct(number, labelSelector)
    .optional()
    .unpublishedDefault({})
    .doc('Labels of the namespace; objects outside of namespaces always match.')

export const objectSelector = (number: number) =>
  struct(number, labelSelector)
    .optional()
    .unpublishedDefault({})
    .doc('Labels of the object, before or after the change; whoever writes it can evade this.')

export const matchResources = shape(
  'io.k8s.api.admissionregistration.v1.MatchResources',
  'Requests that a policy or binding is about; all parts must match.',
  {
    namespaceSelector: namespaceSelector(1),
    objectSelector: objectSelector(2),
    resourceRules: list(3, namedRuleWithOperations)
      .atomic()
      .doc('Operations and resources; one of the rules must match.'),
    excludeResourceRules: list(4, namedRuleWithOperations)
      .atomic()
      .doc('What matches one of these is left out, whatever else matches.'),
    matchPolicy: matchPolicy(7),
  },
  { atomic: true },
)
export type MatchResources = ValueOfShape<typeof matchResources>

export const paramKind = shape(
  'io.k8s.api.admissionregistration.v1.ParamKind',
  'The kind of the objects that parametrize a policy.',
  {
    apiVersion: string(1).doc('Group and version of the kind, such as example.com/v1.'),
    kind: string(2).doc('Name of the kind.'),
  },
  { atomic: true },
)
export type ParamKind = ValueOfShape<typeof paramKind>

export const paramRef = shape(
  'io.k8s.api.admissionregistration.v1.ParamRef',
  'Names the objects that parametrize a policy, by name or by labels.',
  {
    name: string(1).doc('Name of the one parameter; excludes selector.'),
    namespace: string(2).doc('Namespace of the parameters; empty means that of the request.'),
    selector: struct(3, labelSelector)
      .optional()
      .doc('Labels of the parameters, all of which apply; excludes name.'),
    parameterNotFoundAction: string(4)
      .optional()
      .doc('Without any parameter: Allow lets requests pass, Deny follows the failure policy.'),
  },
  { atomic: true },
)
export type ParamRef = ValueOfShape<typeof paramRef>

export const variable = shape(
  'io.k8s.api.admissionregistration.v1.Variable',
  'A value that expressions of a policy share.',
  {
    name: string(1).required().doc('Expressions find the value as variables.NAME.'),
    expression: string(2)
      .required()
      .doc('CEL that gives the value; evaluated when first used, may use earlier variables.'),
  },
  { atomic: true },
)
export type Variable = ValueOfShape<typeof variable>

export const failurePolicy = (number: number) =>
  string(number)
    .enum('Fail', 'Ignore')
    .optional()
    .unpublishedDefault('Fail')
    .doc('When it cannot be asked or evaluated: Fail refuses the request, Ignore goes on.')
