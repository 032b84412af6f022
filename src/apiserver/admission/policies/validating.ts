/** ValidatingAdmissionPolicy: rules in CEL, evaluated here wherever a binding puts them to work. */
import type {
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
  Validation,
} from '#api/admissionregistration/v1/policies.schema.ts'
import { STATUS_CODES, StatusError, type StatusReason } from '#api/machinery/status.ts'
import { messageOf } from '#base/errors.ts'
import type { ServedResource } from '../../resources/registry.ts'
import type { AdmissionRequest, AdmissionStep } from '../admission.ts'
import { refused } from '../requests.ts'
import { isExempt, loadExpressions, type MatchWorld, matchedBy } from '../webhooks/match.ts'
import { isServer } from '../webhooks/mutating.ts'
import type { WebhookWorld } from '../webhooks/world.ts'
import type { AdmissionWorld } from '../world.ts'
import type { Variables } from './expressions.ts'
import { paramsOf } from './params.ts'

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

type PolicyWorld = AdmissionWorld & { readonly webhooks: WebhookWorld }

/** A rule does not hold, or could not be asked. */
interface Denial {
  readonly message: string
  readonly reason?: string
}

async function judge(request: AdmissionRequest, world: PolicyWorld): Promise<void> {
  const { webhooks, namespace, authorizer } = world
  const matching = { namespace, authorizer, ...webhooks }
  let first: StatusError | undefined
  for (const policy of webhooks.policies()) {
    const bindings = webhooks
      .policyBindings()
      .filter(({ spec }) => spec.policyName === policy.metadata.name)
    const { matchConstraints } = policy.spec
    if (bindings.length === 0 || !matchConstraints) continue
    const resource = await matchedBy(matchConstraints, request, matching)
    if (!resource) continue
    for (const binding of bindings) {
      const denials = await denialsBy(policy, binding, { request, resource, world, matching })
      const refusal = actOn(denials, policy, binding, request)
      first ??= refusal
    }
  }
  if (first) throw first
}

interface Case {
  readonly request: AdmissionRequest
  readonly resource: ServedResource
  readonly world: PolicyWorld
  readonly matching: MatchWorld
}

async function denialsBy(
  policy: ValidatingAdmissionPolicy,
  { spec }: ValidatingAdmissionPolicyBinding,
  { request, resource, world, matching }: Case,
): Promise<readonly Denial[]> {
  const { matchResources: narrowed } = spec
  if (narrowed) {
    const { resourceRules = [], ...rest } = narrowed
    const match = resourceRules.length > 0 ? narrowed : rest
    if (!(await matchedBy(match, request, matching))) return []
  }
  const { paramKind, failurePolicy } = policy.spec
  try {
    const params = await paramsOf(paramKind, spec.paramRef, request, world.webhooks)
    const { celOf, variablesOf } = await loadExpressions()
    const base = {
      ...variablesOf(request, resource, world.authorizer),
      namespaceObject: celOf(await namespaceOf(request, world)),
    }
    const all: Denial[] = []
    for (const param of params)
      all.push(...(await evaluatePolicy(policy, { ...base, params: celOf(param) })))
    return all
  } catch (thrown) {
    if (failurePolicy === 'Ignore') return []
    return [{ message: `failed to configure binding: ${messageOf(thrown)}` }]
  }
}

/** A namespace is in none, not even in itself. */
async function namespaceOf({ namespace, resource }: AdmissionRequest, world: PolicyWorld) {
  const isNamespaces = resource.group === '' && resource.resource === 'namespaces'
  if (namespace === '' || isNamespaces) return null
  return (await world.namespace(namespace)) ?? null
}

async function evaluatePolicy(
  { spec }: ValidatingAdmissionPolicy,
  base: Variables,
): Promise<readonly Denial[]> {
  const { conditionsHold, evaluate, newBudget } = await loadExpressions()
  const isIgnoring = spec.failurePolicy === 'Ignore'
  const failed = (thrown: unknown): Denial[] => (isIgnoring ? [] : [{ message: messageOf(thrown) }])
  const budget = newBudget()
  try {
    if (!conditionsHold(spec.matchConditions ?? [], base, budget)) return []
  } catch (thrown) {
    return failed(thrown)
  }
  const variables: Record<string, unknown> = Object.create(null)
  const all = { ...base, variables }
  for (const { name, expression } of spec.variables ?? []) {
    let get: () => unknown
    try {
      const value = evaluate(expression, all, budget, 'dyn')
      get = () => value
    } catch (thrown) {
      // Only whoever uses it fails with it.
      get = () => {
        throw thrown
      }
    }
    Object.defineProperty(variables, name, { enumerable: true, get })
  }
  return (spec.validations ?? []).flatMap(validation => {
    try {
      if (evaluate(validation.expression, all, budget) === true) return []
    } catch (thrown) {
      return failed(thrown)
    }
    const made = () => evaluate(validation.messageExpression ?? '', all, budget, 'string')
    return [{ message: messageFor(validation, made), reason: validation.reason || 'Invalid' }]
  })
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

/** Warns at once; gives the refusal, if it is one. */
function actOn(
  denials: readonly Denial[],
  policy: ValidatingAdmissionPolicy,
  binding: ValidatingAdmissionPolicyBinding,
  request: AdmissionRequest,
): StatusError | undefined {
  const [names] = [`'${policy.metadata.name}' with binding '${binding.metadata.name}'`]
  const { validationActions: actions } = binding.spec
  if (actions.includes('Warn'))
    for (const { message } of denials)
      request.warn?.(`Validation failed for ValidatingAdmissionPolicy ${names}: ${message}`)
  const [first] = denials
  if (!first || !actions.includes('Deny')) return undefined
  const message = `ValidatingAdmissionPolicy ${names} denied request: ${first.message}`
  const reason = (first.reason ?? 'Invalid') as StatusReason
  const { message: text, details } = refused(request, message)
  return new StatusError(
    reason,
    text,
    { ...details, causes: [{ message }] },
    STATUS_CODES[reason] ?? STATUS_CODES.Invalid,
  )
}
