/** When one RBAC rule allows something, and when rules together cover another one. `*` is the only wildcard there is. */
import type { Attributes, PolicyRule } from './authorizer.ts'

const ANY = '*'
const has = (list: readonly string[] | undefined, value: string) =>
  list !== undefined && (list.includes(value) || list.includes(ANY))

export function ruleAllows(rule: PolicyRule, attributes: Attributes): boolean {
  if (!has(rule.verbs, attributes.verb)) return false
  if (!attributes.isResourceRequest)
    return rule.nonResourceURLs?.some(pattern => pathMatches(pattern, attributes.path)) ?? false
  const { resource, subresource, name } = attributes
  return (
    has(rule.apiGroups, attributes.group) &&
    resourceMatches(rule.resources, resource, subresource) &&
    (!rule.resourceNames?.length || rule.resourceNames.includes(name))
  )
}

/** Names a resource, one of its subresources (`pods/log`), or a subresource of all (`*` + `/scale`). */
function resourceMatches(
  resources: readonly string[] | undefined,
  resource: string,
  subresource: string,
): boolean {
  if (resources === undefined) return false
  if (resources.includes(ANY)) return true
  if (subresource === '') return resources.includes(resource)
  return resources.includes(`${resource}/${subresource}`) || resources.includes(`*/${subresource}`)
}

/** `*`, a whole path, or a path that ends in `*`. */
function pathMatches(pattern: string, path: string): boolean {
  return (
    pattern === ANY ||
    pattern === path ||
    (pattern.endsWith(ANY) && path.startsWith(pattern.slice(0, -1)))
  )
}

/** More single rights than anybody writes in one role; a hostile role must not keep the server busy. */
const MAXIMUM_SINGLE_RIGHTS = 50_000

/**
 * The parts of `wanted` that `held` does not allow. A wanted rule is taken apart into single rights (one verb, group, resource and
 * name each), and each must be within one held rule.
 */
export function uncoveredRights(
  held: readonly PolicyRule[],
  wanted: readonly PolicyRule[],
): PolicyRule[] {
  const uncovered: PolicyRule[] = []
  let budget = MAXIMUM_SINGLE_RIGHTS
  for (const rule of wanted) {
    budget -= countOf(rule)
    // Too many to look at: as a whole it must be within one rule, which is so for those who may do everything.
    const parts = budget < 0 ? [rule] : singleRights(rule)
    for (const part of parts) if (!held.some(each => covers(each, part))) uncovered.push(part)
  }
  return uncovered
}

const lengthOf = (list: readonly string[] | undefined) => Math.max(1, list?.length ?? 0)

function countOf(rule: PolicyRule): number {
  return (
    lengthOf(rule.verbs) *
    (lengthOf(rule.apiGroups) * lengthOf(rule.resources) * lengthOf(rule.resourceNames) +
      lengthOf(rule.nonResourceURLs))
  )
}

function singleRights({
  verbs = [],
  apiGroups = [],
  resources = [],
  resourceNames = [],
  nonResourceURLs = [],
}: PolicyRule): PolicyRule[] {
  const rights: PolicyRule[] = []
  for (const verb of verbs) {
    for (const group of apiGroups)
      for (const resource of resources) {
        const right = { verbs: [verb], apiGroups: [group], resources: [resource] }
        if (resourceNames.length === 0) rights.push(right)
        else for (const name of resourceNames) rights.push({ ...right, resourceNames: [name] })
      }
    for (const url of nonResourceURLs) rights.push({ verbs: [verb], nonResourceURLs: [url] })
  }
  return rights
}

function covers(held: PolicyRule, right: PolicyRule): boolean {
  const all = (of: readonly string[] | undefined, within: readonly string[] | undefined) =>
    (of ?? []).every(value => has(within, value))
  if (!all(right.verbs, held.verbs)) return false
  const urls = right.nonResourceURLs ?? []
  if (!urls.every(url => held.nonResourceURLs?.some(pattern => pathMatches(pattern, url))))
    return false
  if (!right.resources?.length) return true
  const names = right.resourceNames ?? []
  const namesHeld = held.resourceNames ?? []
  return (
    all(right.apiGroups, held.apiGroups) &&
    right.resources.every(resource => {
      const [base = '', ...rest] = resource.split('/')
      return resourceMatches(held.resources, base, rest.join('/'))
    }) &&
    // No names on a held rule means all of them; no names wanted means all of them, too.
    (namesHeld.length === 0 || (names.length > 0 && names.every(name => namesHeld.includes(name))))
  )
}
