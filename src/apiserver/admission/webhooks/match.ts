/** Which webhooks a request concerns, and in which version of the resource each is asked. */
import type {
  MatchResources,
  NamedRuleWithOperations,
  RuleWithOperations,
} from '#api/admissionregistration/v1/rules.schema.ts'
import type {
  MutatingWebhook,
  ValidatingWebhook,
} from '#api/admissionregistration/v1/webhooks.schema.ts'
import { type LabelMatcher, labelMatcherOf } from '#api/machinery/label-selector.ts'
import type { KubernetesObject, LabelSelector } from '#api/machinery/metadata.ts'
import { forbidden, notFound } from '#api/machinery/status.ts'
import { messageOf } from '#base/errors.ts'
import type { ServedResource } from '../../resources/registry.ts'
import { sentOf } from '../../resources/sent.ts'
import type { AdmissionRequest } from '../admission.ts'
import type { AdmissionWorld } from '../world.ts'
import { prepareForm } from './form.ts'
import type { WebhookWorld } from './world.ts'

export type AnyWebhook = ValidatingWebhook & Pick<MutatingWebhook, 'reinvocationPolicy'>

export type MatchWorld = Pick<AdmissionWorld, 'namespace' | 'authorizer'> &
  Pick<WebhookWorld, 'served' | 'equivalents'>

/** Configurations of admission are never subject to it, or one mistake could shut everybody out for good. */
const CONFIGURATIONS = new Set([
  'validatingwebhookconfigurations',
  'mutatingwebhookconfigurations',
  'validatingadmissionpolicies',
  'validatingadmissionpolicybindings',
  'mutatingadmissionpolicies',
  'mutatingadmissionpolicybindings',
])

export function isExempt({ resource, operation, subresource }: AdmissionRequest): boolean {
  if (resource.group === 'admissionregistration.k8s.io' && CONFIGURATIONS.has(resource.resource))
    return true
  // The write that a binding leads to; the binding itself was looked at before.
  return subresource === 'binding' && operation === 'UPDATE'
}

/** The resource in the version in which the webhook is asked; undefined where it is not. */
export async function matchedResource(
  webhook: AnyWebhook,
  request: AdmissionRequest,
  world: MatchWorld,
): Promise<ServedResource | undefined> {
  const { rules, ...match } = webhook
  const matched = await matchedBy({ ...match, resourceRules: rules ?? [] }, request, world)
  if (!matched || !webhook.matchConditions?.length) return matched
  return (await meetsConditions(webhook, request, matched, world)) ? matched : undefined
}

/** Of policies and bindings, which may leave out the rules to match everything. */
export type Match = Omit<MatchResources, 'resourceRules'> & {
  readonly resourceRules?: readonly (RuleWithOperations | NamedRuleWithOperations)[]
}

export async function matchedBy(
  match: Match,
  request: AdmissionRequest,
  world: MatchWorld,
): Promise<ServedResource | undefined> {
  if (!matchesObject(match.objectSelector, request)) return undefined
  const { group, version, resource } = request.resource
  const asked = world.served(group, version, resource)
  if (!asked) return undefined
  const excluded = match.excludeResourceRules ?? []
  if (matchedByRules(excluded, match.matchPolicy, request, { asked, world })) return undefined
  const matched = match.resourceRules
    ? matchedByRules(match.resourceRules, match.matchPolicy, request, { asked, world })
    : asked
  if (!matched || !(await matchesNamespace(match.namespaceSelector, request, world)))
    return undefined
  await prepareForm(request, matched)
  return matched
}

function matchedByRules(
  rules: NonNullable<Match['resourceRules']>,
  matchPolicy: string | undefined,
  request: AdmissionRequest,
  { asked, world }: { readonly asked: ServedResource; readonly world: MatchWorld },
): ServedResource | undefined {
  if (rules.some(rule => matchesRule(rule, request, asked))) return asked
  if (matchPolicy === 'Exact') return undefined
  const others = world.equivalents(asked).filter(each => each !== asked)
  // Earlier rules first, whichever version they name.
  for (const rule of rules) {
    const found = others.find(each => matchesRule(rule, request, each))
    if (found) return found
  }
  return undefined
}

export function matchesRule(
  rule: RuleWithOperations | NamedRuleWithOperations,
  request: AdmissionRequest,
  { kind }: Pick<ServedResource, 'kind'>,
): boolean {
  const names = 'resourceNames' in rule ? (rule.resourceNames ?? []) : []
  const has = (values: readonly string[] = [], value: string) =>
    values.includes('*') || values.includes(value)
  return (
    (names.length === 0 || names.includes(request.name)) &&
    has(rule.operations, request.operation) &&
    has(rule.apiGroups, kind.group) &&
    has(rule.apiVersions, kind.version) &&
    matchesScope(rule.scope, request) &&
    (rule.resources ?? []).some(text => matchesResource(text, kind.plural, request.subresource))
  )
}

function matchesResource(text: string, resource: string, subresource: string): boolean {
  const slash = text.indexOf('/')
  const wanted = slash < 0 ? text : text.slice(0, slash)
  const part = slash < 0 ? '' : text.slice(slash + 1)
  return (wanted === '*' || wanted === resource) && (part === '*' || part === subresource)
}

const isNamespaces = ({ resource: { group, resource } }: AdmissionRequest) =>
  group === '' && resource === 'namespaces'

/** Requests about namespaces carry their names as namespace, but namespaces are in none. */
function matchesScope(scope: string | undefined, request: AdmissionRequest): boolean {
  if (scope === undefined || scope === '*') return true
  const isInNamespace = request.namespace !== '' && !isNamespaces(request)
  return (scope === 'Namespaced') === isInNamespace
}

function matchesObject(selector: LabelSelector | undefined, request: AdmissionRequest): boolean {
  const matcher = matcherOf(selector)
  if (matcher.selectsEverything) return true
  // Options have no metadata, and are never chosen.
  const matches = (each: KubernetesObject | undefined) =>
    each?.metadata !== undefined && matcher.matches(labelsIn(request, each))
  return matches(request.object) || matches(request.oldObject)
}

/** A scale has no labels of the object whose size it is. */
const labelsIn = ({ subresource, rounds }: AdmissionRequest, object: KubernetesObject) =>
  subresource === 'scale' ? (rounds && sentOf(object))?.metadata.labels : object.metadata.labels

async function matchesNamespace(
  selector: LabelSelector | undefined,
  request: AdmissionRequest,
  { namespace: find }: MatchWorld,
): Promise<boolean> {
  const { namespace, operation, subresource, object } = request
  const matcher = matcherOf(selector)
  if (namespace === '' || matcher.selectsEverything) return true
  const isWritten = (operation === 'CREATE' || operation === 'UPDATE') && subresource === ''
  if (isNamespaces(request) && isWritten) return matcher.matches(object?.metadata.labels)
  const found = await find(namespace)
  if (!found) throw notFound({ group: '', resource: 'namespaces' }, namespace)
  return matcher.matches(found.metadata.labels)
}

/** An absent selector, which only defaults could have filled, selects everything here. */
const matcherOf = (selector: LabelSelector | undefined): LabelMatcher =>
  labelMatcherOf(selector ?? EVERYTHING)
const EVERYTHING: LabelSelector = Object.freeze({})

async function meetsConditions(
  { matchConditions = [], failurePolicy }: AnyWebhook,
  request: AdmissionRequest,
  resource: ServedResource,
  { authorizer }: MatchWorld,
): Promise<boolean> {
  const { conditionsHold, Rights, variablesOf } = await loadExpressions()
  const rights = new Rights(authorizer, request.user)
  const variables = variablesOf(request, resource, rights)
  try {
    return await rights.settled(() => conditionsHold(matchConditions, variables))
  } catch (thrown) {
    if (failurePolicy === 'Ignore') return false
    throw forbidden(request.resource, request.name, messageOf(thrown))
  }
}

/** The engine is large, and most servers never meet an expression of admission. */
export async function loadExpressions() {
  const [expressions, engine] = await Promise.all([
    import('../policies/expressions.ts'),
    import('#api/cel/engine.ts'),
  ])
  await engine.loadCelEngine()
  return expressions
}
