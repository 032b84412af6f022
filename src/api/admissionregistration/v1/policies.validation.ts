import type { Seen } from '../../cel/admission-types.ts'
import { wrongExpression } from '../../cel/expressions.ts'
import { validateConditions } from '../../core/v1/validation.conditions.ts'
import { validateLabelSelector } from '../../core/v1/validation.selectors.ts'
import { given, needed, sameValue, wrong } from '../../core/v1/validation.ts'
import {
  duplicate,
  type FieldError,
  forbidden,
  invalid,
  notSupported,
  required,
} from '../../machinery/field-error.ts'
import { isDns1123Subdomain, isPathSegment, isQualifiedName } from '../../machinery/names.ts'
import { wrongFieldRef } from './field-ref.ts'
import type {
  AuditAnnotation,
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicyBinding,
  Mutation,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
  Validation,
} from './policies.schema.ts'
import type { MatchResources, ParamRef } from './rules.schema.ts'
import {
  seenWith,
  supported,
  validateMatchConditions,
  validateMatchResources,
  validateParamKind,
  validateVariables,
} from './validation.ts'

const MAXIMUM_AUDIT_ANNOTATIONS = 20
/** Half of what a note may have in bytes, since expressions that put texts together make more of them. */
const MAXIMUM_ANNOTATION_EXPRESSION = 5 * 1024
const REASONS = ['Forbidden', 'Invalid', 'RequestEntityTooLarge']
const ACTIONS = ['Audit', 'Deny', 'Warn']
const MUTABLE_OPERATIONS = ['*', 'CONNECT', 'CREATE', 'UPDATE']

export function validateNewValidatingPolicy(policy: ValidatingAdmissionPolicy) {
  return validateValidatingPolicy(policy, undefined)
}

export function validateValidatingPolicy(
  { metadata, spec }: ValidatingAdmissionPolicy,
  previous: ValidatingAdmissionPolicy | undefined,
): readonly FieldError[] {
  const { validations = [], auditAnnotations = [], variables } = spec
  const hasParams = spec.paramKind !== undefined
  const seen = seenInPolicy(spec)
  const errors = [
    ...validatePolicyHead(spec, previous?.spec),
    ...validateVariables('spec.variables', variables, hasParams),
  ]
  if (validations.length === 0 && auditAnnotations.length === 0) {
    const why = 'validations or auditAnnotations must contain at least one item'
    return [...errors, required('spec.validations', why), required('spec.auditAnnotations', why)]
  }
  return [
    ...errors,
    ...validations.flatMap((each, index) => validateOne(`spec.validations[${index}]`, each, seen)),
    ...validateAuditAnnotations(metadata.name ?? '', auditAnnotations, seen),
  ]
}

const seenInPolicy = ({
  paramKind,
  variables = [],
}: Pick<ValidatingAdmissionPolicy['spec'], 'paramKind' | 'variables'>): Seen =>
  seenWith({
    hasParams: paramKind !== undefined,
    variables: variables.length > 0 ? variables : undefined,
  })

/** Conditions that did not change are not judged again. */
function validatePolicyHead(
  spec: PolicyHead,
  before: PolicyHead | undefined,
): readonly FieldError[] {
  const { failurePolicy, paramKind, matchConstraints, matchConditions } = spec
  const areKept =
    before !== undefined &&
    sameValue(before.paramKind, paramKind) &&
    sameValue(before.matchConditions, matchConditions)
  const rules = 'spec.matchConstraints.resourceRules'
  return [
    ...supported('spec.failurePolicy', failurePolicy, ['Fail', 'Ignore']),
    ...validateParamKind('spec.paramKind', paramKind),
    ...(matchConstraints
      ? validateMatchResources('spec.matchConstraints', matchConstraints)
      : [required('spec.matchConstraints')]),
    ...(matchConstraints && !matchConstraints.resourceRules?.length ? [required(rules)] : []),
    ...(areKept
      ? []
      : validateMatchConditions('spec.matchConditions', matchConditions, paramKind !== undefined)),
  ]
}
type PolicyHead = Pick<
  ValidatingAdmissionPolicy['spec'],
  'failurePolicy' | 'paramKind' | 'matchConstraints' | 'matchConditions'
>

/** Messages must not depend on rights. */
const withoutAuthorizer = (seen: Seen): Seen => ({ ...seen, hasAuthorizer: false })

function validateOne(path: string, each: Validation, seen: Seen): readonly FieldError[] {
  const { expression, message = '', messageExpression = '', reason } = each
  const errors: FieldError[] = [
    ...wrongExpression(`${path}.expression`, expression, { seen }),
    ...wrongExpression(`${path}.messageExpression`, messageExpression, {
      type: 'string',
      seen: withoutAuthorizer(seen),
    }),
  ]
  if (expression.trim() === '')
    errors.push(required(`${path}.expression`, 'expression is not specified'))
  if (messageExpression !== '' && messageExpression.trim() === '')
    errors.push(
      invalid(`${path}.messageExpression`, messageExpression, 'must be non-empty if specified'),
    )
  if (message !== '' && message.trim() === '')
    errors.push(invalid(`${path}.message`, message, 'message must be non-empty if specified'))
  else if (/[\n\r]/.test(message.trim()))
    errors.push(invalid(`${path}.message`, message, 'message must not contain line breaks'))
  return [...errors, ...supported(`${path}.reason`, reason, REASONS)]
}

function validateAuditAnnotations(
  policyName: string,
  annotations: readonly AuditAnnotation[],
  seen: Seen,
): readonly FieldError[] {
  const path = 'spec.auditAnnotations'
  const most = `must not have more than ${MAXIMUM_AUDIT_ANNOTATIONS} auditAnnotations`
  const errors: FieldError[] =
    annotations.length > MAXIMUM_AUDIT_ANNOTATIONS ? [invalid(path, annotations, most)] : []
  for (const [index, { key, valueExpression }] of annotations.entries()) {
    const at = `${path}[${index}]`
    const whole = `${policyName}/${key}`
    const length = valueExpression.trim().length
    errors.push(
      ...wrong(`${at}.key`, whole, isQualifiedName(whole)),
      ...wrongExpression(`${at}.valueExpression`, valueExpression, {
        type: 'string|null',
        seen,
        isTrimmed: true,
      }),
    )
    if (length === 0)
      errors.push(required(`${at}.valueExpression`, 'valueExpression is not specified'))
    else if (length > MAXIMUM_ANNOTATION_EXPRESSION)
      errors.push(
        required(
          `${at}.valueExpression`,
          `must not exceed ${MAXIMUM_ANNOTATION_EXPRESSION} bytes in length`,
        ),
      )
    if (annotations.findIndex(each => each.key === key) < index)
      errors.push(duplicate(`${at}.key`, key))
  }
  return errors
}

export function validateValidatingPolicyStatus({
  status,
}: ValidatingAdmissionPolicy): readonly FieldError[] {
  const warnings = status.typeChecking?.expressionWarnings ?? []
  return [
    ...warnings.flatMap(({ fieldRef, warning }, index) => {
      const at = `status.typeChecking.expressionWarnings[${index}]`
      return [
        ...needed(`${at}.warning`, warning),
        ...needed(`${at}.fieldRef`, fieldRef.trim(), wrongPath),
      ]
    }),
    ...validateConditions('status.conditions', status.conditions),
  ]
}

function wrongPath(path: string): string[] {
  const wrong = wrongFieldRef(path)
  return wrong ? [`invalid JSONPath: ${wrong}`] : []
}

export function validateValidatingBinding({
  spec,
}: ValidatingAdmissionPolicyBinding): readonly FieldError[] {
  return [
    ...needed('spec.policyName', spec.policyName, isDns1123Subdomain),
    ...validateParamRef('spec.paramRef', spec.paramRef),
    ...validateMatchResources('spec.matchResources', spec.matchResources),
    ...validateActions('spec.validationActions', spec.validationActions),
  ]
}

function validateActions(field: string, actions: readonly string[] = []): readonly FieldError[] {
  const errors = actions.flatMap((action, index) => [
    ...supported(`${field}[${index}]`, action, ACTIONS),
    ...(actions.indexOf(action) < index ? [duplicate(`${field}[${index}]`, action)] : []),
  ])
  if (actions.includes('Deny') && actions.includes('Warn'))
    errors.push(
      invalid(
        field,
        actions,
        'must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)',
      ),
    )
  if (actions.length === 0)
    errors.push(required(field, 'at least one validation action is required'))
  return errors
}

function validateParamRef(path: string, paramRef: ParamRef | undefined): readonly FieldError[] {
  if (!paramRef) return []
  const { name = '', selector, parameterNotFoundAction: action = '' } = paramRef
  const isBoth = name !== '' && selector !== undefined
  const both = (field: string) =>
    isBoth ? [forbidden(`${path}.${field}`, 'name and selector are mutually exclusive')] : []
  const none =
    name === '' && selector === undefined
      ? [required(path, 'one of name or selector must be specified')]
      : []
  const field = `${path}.parameterNotFoundAction`
  return [
    ...given(`${path}.name`, name, isPathSegment),
    ...both('name'),
    ...validateLabelSelector(`${path}.selector`, selector),
    ...both('selector'),
    ...none,
    ...(action === '' ? [required(field)] : supported(field, action, ['Deny', 'Allow'])),
  ]
}

export function validateNewMutatingPolicy(policy: MutatingAdmissionPolicy) {
  return validateMutatingPolicy(policy, undefined)
}

export function validateMutatingPolicy(
  { spec }: MutatingAdmissionPolicy,
  previous: MutatingAdmissionPolicy | undefined,
): readonly FieldError[] {
  const { mutations = [], variables, reinvocationPolicy = '', matchConstraints } = spec
  const field = 'spec.reinvocationPolicy'
  return [
    ...validatePolicyHead(spec, previous?.spec),
    ...onlyMutable('spec.matchConstraints', matchConstraints),
    ...validateVariables('spec.variables', variables, spec.paramKind !== undefined),
    ...(mutations.length === 0
      ? [required('spec.mutations', 'mutations must contain at least one item')]
      : mutations.flatMap((each, index) =>
          validateMutation(`spec.mutations[${index}]`, each, seenInPolicy(spec)),
        )),
    ...(reinvocationPolicy === ''
      ? [required(field)]
      : supported(field, reinvocationPolicy, ['IfNeeded', 'Never'])),
  ]
}

/** What is deleted can not be changed. */
function onlyMutable(path: string, match: MatchResources | undefined): readonly FieldError[] {
  return (match?.resourceRules ?? []).flatMap(({ operations = [] }) =>
    operations
      .filter(operation => !MUTABLE_OPERATIONS.includes(operation))
      .map(operation =>
        notSupported(`${path}.resourceRules.operations`, operation, MUTABLE_OPERATIONS),
      ),
  )
}

const FORMS = { ApplyConfiguration: 'applyConfiguration', JSONPatch: 'jsonPatch' } as const

const RESULTS = { applyConfiguration: 'Object', jsonPatch: 'list<JSONPatch>' } as const

function validateMutation(path: string, mutation: Mutation, seen: Seen): readonly FieldError[] {
  const type: string = mutation.patchType
  if (type === '') return [required(`${path}.patchType`)]
  if (type !== 'ApplyConfiguration' && type !== 'JSONPatch')
    return [notSupported(`${path}.patchType`, type, Object.keys(FORMS))]
  const form = FORMS[type]
  const other = form === 'jsonPatch' ? 'applyConfiguration' : 'jsonPatch'
  return [
    ...validateForm(path, form, mutation, seen),
    ...(mutation[other]
      ? [
          invalid(
            `${path}.${other}`,
            `{${other}}`,
            `must not be specified when patchType is ${type}`,
          ),
        ]
      : []),
  ]
}

function validateForm(
  path: string,
  form: keyof typeof RESULTS,
  { patchType, [form]: given }: Mutation,
  seen: Seen,
): readonly FieldError[] {
  if (!given)
    return [required(`${path}.${form}`, `must be specified when patchType is ${patchType}`)]
  const { expression = '' } = given
  const field = `${path}.${form}.expression`
  if (expression.trim() === '') return [required(field)]
  return wrongExpression(field, expression.trim(), {
    type: RESULTS[form],
    scope: 'mutations',
    // Here there are some, even where there are none.
    seen: { variables: new Map(), ...seen },
  })
}

export function validateMutatingBinding({
  spec,
}: MutatingAdmissionPolicyBinding): readonly FieldError[] {
  return [
    ...needed('spec.policyName', spec.policyName, isDns1123Subdomain),
    ...validateParamRef('spec.paramRef', spec.paramRef),
    ...validateMatchResources('spec.matchResources', spec.matchResources),
    ...onlyMutable('spec.matchResources', spec.matchResources),
  ]
}
