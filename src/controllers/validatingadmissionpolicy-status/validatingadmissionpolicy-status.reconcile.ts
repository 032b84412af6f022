/** The status of a policy: which generation was looked at, and what checking the types of its expressions found. */
import type { ValidatingAdmissionPolicy } from '#api/admissionregistration/v1/policies.schema.ts'
import { validatingAdmissionPolicy } from '#api/admissionregistration/v1/validating-admission-policy.ts'
import { typeChecker } from '#api/cel/type-check.ts'
import { type AnyKind, apiVersionOf } from '#api/machinery/kind.ts'
import type { Outcome } from '../runner/controller.ts'

/** Of each rule no more types than so many are looked at. */
const MAXIMUM_TYPES = 10
const SUSPICIOUS = /[*/]/

/** The expression engine must be loaded. `kinds` are all that are served. */
export function reconcile(policy: ValidatingAdmissionPolicy, kinds: readonly AnyKind[]): Outcome {
  const { metadata, spec } = policy
  const checks = checksFor(policy, kinds)
  const warningsOf = (fieldRef: string, expression: string | undefined) => {
    if (!expression) return []
    const found = checks.flatMap(({ kind, check }) => {
      const problem = check(expression)
      const type = `${kind.group}/${kind.version}, Kind=${kind.kind}`
      return problem === undefined ? [] : [`${type}: ${problem}\n`]
    })
    return found.length > 0 ? [{ fieldRef, warning: found.join('\n') }] : []
  }
  const expressionWarnings = (spec.validations ?? []).flatMap((validation, index) => {
    const at = `spec.validations[${index}]`
    return [
      ...warningsOf(`${at}.expression`, validation.expression),
      ...warningsOf(`${at}.messageExpression`, validation.messageExpression),
    ]
  })
  const status = {
    ...policy.status,
    observedGeneration: metadata.generation,
    typeChecking: expressionWarnings.length > 0 ? { expressionWarnings } : {},
  }
  const object = { ...policy, status }
  return {
    writes: [{ verb: 'update', kind: validatingAdmissionPolicy, object, subresource: 'status' }],
  }
}

function checksFor({ spec }: ValidatingAdmissionPolicy, kinds: readonly AnyKind[]) {
  const { paramKind } = spec
  const params =
    paramKind &&
    kinds.find(kind => apiVersionOf(kind) === paramKind.apiVersion && kind.kind === paramKind.kind)
  return typesOf(spec, kinds).map(kind => ({
    kind,
    check: typeChecker(
      { object: kind.shape, params: params?.shape, hasParams: paramKind !== undefined },
      spec.variables ?? [],
    ),
  }))
}

/** The kinds that the rules name one by one; what a wildcard may mean is not looked at. */
function typesOf(
  { matchConstraints }: ValidatingAdmissionPolicy['spec'],
  kinds: readonly AnyKind[],
): AnyKind[] {
  const found = new Set<AnyKind>()
  for (const rule of matchConstraints?.resourceRules ?? []) {
    const { apiGroups = [], apiVersions = [], resources = [] } = rule
    if ([...apiGroups, ...apiVersions].some(name => name.includes('*'))) continue
    const plurals = resources.filter(name => !SUSPICIOUS.test(name))
    const named = kinds.filter(
      ({ group, version, plural }) =>
        apiGroups.includes(group) && apiVersions.includes(version) && plurals.includes(plural),
    )
    for (const kind of inOrder(named).slice(0, MAXIMUM_TYPES)) found.add(kind)
  }
  return inOrder([...found])
}

function inOrder(kinds: readonly AnyKind[]): AnyKind[] {
  const text = ({ group, version, kind }: AnyKind) => [group, version, kind].join('\0')
  return kinds.toSorted((a, b) => (text(a) < text(b) ? -1 : 1))
}
