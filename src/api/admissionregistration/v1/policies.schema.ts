import { type ObjectOfShape, objectShape } from '../../machinery/kind.ts'
import { condition } from '../../machinery/metadata.ts'
import { int64, list, shape, string, struct, type ValueOfShape } from '../../machinery/schema.ts'
import {
  failurePolicy,
  matchConditions,
  matchResources,
  paramKind,
  paramRef,
  variable,
} from './rules.schema.ts'

export const validation = shape(
  'io.k8s.api.admissionregistration.v1.Validation',
  'A rule in CEL that objects must meet.',
  {
    expression: string(1).required().doc('CEL that gives true where the request may pass.'),
    message: string(2).doc('Told when the rule is broken; must be one line.'),
    reason: string(3)
      .optional()
      .doc('Reason of the refusal: Forbidden, Invalid or RequestEntityTooLarge.'),
    messageExpression: string(4).doc('CEL that gives the message; preferred to message.'),
  },
)
export type Validation = ValueOfShape<typeof validation>

export const auditAnnotation = shape(
  'io.k8s.api.admissionregistration.v1.AuditAnnotation',
  'Something to note about a request in the audit log.',
  {
    key: string(1)
      .required()
      .doc('The second half of the key; the first is the name of the policy.'),
    valueExpression: string(2).required().doc('CEL that gives the text, or null for no note.'),
  },
)
export type AuditAnnotation = ValueOfShape<typeof auditAnnotation>

const policyHead = {
  paramKind: struct(1, paramKind).optional().doc('Kind of the parameters, if the policy has any.'),
  matchConstraints: struct(2, matchResources).optional().doc('Requests that the policy is about.'),
}

export const validatingAdmissionPolicySpec = shape(
  'io.k8s.api.admissionregistration.v1.ValidatingAdmissionPolicySpec',
  'Rules in CEL, and what they are about.',
  {
    ...policyHead,
    validations: list(3, validation).atomic().doc('Rules, all of which must be met.'),
    failurePolicy: failurePolicy(4),
    auditAnnotations: list(5, auditAnnotation).atomic().doc('Notes for the audit log; at most 20.'),
    matchConditions: matchConditions(6),
    variables: list(7, struct(undefined, variable))
      .listMap('name')
      .mergeKey('name')
      .doc('Values that expressions share, each may use those before it.'),
  },
)

export const expressionWarning = shape(
  'io.k8s.api.admissionregistration.v1.ExpressionWarning',
  'What checking the types of an expression found.',
  {
    fieldRef: string(2)
      .required()
      .doc('Path of the expression, as spec.validations[0].expression.'),
    warning: string(3).required().doc('What looks wrong, for each type that the policy is about.'),
  },
)

export const typeChecking = shape(
  'io.k8s.api.admissionregistration.v1.TypeChecking',
  'What checking the types of all expressions found.',
  {
    expressionWarnings: list(1, expressionWarning).atomic().doc('One entry for each expression.'),
  },
)
export type TypeChecking = ValueOfShape<typeof typeChecking>

export const validatingAdmissionPolicyStatus = shape(
  'io.k8s.api.admissionregistration.v1.ValidatingAdmissionPolicyStatus',
  'What became of a policy.',
  {
    observedGeneration: int64(1).doc('The generation that was looked at.'),
    typeChecking: struct(2, typeChecking).optional().doc('What is suspicious about its types.'),
    conditions: list(3, condition).listMap('type').doc('Aspects of its state.'),
  },
)

export const validatingAdmissionPolicyShape = objectShape(
  'io.k8s.api.admissionregistration.v1.ValidatingAdmissionPolicy',
  'Rules in CEL by which requests are refused; bindings put them to work.',
  {
    spec: struct(2, validatingAdmissionPolicySpec).always().doc('The rules.'),
    status: struct(3, validatingAdmissionPolicyStatus).always().doc('What became of them.'),
  },
)
export type ValidatingAdmissionPolicy = ObjectOfShape<typeof validatingAdmissionPolicyShape>

const policyName = string(1).doc('Name of the policy.')
const bindingHead = {
  paramRef: struct(2, paramRef).optional().doc('Parameters of the policy here.'),
  matchResources: struct(3, matchResources)
    .optional()
    .doc('Narrows what the policy is about; absent leaves it as it is.'),
}

export const validatingAdmissionPolicyBindingSpec = shape(
  'io.k8s.api.admissionregistration.v1.ValidatingAdmissionPolicyBindingSpec',
  'Which policy holds, where, and what happens when it is broken.',
  {
    policyName: policyName.required().mayBeAbsent(),
    ...bindingHead,
    validationActions: list(4, string().enum('Audit', 'Deny', 'Warn'))
      .required()
      .mayBeAbsent()
      .listSet()
      .doc('What happens when a rule is broken: Deny, Warn, Audit.'),
  },
)

export const validatingAdmissionPolicyBindingShape = objectShape(
  'io.k8s.api.admissionregistration.v1.ValidatingAdmissionPolicyBinding',
  'Puts a ValidatingAdmissionPolicy to work, perhaps with parameters.',
  {
    spec: struct(2, validatingAdmissionPolicyBindingSpec).required().doc('Policy and place.'),
  },
)
export type ValidatingAdmissionPolicyBinding = ObjectOfShape<
  typeof validatingAdmissionPolicyBindingShape
>

export const applyConfiguration = shape(
  'io.k8s.api.admissionregistration.v1.ApplyConfiguration',
  'A change as a configuration that is applied to the object.',
  {
    expression: string(1).doc('CEL that gives an Object with the fields to set.'),
  },
)

export const jsonPatch = shape(
  'io.k8s.api.admissionregistration.v1.JSONPatch',
  'A change as operations of a JSON patch.',
  {
    expression: string(1).doc('CEL that gives a list of JSONPatch operations.'),
  },
)

export const mutation = shape(
  'io.k8s.api.admissionregistration.v1.Mutation',
  'One change of an object, computed by CEL.',
  {
    patchType: string(2)
      .enum('ApplyConfiguration', 'JSONPatch')
      .required()
      .doc('Which of the two forms the change has.'),
    applyConfiguration: struct(3, applyConfiguration)
      .optional()
      .doc('The change for patchType ApplyConfiguration.'),
    jsonPatch: struct(4, jsonPatch).optional().doc('The change for patchType JSONPatch.'),
  },
)
export type Mutation = ValueOfShape<typeof mutation>

export const mutatingAdmissionPolicySpec = shape(
  'io.k8s.api.admissionregistration.v1.MutatingAdmissionPolicySpec',
  'Changes computed by CEL, and what they are about.',
  {
    ...policyHead,
    variables: list(3, variable)
      .atomic()
      .doc('Values that expressions share, each may use those before it.'),
    mutations: list(4, mutation).atomic().doc('The changes, in order.'),
    failurePolicy: failurePolicy(5),
    matchConditions: matchConditions(6),
    reinvocationPolicy: string(7)
      .enum('IfNeeded', 'Never')
      .doc('IfNeeded computes the changes again when the object was changed after them.'),
  },
)

export const mutatingAdmissionPolicyShape = objectShape(
  'io.k8s.api.admissionregistration.v1.MutatingAdmissionPolicy',
  'Changes that objects get on their way in; bindings put them to work.',
  {
    spec: struct(2, mutatingAdmissionPolicySpec).always().doc('The changes.'),
  },
)
export type MutatingAdmissionPolicy = ObjectOfShape<typeof mutatingAdmissionPolicyShape>

export const mutatingAdmissionPolicyBindingSpec = shape(
  'io.k8s.api.admissionregistration.v1.MutatingAdmissionPolicyBindingSpec',
  'Which policy holds, and where.',
  { policyName, ...bindingHead },
)

export const mutatingAdmissionPolicyBindingShape = objectShape(
  'io.k8s.api.admissionregistration.v1.MutatingAdmissionPolicyBinding',
  'Puts a MutatingAdmissionPolicy to work, perhaps with parameters.',
  {
    spec: struct(2, mutatingAdmissionPolicyBindingSpec).always().doc('Policy and place.'),
  },
)
export type MutatingAdmissionPolicyBinding = ObjectOfShape<
  typeof mutatingAdmissionPolicyBindingShape
>
