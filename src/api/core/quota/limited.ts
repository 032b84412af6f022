/** Resources of which nothing may be used without a quota that says how much. */
import type { ResourceQuota, ScopedResourceSelectorRequirement } from '../v1/resource-quota.ts'
import { matchesQuota, type QuotaEvaluator, type QuotaWrite, scopesOf } from './evaluator.ts'

export interface LimitedResource {
  /** Empty for the core group. */
  readonly apiGroup?: string
  readonly resource: string
  /** Limited is what has one of these in its name, such as `requests.storage`. */
  readonly matchContains?: readonly string[]
  /** Limited are objects in one of these scopes. */
  readonly matchScopes?: readonly ScopedResourceSelectorRequirement[]
}

/** Why a write may not be, as clients are told. Upstream takes one of its scopes for a mistake of its own. */
export interface Uncovered {
  readonly text: string
  readonly isOfScopes: boolean
}

/** Undefined where quotas cover all that is limited. `now` in milliseconds since the epoch. */
export function uncovered(
  quotas: readonly ResourceQuota[],
  { object }: QuotaWrite,
  evaluator: QuotaEvaluator,
  { limited, now }: { readonly limited: readonly LimitedResource[]; readonly now: number },
): Uncovered | undefined {
  if (!object || limited.length === 0) return undefined
  const parts = limited.flatMap(({ matchContains = [] }) => matchContains)
  const names = [...evaluator.usage(object, now).keys()].filter(name =>
    parts.some(part => name.includes(part)),
  )
  const covering = quotas.filter(quota => matchesQuota(evaluator, quota, object))
  const covered = new Set(covering.flatMap(({ status }) => Object.keys(status.hard ?? {})))
  const without = names.filter(name => !covered.has(name)).toSorted()
  if (without.length > 0)
    return { text: `insufficient quota to consume: ${without.join(',')}`, isOfScopes: false }
  const isIn = (scope: ScopedResourceSelectorRequirement) =>
    evaluator.isInScope?.(object, scope) ?? false
  const scopes = limited.flatMap(({ matchScopes = [] }) => matchScopes).filter(isIn)
  const there = new Set(
    quotas.flatMap(({ spec }) => scopesOf(spec).filter(isIn)).map(({ scopeName }) => scopeName),
  )
  const open = scopes.filter(({ scopeName }) => !there.has(scopeName))
  return open.length > 0
    ? {
        text: `insufficient quota to match these scopes: [${open.map(textOf).join(' ')}]`,
        isOfScopes: true,
      }
    : undefined
}

const textOf = ({ scopeName, operator, values = [] }: ScopedResourceSelectorRequirement) =>
  `{${scopeName} ${operator} [${values.join(' ')}]}`
