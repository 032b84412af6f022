/** MutatingAdmissionPolicy: changes in CEL, made here wherever a binding puts them to work. */
import type {
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicyBinding,
} from '#api/admissionregistration/v1/policies.schema.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import { STATUS_CODES, StatusError } from '#api/machinery/status.ts'
import { messageOf } from '#base/errors.ts'
import { isEqual } from '../../resources/equal.ts'
import type { AdmissionRequest, AdmissionStep } from '../admission.ts'
import { refused } from '../requests.ts'
import { formOf, prepareForm } from '../webhooks/form.ts'
import { isExempt, loadExpressions } from '../webhooks/match.ts'
import { isServer, put } from '../webhooks/mutating.ts'
import type { AdmissionWorld } from '../world.ts'
import { type Invocation, invocationsOf, namespaceOf, type PolicyWorld } from './invocations.ts'
import { kindIn, mutated } from './patches.ts'
import type { Rights } from './rights.ts'

export function mutatingPolicies(world: AdmissionWorld): AdmissionStep {
  const { webhooks } = world
  return {
    name: 'MutatingAdmissionPolicy',
    showsDrafts: () => webhooks !== undefined && webhooks.mutatingPolicies().length > 0,
    mutate(request, draft) {
      // Mostly there are none, and then no write waits for this.
      if (!webhooks || webhooks.mutatingPolicies().length === 0) return undefined
      if (isExempt(request) || isServer(request)) return undefined
      return mutateAll(request, draft, { ...world, webhooks })
    },
  }
}

type Invoked = Invocation<MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding>

interface Failure {
  readonly policy: MutatingAdmissionPolicy
  readonly binding: MutatingAdmissionPolicyBinding
  readonly message: string
  readonly reason: 'Forbidden' | 'Invalid'
}

async function mutateAll(
  request: AdmissionRequest,
  draft: KubernetesObject,
  world: PolicyWorld,
): Promise<void> {
  const { rounds } = request
  // A policy that changed the draft itself is asked again, too, as upstream does.
  if (rounds?.isAgain) rounds.policies.wantAll()
  const { webhooks } = world
  const all = await invocationsOf(
    webhooks.mutatingPolicies(),
    webhooks.mutatingPolicyBindings(),
    request,
    world,
  )
  const failures: Failure[] = []
  for (const each of all)
    if ('failure' in each) failures.push({ ...each, message: each.failure, reason: 'Forbidden' })
  for (const each of all)
    if (!('failure' in each))
      for (const message of await invoke(each, request, draft, world))
        failures.push({ ...each, message, reason: 'Invalid' })
  const fatal = failures.filter(({ policy }) => policy.spec.failurePolicy !== 'Ignore')
  if (fatal.length > 0) throw denied(request, fatal)
}

/** Makes the changes of one policy in their order; gives what went wrong. */
async function invoke(
  invocation: Invoked,
  request: AdmissionRequest,
  draft: KubernetesObject,
  world: PolicyWorld,
): Promise<string[]> {
  const { policy, resource } = invocation
  const { conditionsHold, evaluate, newBudget, Rights, withVariables } = await loadExpressions()
  const { matchConditions = [], mutations = [], variables, reinvocationPolicy } = policy.spec
  const rights = new Rights(world.authorizer, request.user)
  const see = async () => {
    await prepareForm(request, resource)
    return variablesFor(invocation, request, world, rights)
  }
  try {
    const seen = await see()
    if (!(await rights.settled(() => conditionsHold(matchConditions, seen)))) return []
  } catch (thrown) {
    return [messageOf(thrown)]
  }
  const { rounds } = request
  const key = keyOf(invocation)
  if (rounds?.isAgain && !rounds.policies.isWanted(key)) return []
  const failures: string[] = []
  const before = structuredClone(draft)
  for (const mutation of mutations)
    try {
      const seen = await see()
      const form = formOf(request, resource)
      const after = await rights.settled(() => {
        const budget = newBudget()
        const all = withVariables(variables, seen, budget)
        return mutated(mutation, form.show(draft), kindIn(form, resource), (text, type) =>
          evaluate(text, all, budget, type),
        )
      })
      if (!form.read) continue
      const { managedFields } = draft.metadata
      put(draft, await form.read(after, draft))
      // Who owns which field is not for policies to say.
      if (managedFields) draft.metadata.managedFields = managedFields
      else delete draft.metadata.managedFields
    } catch (thrown) {
      if (thrown instanceof StatusError) throw thrown
      failures.push(messageOf(thrown))
    }
  if (!isEqual(before, draft)) rounds?.changedByPolicy()
  if (reinvocationPolicy === 'IfNeeded') rounds?.policies.asked(key)
  return failures
}

async function variablesFor(
  { resource, param }: Invoked,
  request: AdmissionRequest,
  world: PolicyWorld,
  rights: Rights,
) {
  const { celOf, variablesOf } = await loadExpressions()
  return {
    ...variablesOf(request, resource, rights),
    namespaceObject: celOf(await namespaceOf(request, world)),
    params: celOf(param),
  }
}

function keyOf({ policy, binding, param }: Invoked): string {
  const { namespace = '', name = '' } = param?.metadata ?? {}
  return [policy.metadata.name, binding.metadata.name, namespace, name].join('/')
}

/** Told as upstream does: the code of a prohibition, with the reason of the first failure. */
function denied(request: AdmissionRequest, failures: readonly Failure[]): StatusError {
  const causes = failures.map(({ policy, binding, message }) => ({
    message: `policy '${policy.metadata.name}' with binding '${binding.metadata.name}' denied request: ${message}`,
  }))
  const { details } = refused(request, '')
  return new StatusError(
    failures[0]?.reason ?? 'Forbidden',
    causes[0]?.message ?? '',
    { ...details, causes },
    STATUS_CODES.Forbidden,
  )
}
