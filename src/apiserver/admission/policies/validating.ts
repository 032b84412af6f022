/** ValidatingAdmissionPolicy: rules in CEL, evaluated here wherever a binding puts them to work. */
import type {
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
  Validation,
} from '#api/admissionregistration/v1/policies.schema.ts'
import { STATUS_CODES, StatusError, type StatusReason } from '#api/machinery/status.ts'
import { messageOf } from '#base/errors.ts'
import type { AdmissionRequest, AdmissionStep } from '../admission.ts'
import { refused } from '../requests.ts'
import { isExempt, loadExpressions } from '../webhooks/match.ts'
import { isServer } from '../webhooks/mutating.ts'
import type { AdmissionWorld } from '../world.ts'
import type { Variables } from './expressions.ts'
import {
  type Invocation,
  invocationsOf,
  type Misconfigured,
  namespaceOf,
  type PolicyWorld,
} from './invocations.ts'

export function validatingPolicies(world: AdmissionWorld): AdmissionStep {
  const { webhooks } = world
  return {
    name: 'ValidatingAdmissionPolicy',
    validate(request) {
      // Mostly there are none, and then no write waits for this.
      if (!webhooks || webhooks.policies().length === 0) return undefined
      if (isExempt(request) || isServer(request)) return undefined
      return judge(request, { ...world, webhooks })
    },
  }
}

type Invoked = Invocation<ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding>

/** A rule does not hold, or could not be asked. */
interface Denial {
  readonly message: string
  readonly reason?: string
  /** The place of the rule among those of the policy. */
  readonly index: number
  /** Refuses the request whatever the binding says. */
  readonly isFatal?: boolean
}

interface Outcome {
  readonly denials: readonly Denial[]
  /** For the audit log, in the order of the policy; by the second half of the key. */
  readonly notes: readonly (readonly [string, string])[]
  /** No binding has to do with it. */
  readonly isOfPolicy?: boolean
}

async function judge(request: AdmissionRequest, world: PolicyWorld): Promise<void> {
  const { webhooks } = world
  const all = await invocationsOf(webhooks.policies(), webhooks.policyBindings(), request, world)
  let first: StatusError | undefined
  const notes = new Map<string, Set<string>>()
  for (const each of all) {
    const { policy, binding } = each
    const outcome =
      'failure' in each ? unconfigured(each) : await evaluatePolicy(each, request, world)
    const refusal = actOn(outcome, policy, binding, request)
    first ??= refusal
    for (const [name, text] of outcome.notes) {
      const key = `${policy.metadata.name}/${name}`
      notes.set(key, (notes.get(key) ?? new Set()).add(text))
    }
  }
  for (const [key, texts] of notes) request.annotate?.(key, [...texts].join(', '))
  if (first) throw first
}

function unconfigured({
  policy,
  failure,
  isOfPolicy,
}: Misconfigured<ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding>): Outcome {
  const isIgnored = policy.spec.failurePolicy === 'Ignore'
  const denials = isIgnored ? [] : [{ message: failure, index: 0, isFatal: true }]
  return { denials, notes: [], isOfPolicy }
}

async function evaluatePolicy(
  { policy: { spec }, resource, param }: Invoked,
  request: AdmissionRequest,
  world: PolicyWorld,
): Promise<Outcome> {
  const expressions = await loadExpressions()
  const { celOf, Rights, variablesOf } = expressions
  const rights = new Rights(world.authorizer, request.user)
  const base = {
    ...variablesOf(request, resource, rights),
    namespaceObject: celOf(await namespaceOf(request, world)),
    params: celOf(param),
  }
  return rights.settled(() => outcomeOf(spec, base, expressions))
}

type Expressions = Awaited<ReturnType<typeof loadExpressions>>

function outcomeOf(
  spec: ValidatingAdmissionPolicy['spec'],
  base: Variables,
  { conditionsHold, evaluate, newBudget, withVariables }: Expressions,
): Outcome {
  const isIgnoring = spec.failurePolicy === 'Ignore'
  const failed = (thrown: unknown, more: Omit<Denial, 'message'>): Denial[] =>
    isIgnoring ? [] : [{ message: messageOf(thrown), ...more }]
  try {
    if (!conditionsHold(spec.matchConditions ?? [], base)) return { denials: [], notes: [] }
  } catch (thrown) {
    return { denials: failed(thrown, { index: 0 }), notes: [] }
  }
  const budget = newBudget()
  const all = withVariables(spec.variables, base, budget)
  // Messages ask for nobody's rights, nor do variables on their behalf.
  const ofMessages = withVariables(spec.variables, { ...base, authorizer: null }, budget)
  const denials = (spec.validations ?? []).flatMap((validation, index) => {
    try {
      if (evaluate(validation.expression, all, budget) === true) return []
    } catch (thrown) {
      return failed(thrown, { index })
    }
    const made = () => evaluate(validation.messageExpression ?? '', ofMessages, budget, 'string')
    const reason = validation.reason || 'Invalid'
    return [{ message: messageFor(validation, made), reason, index }]
  })
  const notes: [string, string][] = []
  const noteBudget = newBudget()
  for (const { key, valueExpression } of spec.auditAnnotations ?? [])
    try {
      const text = noteIn(valueExpression, evaluate(valueExpression, all, noteBudget, 'dyn'))
      if (text !== '') notes.push([key, text])
    } catch (thrown) {
      denials.push(...failed(thrown, { index: 0, isFatal: true }))
    }
  return { denials, notes }
}

const MAXIMUM_NOTE = 10 * 1024

/** The text of a note; '' where there shall be none. */
function noteIn(expression: string, value: unknown): string {
  if (value === null) return ''
  if (typeof value === 'string') return value.trim().slice(0, MAXIMUM_NOTE)
  throw new Error(
    `valueExpression '${expression}' resulted in unsupported return type: ${typeof value}. Return type must be either string or null.`,
  )
}

const MAXIMUM_MESSAGE = 5 * 1024

/** The message that the rule computes, if it is one line of text; else its own; else the rule itself. */
function messageFor({ messageExpression, message, expression }: Validation, made: () => unknown) {
  const fixed = message?.trim() || `failed expression: ${expression.trim()}`
  if (!messageExpression) return fixed
  try {
    const text = String(made()).trim()
    return text === '' || text.length > MAXIMUM_MESSAGE || text.includes('\n') ? fixed : text
  } catch {
    return fixed
  }
}

const FAILURE_KEY = 'validation.policy.admission.k8s.io/validation_failure'

/** Warns and notes at once; gives the refusal, if it is one. */
function actOn(
  { denials, isOfPolicy }: Outcome,
  policy: ValidatingAdmissionPolicy,
  binding: ValidatingAdmissionPolicyBinding,
  request: AdmissionRequest,
): StatusError | undefined {
  const names = `'${policy.metadata.name}' with binding '${binding.metadata.name}'`
  const { validationActions, policyName } = binding.spec
  for (const { message, index: expressionIndex, isFatal } of denials) {
    if (isFatal) continue
    if (validationActions.includes('Warn'))
      request.warn?.(`Validation failed for ValidatingAdmissionPolicy ${names}: ${message}`)
    if (validationActions.includes('Audit')) {
      const told = { message, policy: policyName, binding: binding.metadata.name }
      const failure = { ...told, expressionIndex, validationActions }
      request.annotate?.(FAILURE_KEY, JSON.stringify([failure]))
    }
  }
  const isDenying = validationActions.includes('Deny')
  const first = denials.find(({ isFatal }) => isFatal || isDenying)
  if (!first) return undefined
  const who = isOfPolicy ? `'${policy.metadata.name}'` : names
  const message = `ValidatingAdmissionPolicy ${who} denied request: ${first.message}`
  const reason = (first.reason ?? 'Invalid') as StatusReason
  const { message: text, details } = refused(request, message)
  return new StatusError(
    reason,
    text,
    { ...details, causes: [{ message }] },
    STATUS_CODES[reason] ?? STATUS_CODES.Invalid,
  )
}
